"""Ports and the management port."""

from __future__ import annotations

import ipaddress
from typing import Any

from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Link, Management, Port
from connetos_sdk.model.rules import ETH0, PORTS
from connetos_sdk.model.tree import Document, effective, get


def _management(_key: str, document: Document, platform: Platform) -> State | None:
    if platform.management is None:
        return None
    address = effective(document, (*ETH0, "address"))
    gateway = effective(document, (*ETH0, "gateway"))
    static = address != "0.0.0.0/0"
    dhcp = bool(effective(document, (*ETH0, "dhcp", "enable"))) and not static
    return Management(
        address=str(ipaddress.IPv4Interface(address)) if static else None,
        gateway=None if gateway == "0.0.0.0" else gateway,
        dhcp=dhcp,
    )


def _link(port: str, document: Document, platform: Platform) -> State | None:
    entry = get(document, (*PORTS, port), {})
    if port not in platform.ports:
        return None
    return Link(
        enabled=entry.get("enable", True),
        frame_bytes=entry.get("mtu", 1518),
        description=entry.get("description", ""),
    )


def _port(port: str, document: Document, platform: Platform) -> State | None:
    if port not in platform.ports:
        return None
    switching: Any = get(document, (*PORTS, port, "family", "ethernet-switching"), {})
    native = switching.get("native-vlan-id", 1)
    if switching.get("port-mode", "access") == "access":
        return Port("access", native, (native,))
    members = get(switching, ("vlan", "members"), [])
    return Port("trunk", native, tuple(members) if native in members else tuple(sorted((native, *members))))


def _ports(_document: Document, platform: Platform) -> tuple[str, ...]:
    """Ports are there because the hardware has them, configured or not."""
    return tuple(platform.ports)


KINDS = (
    Kind("port", 2, _port, _ports),
    Kind("link", 4, _link, _ports),
    Kind("management", 6, _management, lambda _document, platform: ("eth0",) if platform.management else ()),
)
