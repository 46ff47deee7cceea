"""ARP: aging, proxy and static entries."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.arp import ArpInterface
from connetos_agent.dataplane.states.base import State
from connetos_sdk.model.rules import ARP_INTERFACES, VLANS
from connetos_sdk.model.tree import Document, effective, get


def _arp_interface(name: str, document: Document, platform: Platform) -> State | None:
    if name not in _interfaces(document, platform):
        return None
    entry = get(document, (*ARP_INTERFACES, name), {})
    static = {ip: e["mac-address"] for ip, e in entry.get("address", {}).items() if "mac-address" in e}
    return ArpInterface(
        aging_time=effective(document, ("protocols", "arp", "aging-time")),
        proxy=bool(get(entry, ("proxy", "enable"), False)),
        entries=tuple((ip, static[ip]) for ip in sorted(static, key=ipaddress.IPv4Address)),
    )


def _interfaces(document: Document, _platform: Platform) -> Collection[str]:
    entries = get(document, VLANS, {}).values()
    return {entry["l3-interface"] for entry in entries if "l3-interface" in entry}


KINDS = (Kind("arp-interface", 6, _arp_interface, _interfaces),)
