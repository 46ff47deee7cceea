"""Ports and the management port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Link, LinkStatus, Port
from connetos_agent.dataplane.states.switching import Aggregate
from connetos_agent.show.layout import oper, ports, table
from connetos_sdk.model.ranges import compress_numbers, port_order
from connetos_sdk.model.rules import AGGREGATES, PORTS
from connetos_sdk.model.tree import get

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader

States = Mapping[ObjectKey, State | None]
COUNTER_COLUMN = 40
"""Counters are filled with dots up to here, as documented for `tunnel-ethernet`."""


def state(reader: StateReader) -> dict[str, Any]:
    """Ports and aggregates by name: admin and oper state, mtu in bytes (frame), VLANs; oper is `unknown` without device."""
    names = sorted(reader.manager.dataplane.platform.ports, key=port_order)
    aggregates = sorted(get(reader.running, AGGREGATES, {}), key=port_order)
    targets = [ObjectKey(kind, name) for name in names for kind in ("link", "port")]
    targets += [ObjectKey(kind, name) for name in aggregates for kind in ("aggregate", "port")]
    states, links = reader.observe(targets), reader.links()
    shown = {name: _port(name, states, links) for name in names}
    for name, entry in shown.items():
        aggregate = get(reader.running, (*PORTS, name, "ether-options", "802.3ad"), None)
        if aggregate is not None:
            entry["aggregate"] = aggregate
    return {
        "gigabit-ethernet": shown,
        "aggregate-ethernet": {name: _aggregate(name, states, links, reader) for name in aggregates},
        "management-ethernet": _management(reader, links),
    }


def _port(name: str, states: States, links: Mapping[str, LinkStatus]) -> dict[str, Any]:
    link, status = states[ObjectKey("link", name)], links.get(name)
    entry: dict[str, Any] = {"oper": oper(status)}
    if isinstance(link, Link):
        entry |= {
            "admin": "up" if link.enabled else "down",
            "mtu": link.frame_bytes,
            "description": link.description,
        }
    return entry | _switching(name, states) | ({} if status is None else {"mac": status.mac})


def _switching(name: str, states: States) -> dict[str, Any]:
    port = states[ObjectKey("port", name)]
    if not isinstance(port, Port):
        return {}
    return {"port-mode": port.mode, "native-vlan-id": port.native_vlan, "vlans": list(port.vlans)}


def _aggregate(
    name: str, states: States, links: Mapping[str, LinkStatus], reader: StateReader
) -> dict[str, Any]:
    state, status = states[ObjectKey("aggregate", name)], links.get(name)
    configured = get(reader.running, (*AGGREGATES, name), {})
    entry: dict[str, Any] = {
        "oper": oper(status),
        "admin": "up" if configured.get("enable", True) else "down",
        "mtu": configured.get("mtu", 1518),
        "description": configured.get("description", ""),
    }
    if isinstance(state, Aggregate):
        entry |= {"members": list(state.members), "lacp": state.lacp, "min-selected-port": state.min_selected}
    return entry | _switching(name, states) | ({} if status is None else {"mac": status.mac})


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


def brief(data: Mapping[str, Any]) -> str:
    """`show interface brief`."""
    rows = [
        (
            name, entry.get("admin", "").capitalize(), entry["oper"].capitalize(),
            entry.get("port-mode", entry.get("aggregate", "")), str(entry.get("native-vlan-id", "")),
            str(entry.get("mtu", "")), entry.get("description", ""),
        )
        for sort in ("gigabit-ethernet", "aggregate-ethernet")
        for name, entry in data[sort].items()
    ]  # fmt: skip
    names = ("Interface", "Admin", "Status", "Mode", "Native VLAN", "MTU", "Description")
    return table(names, (10, 5, 7, 6, 11, 5, 20), rows)


def _head(name: str, entry: Mapping[str, Any]) -> str:
    """What `show interface` says before the counters, in the manner of the documented `tunnel-ethernet`."""
    rows = [
        f"Interface: {name},   State: {entry['oper'].capitalize()},   Description: {entry.get('description', '')}",
        f"Admin: {entry.get('admin', '').capitalize()},   MTU: {entry.get('mtu', '')},   "
        f"MAC: {entry.get('mac', '').upper()}",
    ]
    if "members" in entry:
        lacp = "Enabled" if entry["lacp"] else "Disabled"
        rows.append(f"LACP: {lacp},   Minimum selected ports: {entry['min-selected-port']}")
        rows.append(f"Members: {ports(entry['members'], 9) or 'None'}")
    if "aggregate" in entry:
        rows.append(f"Member of: {entry['aggregate']}")
    else:
        mode, native = entry.get("port-mode", ""), entry.get("native-vlan-id", "")
        rows.append(f"Port mode: {mode},   Native VLAN: {native}")
        tagged = [vlan for vlan in entry.get("vlans", []) if vlan != native]
        if tagged:
            rows.append(f"Tagged VLANs: {','.join(compress_numbers(tagged))}")
    return "".join(row.rstrip() + "\n" for row in rows)


MAIN_COUNTERS = {
    "in-packets": "Input Packets",
    "out-packets": "Output Packets",
    "in-octets": "Input Octets",
    "out-octets": "Output Octets",
    "in-errors": "Input Errors",
    "out-errors": "Output Errors",
    "in-discards": "Input Discards",
    "out-discards": "Output Discards",
}


def _counters(counters: Mapping[str, int], names: Mapping[str, str]) -> str:
    rows = [
        f"  {label}".ljust(COUNTER_COLUMN, ".") + str(counters.get(name, 0)) for name, label in names.items()
    ]
    return "".join(row + "\n" for row in ["Traffic statistics:", *rows])


def one(name: str, entry: Mapping[str, Any], counters: Mapping[str, int]) -> str:
    """`show interface gigabit-ethernet <port>`, `show interface aggregate-ethernet <aggregate>`."""
    return _head(name, entry) + _counters(counters, MAIN_COUNTERS)


def detail(name: str, entry: Mapping[str, Any], counters: Mapping[str, int]) -> str:
    """The same with `detail`: all counters."""
    return _head(name, entry) + statistics(name, entry, counters)


def statistics(_name: str, _entry: Mapping[str, Any], counters: Mapping[str, int]) -> str:
    """The same with `statistics`: nothing but counters."""
    more = {n: n.replace("-", " ").title().replace("In ", "Input ").replace("Out ", "Output ").replace("Crc", "CRC")
            for n in counters if n not in MAIN_COUNTERS}  # fmt: skip
    return _counters(counters, MAIN_COUNTERS | more)
