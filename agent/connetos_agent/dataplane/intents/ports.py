"""Ports and the management port."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Link, Management, Port
from connetos_sdk.model.rules import AGGREGATES, ETH0, FILTERS, PORTS
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


def interface_entry(name: str, document: Document, platform: Platform) -> Mapping[str, Any]:
    """What is configured for a port or an aggregate; nothing for a port that there isn't."""
    if name.startswith("ae"):
        entry: Mapping[str, Any] = get(document, (*AGGREGATES, name), {})
    else:
        entry = get(document, (*PORTS, name), {}) if name in platform.ports else {}
    return entry


def aggregate_members(name: str, document: Document, platform: Platform) -> list[str]:
    """The ports of an aggregate, in the order of the panel."""
    ports = get(document, PORTS, {})
    return [
        port
        for port in platform.ports
        if port in ports and get(ports[port], ("ether-options", "802.3ad"), "") == name
    ]


def native_vlan(name: str, document: Document, platform: Platform) -> int:
    """The VLAN of untagged frames of a port or an aggregate."""
    switching = get(interface_entry(name, document, platform), ("family", "ethernet-switching"), {})
    native: int = switching.get("native-vlan-id", 1)
    return native


def _aggregate_of(entry: Mapping[str, Any], document: Document) -> Mapping[str, Any] | None:
    """What is configured for the aggregate that a port is a member of; None if it isn't."""
    name = get(entry, ("ether-options", "802.3ad"), None)
    aggregate: Mapping[str, Any] | None = None if name is None else get(document, (*AGGREGATES, name), {})
    return aggregate


def _link(port: str, document: Document, platform: Platform) -> State | None:
    entry = get(document, (*PORTS, port), {})
    if port not in platform.ports:
        return None
    aggregate = _aggregate_of(entry, document)
    size = (entry if aggregate is None else aggregate).get("mtu", 1518)
    enabled = entry.get("enable", True) and (aggregate is None or aggregate.get("enable", True))
    return Link(enabled=enabled, frame_bytes=size, description=entry.get("description", ""))


def _port(name: str, document: Document, platform: Platform) -> State | None:
    entry = interface_entry(name, document, platform)
    there = name in get(document, AGGREGATES, {}) if name.startswith("ae") else name in platform.ports
    if not there or _aggregate_of(entry, document) is not None:
        return None
    switching: Any = get(entry, ("family", "ethernet-switching"), {})
    native = switching.get("native-vlan-id", 1)
    if switching.get("port-mode", "access") == "access":
        return Port("access", native, (native,))
    members = get(switching, ("vlan", "members"), [])
    return Port("trunk", native, tuple(members) if native in members else tuple(sorted((native, *members))))


def _links(_document: Document, platform: Platform) -> tuple[str, ...]:
    """Ports are there because the hardware has them, configured or not."""
    return tuple(platform.ports)


def _ports(document: Document, platform: Platform) -> tuple[str, ...]:
    """The ports of the hardware that are in no aggregate, and the aggregates."""
    ports = get(document, PORTS, {})
    alone = (
        name
        for name in platform.ports
        if name not in ports or get(ports[name], ("ether-options", "802.3ad"), None) is None
    )
    return (*alone, *get(document, AGGREGATES, {}))


def filters_at(interface: str, document: Document) -> Iterator[ObjectKey]:
    """The filters that an interface has; what they match depends on its VLAN."""
    for name, entry in get(document, FILTERS, {}).items():
        for direction in ("input", "output"):
            ends = entry.get(direction, {})
            if any(interface in ends.get(kind, ()) for kind in ("gigabit-ethernet", "vlan-interface")):
                yield ObjectKey("firewall-filter", name)


def _depend_on_vlans(name: str, document: Document, platform: Platform) -> Iterator[ObjectKey]:
    """Static MAC addresses without a VLAN are in the port's native VLAN; so are untagged frames that are filtered; each
    member of an aggregate advertises it."""
    if "static-mac-address" in interface_entry(name, document, platform):
        yield ObjectKey("static-mac", name)
    yield from filters_at(name, document)
    if name.startswith("ae"):
        for member in aggregate_members(name, document, platform):
            yield ObjectKey("lldp-port", member)


KINDS = (
    Kind("port", 2, _port, _ports, others=_depend_on_vlans),
    Kind("link", 4, _link, _links),
    Kind("management", 6, _management, lambda _document, platform: ("eth0",) if platform.management else ()),
)
