"""DHCP relay."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.routing import DhcpRelay
from connetos_sdk.model.rules import VLAN_INTERFACES
from connetos_sdk.model.tree import Document, get


def _relays(document: Document) -> Iterator[tuple[str, str]]:
    for entry in get(document, VLAN_INTERFACES, {}).values():
        servers = get(entry, ("dhcp-relay", "server-ip"), ())
        if servers and entry.get("address"):
            relay = min(entry["address"], key=ipaddress.IPv4Address)
            yield from ((relay, server) for server in servers)


def _order(pair: tuple[str, str]) -> tuple[ipaddress.IPv4Address, ...]:
    return tuple(map(ipaddress.IPv4Address, pair))


def _relay(_key: str, document: Document, _platform: Platform) -> State | None:
    relays = tuple(sorted(_relays(document), key=_order))
    return DhcpRelay(relays) if relays else None


def relay_of(interface: str, document: Document, _platform: Platform) -> tuple[ObjectKey, ...]:
    """The relay, if it uses an address of this interface."""
    relays = get(document, (*VLAN_INTERFACES, interface, "dhcp-relay"), None)
    return () if relays is None else (ObjectKey("dhcp-relay", "system"),)


KINDS = (
    Kind(
        "dhcp-relay",
        9,
        _relay,
        lambda document, _platform: ("system",) if any(_relays(document)) else (),
    ),
)
