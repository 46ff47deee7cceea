"""Ports and the management port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.ports import Link, LinkStatus, Port
from connetos_agent.show.layout import oper
from connetos_sdk.model.ranges import port_order

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader


def state(reader: StateReader) -> dict[str, Any]:
    """Ports by name: admin and oper state, mtu in bytes (frame), VLANs; oper is `unknown` without a device."""
    names = sorted(reader.manager.dataplane.platform.ports, key=port_order)
    states = reader.observe([ObjectKey(kind, name) for name in names for kind in ("link", "port")])
    links = reader.links()
    ports: dict[str, Any] = {}
    for name in names:
        link, port, status = (
            states[ObjectKey("link", name)],
            states[ObjectKey("port", name)],
            links.get(name),
        )
        entry: dict[str, Any] = {"oper": oper(status)}
        if isinstance(link, Link):
            entry |= {
                "admin": "up" if link.enabled else "down",
                "mtu": link.frame_bytes,
                "description": link.description,
            }
        if isinstance(port, Port):
            entry |= {
                "port-mode": port.mode,
                "native-vlan-id": port.native_vlan,
                "vlans": list(port.vlans),
            }
        if status is not None:
            entry["mac"] = status.mac
        ports[name] = entry
    return {"gigabit-ethernet": ports, "management-ethernet": _management(reader, links)}


def _management(reader: StateReader, links: Mapping[str, LinkStatus]) -> dict[str, Any]:
    if reader.manager.dataplane.platform.management is None:
        return {}
    target = ObjectKey("management", "eth0")
    state = reader.observe([target])[target]
    shown = {} if state is None else state.shown()
    status = links.get("eth0")
    return {"eth0": {**shown, "oper": oper(status), "mac": status.mac if status else ""}}


def management(entry: Mapping[str, Any], mac: str) -> str:
    """`show interface management-ethernet eth0`."""
    address, gateway = entry.get("address") or "0.0.0.0/0", entry.get("gateway") or "0.0.0.0"
    return f"eth0     Inet addr: {address}, Gateway: {gateway}, HW address: {mac}\n"
