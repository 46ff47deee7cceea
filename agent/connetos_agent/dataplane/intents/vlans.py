"""VLANs and the switch's own ports in them."""

from __future__ import annotations

from collections.abc import Iterator

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.intents.ports import filters_at
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.vlans import Vlan, VlanInterface, VlanInterfaceLink
from connetos_sdk.model.rules import VLAN_INTERFACES, VLANS
from connetos_sdk.model.tree import Document, get


def _vlan(vlan: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*VLANS, vlan), None)
    if entry is None:
        return None
    return Vlan(name=entry.get("vlan-name", "default"), description=entry.get("description", ""))


def _vlan_of(interface: str, document: Document) -> int | None:
    entries = get(document, VLANS, {}).items()
    return next((int(vlan) for vlan, entry in entries if entry.get("l3-interface") == interface), None)


def _vlan_interface(name: str, document: Document, _platform: Platform) -> State | None:
    vlan = _vlan_of(name, document)
    return None if vlan is None else VlanInterface(vlan, _ip_mtu(name, document))


def _ip_mtu(name: str, document: Document) -> int:
    mtu: int = get(document, (*VLAN_INTERFACES, name, "mtu"), 1500)
    return mtu


def _vlan_interface_link(name: str, document: Document, _platform: Platform) -> State | None:
    if _vlan_of(name, document) is None:
        return None
    entry = get(document, (*VLAN_INTERFACES, name), {})
    return VlanInterfaceLink(mtu_bytes=_ip_mtu(name, document), description=entry.get("description", ""))


def _interfaces(document: Document, _platform: Platform) -> list[str]:
    return [entry["l3-interface"] for entry in get(document, VLANS, {}).values() if "l3-interface" in entry]


def _arp_of(name: str, _document: Document, _platform: Platform) -> list[ObjectKey]:
    return [ObjectKey("arp-interface", name)]


def _filters_of(name: str, document: Document, _platform: Platform) -> Iterator[ObjectKey]:
    return filters_at(name, document)


KINDS = (
    Kind("vlan", 1, _vlan, lambda document, _platform: get(document, VLANS, {})),
    Kind(
        "vlan-interface",
        3,
        _vlan_interface,
        _interfaces,
        ("vlan-interface-link", "addresses", "route", "arp-interface"),
        others=_filters_of,
    ),
    Kind(
        "vlan-interface-link",
        5,
        _vlan_interface_link,
        _interfaces,
        ("addresses", "route", "arp-interface"),
    ),
)
