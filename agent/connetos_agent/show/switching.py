"""Layouts of the MAC table, LACP and mirrors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.switching import Mirror
from connetos_agent.show.layout import table
from connetos_sdk.model.rules import ANALYZERS
from connetos_sdk.model.tree import get

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader

LEGEND = """\
Flags:  A -- LACP_Activity, B -- LACP_Timeout, C -- Aggregation,
        D -- Synchronization, E -- Collecting, F -- Distributing,
        G -- Defaulted, H -- Expired
"""

COUNTERS = (
    "sent",
    "received",
    "marker-sent",
    "marker-received",
    "response-sent",
    "response-received",
    "error",
    "dropped",
)
"""Counters of LACP in the order of the layout. Open vSwitch answers no marker and drops no LACPDU without counting it as
an error, so what it doesn't count is zero."""


def analyzers_state(reader: StateReader) -> dict[str, Any]:
    """Mirrors by name, as the data plane has them."""
    names = list(get(reader.running, ANALYZERS, {}))
    states = reader.observe([ObjectKey("mirror", name) for name in names])
    found = {}
    for name in names:
        state = states[ObjectKey("mirror", name)]
        if isinstance(state, Mirror):
            inputs = {"ingress": list(state.ingress), "egress": list(state.egress)}
            found[name] = {"output": state.output, "input": inputs}
    return {"instance": found}


def analyzers(data: Mapping[str, Any]) -> str:
    """`show analyzer`."""
    out = []
    for name, entry in data.items():
        sides = {
            side: "".join(f" <{port}>" for port in entry["input"][side]) for side in ("ingress", "egress")
        }
        out.append(
            f"Analyzer name: {name}\nOutput interface: <{entry['output']}>\n"
            f"Ingress monitored interfaces:{sides['ingress']}\nEgress monitored interfaces:{sides['egress']}\n"
        )
    return "\n".join(out)


def mac_table(data: Mapping[str, Any]) -> str:
    """`show ethernet-switching table`: as the documented one of VXLAN, with VLANs."""
    rows = [
        (str(e["vlan-id"]), e["mac-address"], e["type"].capitalize(), str(e["age"]), e["interface"])
        for e in data["table"]
    ]
    shown = table(("VLAN", "MAC address", "Type", "Age", "Interfaces"), (4, 17, 7, 4, 10), rows, gap=5)
    return f"Total entries: {len(rows)}\n{shown}"


def _flags(state: str) -> str:
    return f"{{{state}}}"


def lacp_internal(data: Mapping[str, Mapping[str, Any]]) -> str:
    """`show lacp internal`."""
    out, system = LEGEND, ""
    widths = (11, 8, 9, 8, 13)
    for aggregate, members in data.items():
        rows = []
        for port, entry in members.items():
            actor = entry["actor"]
            if not system:
                system = f"LACP System ID: {actor['system_priority']},{actor['system'].upper()}\n"
                out += system
            key = f"0x{actor['key']:02x}"
            rows.append((port, str(actor["port_priority"]), key, key, _flags(actor["state"])))
        out += f"Aggregated interface: {aggregate}\n"
        out += table(("Port Number", "Priority", "Admin Key", "Oper Key", "Flag"), widths, rows, gap=3)
    return out


def lacp_neighbor(data: Mapping[str, Mapping[str, Any]]) -> str:
    """`show lacp neighbor`."""
    names = (
        "Port Number", "Partner System ID", "Partner Port Num", "Port Priority", "Admin Key", "Oper Key", "Flag",
    )  # fmt: skip
    out = ""
    for aggregate, members in data.items():
        rows = []
        for port, entry in members.items():
            end = entry["partner"]
            there = end["system"] != "00:00:00:00:00:00"
            system = f"{end['system_priority'] if there else 0},{end['system'].upper()}"
            rows.append(
                (port, system, str(end["port"]), str(end["port_priority"] if there else 0), "0x00",
                 f"0x{end['key']:02x}", _flags(end["state"] if there else ""))
            )  # fmt: skip
        out += f"{LEGEND}Aggregated interface: {aggregate}\n"
        out += table(names, (11, 23, 16, 13, 9, 8, 11), rows, gap=3)
    return out


def lacp_statistics(data: Mapping[str, Mapping[str, Any]]) -> str:
    """`show lacp statistics`."""
    first = (
        "Port", "LACP PDUs", "LACP PDUs", "Marker", "Marker", "Marker Resp", "Marker Resp", "LACP PDUs", "LACP PDUs",
    )  # fmt: skip
    second = ("Number", "Sent", "Received", "Sent", "Received", "Sent", "Received", "Error", "Dropped")
    widths = (10, 10, 10, 10, 10, 11, 11, 10, 10)
    rows: list[Iterable[str]] = [
        (port, *(str(entry["statistics"].get(name, 0)) for name in COUNTERS))
        for members in data.values()
        for port, entry in members.items()
    ]
    head = "   ".join(cell.ljust(width) for cell, width in zip(first, widths, strict=True)).rstrip() + "\n"
    return head + table(second, widths, [tuple(row) for row in rows], gap=3)
