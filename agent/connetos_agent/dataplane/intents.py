"""Which objects a configuration asks for, and in what state: the same for every data plane."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states import (
    Account,
    Addresses,
    Hostname,
    Link,
    Management,
    Port,
    Route,
    State,
    Vlan,
    VlanInterface,
    VlanInterfaceLink,
)
from connetos_sdk.model.diff import Change
from connetos_sdk.model.rules import ETH0, PORTS, ROUTES, VLAN_INTERFACES, VLANS
from connetos_sdk.model.schema import locate
from connetos_sdk.model.tree import Document, effective, get

RANK: dict[str, int] = {
    "hostname": 0, "account": 0, "vlan": 1, "port": 2, "vlan-interface": 3, "link": 4,
    "vlan-interface-link": 5, "management": 6, "addresses": 7, "route": 8,
}  # fmt: skip
"""Order in which objects are made; they are taken away in the opposite order."""

DEPENDENTS: dict[str, tuple[str, ...]] = {
    "vlan-interface": ("vlan-interface-link", "addresses", "route"),
    "vlan-interface-link": ("addresses", "route"),
    "addresses": ("route",),
}
"""Kinds whose objects the kernel may take away when an object of this kind changes; they are read back too."""


def affected(change: Change) -> list[ObjectKey]:
    """The objects that a change touches."""
    located = locate(change.path)
    rule = located.objects
    if rule is None:
        return []
    if rule.key == "entry":
        keys = [located.keys[located.object_index]]
    elif rule.key == "parent":
        keys = [located.keys[located.object_index - 1]]
    elif rule.key == "value":
        keys = [str(v) for v in (change.old, change.new) if v is not None]
    else:
        keys = [rule.key]
    return [ObjectKey(kind, key) for kind in rule.kinds for key in keys]


def intent(target: ObjectKey, document: Document, platform: Platform) -> State | None:
    """The state that `document` asks for, or None if the object shall not be there.

    Args:
        target: which object.
        document: the configuration.
        platform: the hardware; its ports are there whether configured or not.
    """
    return _INTENTS[target.kind](target.key, document, platform)


def intended(document: Document, platform: Platform) -> Iterator[ObjectKey]:
    """Every object that `document` asks for."""
    yield ObjectKey("hostname", "system")
    if platform.management:
        yield ObjectKey("management", "eth0")
    for user in get(document, ("system", "login", "user"), {}):
        yield ObjectKey("account", user)
    for port in platform.ports:
        yield ObjectKey("port", port)
        yield ObjectKey("link", port)
    for vlan, entry in get(document, VLANS, {}).items():
        yield ObjectKey("vlan", vlan)
        if "l3-interface" in entry:
            yield ObjectKey("vlan-interface", entry["l3-interface"])
            yield ObjectKey("vlan-interface-link", entry["l3-interface"])
    for name in get(document, VLAN_INTERFACES, {}):
        yield ObjectKey("addresses", name)
    for prefix in get(document, ROUTES, {}):
        yield ObjectKey("route", prefix)


def _hostname(_key: str, document: Document, _platform: Platform) -> State:
    return Hostname(effective(document, ("system", "hostname")))


def _account(user: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, ("system", "login", "user", user), None)
    if entry is None:
        return None
    password = get(entry, ("authentication", "encrypted-password"), "")
    return Account(user_class=entry.get("class", "super-user"), password_hash=password)


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


def _addresses(name: str, document: Document, _platform: Platform) -> State | None:
    entries = get(document, (*VLAN_INTERFACES, name, "address"), {})
    found = [ipaddress.IPv4Interface(f"{ip}/{entry['prefix-length']}") for ip, entry in entries.items()]
    return Addresses(tuple(map(str, sorted(found)))) if found else None


def _route(prefix: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*ROUTES, prefix), None)
    if entry is None:
        return None
    metric = entry.get("metric", 1)
    hops = {(metric, entry["next-hop"])} if "next-hop" in entry else set()
    hops |= {(q.get("metric", metric), hop) for hop, q in entry.get("qualified-next-hop", {}).items()}
    found = ((metric, hop, _interface_towards(hop, document)) for metric, hop in hops)
    return Route(tuple(sorted(found))) if hops else None


def _interface_towards(hop: str, document: Document) -> str:
    """The VLAN interface in whose subnet the next hop is: one, as the model's rules say; empty if none."""
    address = ipaddress.IPv4Address(hop)
    for name, interface in get(document, VLAN_INTERFACES, {}).items():
        for ip, entry in interface.get("address", {}).items():
            if address in ipaddress.IPv4Interface(f"{ip}/{entry['prefix-length']}").network:
                return str(name)
    return ""


_INTENTS: dict[str, Callable[[str, Document, Platform], State | None]] = {
    "hostname": _hostname,
    "account": _account,
    "management": _management,
    "link": _link,
    "port": _port,
    "vlan": _vlan,
    "vlan-interface": _vlan_interface,
    "vlan-interface-link": _vlan_interface_link,
    "addresses": _addresses,
    "route": _route,
}
