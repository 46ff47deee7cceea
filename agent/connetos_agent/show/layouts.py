"""Operational output in the documented layouts (spec/cli/show-formats.yaml), made from `StateReader`'s data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connetos_sdk import __version__

PORTS_PER_LINE = 5
PORT_WIDTH = 11


def table(names: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]], gap: int = 2) -> str:
    """A table: headings, a line of dashes, rows; columns padded to their widths with `gap` spaces between."""
    space = " " * gap
    out = [names, ["-" * width for width in widths], *rows]
    return "".join(
        space.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in out
    )


def fields(values: Mapping[str, str], width: int) -> str:
    """Lines of `label : value`, labels padded to `width`."""
    return "".join(f"{label.ljust(width)} : {value}".rstrip() + "\n" for label, value in values.items())


def version(system: Mapping[str, Any], macs: Mapping[str, str]) -> str:
    """`show version`."""
    names = {
        "openvswitch": "ConnetOS GENERAL",
        "memory": "ConnetOS GENERAL (memory data plane, forwards nothing)",
    }
    return "Copyright (C) The ConnetOS automation authors\n" + fields(
        {
            "PN": system["model"],
            "OS": names.get(system["dataplane"], system["dataplane"]),
            "Version ID": __version__,
            "Build Code": f"{system['dataplane']}",
            "Switch MAC": macs.get("switch", ""),
            "Management MAC": macs.get("management", ""),
        },
        14,
    )


def _ports(names: Sequence[str], indent: int) -> str:
    """Port names with trailing commas, five on a line, further lines indented."""
    cells = [f"{name},".ljust(PORT_WIDTH) for name in names]
    chunks = [cells[n : n + PORTS_PER_LINE] for n in range(0, len(cells), PORTS_PER_LINE)]
    return ("\n" + " " * indent).join("".join(chunk).rstrip() for chunk in chunks)


def vlans(data: Mapping[str, Any]) -> str:
    """`show vlans`: two rows for each VLAN."""
    widths = (7, 8, 54)
    out = table(("Vlan ID", "Tag", "Interfaces"), widths, (), gap=3)
    for vlan, entry in data["vlan-id"].items():
        for label, tag in ((vlan, "tagged"), ("", "untagged")):
            out += f"{label.ljust(7)}   {tag.ljust(8)}   {_ports(entry[tag], 21)}".rstrip() + "\n"
    return out


def vlan(number: str, entry: Mapping[str, Any]) -> str:
    """`show vlans vlan-id <id>`."""
    rows = [
        f"VLAN ID: {number}",
        f"VLAN Name: {entry['vlan-name']}",
        f"Description: {entry['description']}",
        f"vlan-interface: {entry['l3-interface']}",
        f"Number of member ports: {len(entry['tagged']) + len(entry['untagged'])}",
        f"Tagged port: {_ports(entry['tagged'], 13) or 'None'}",
        f"Untagged port: {_ports(entry['untagged'], 15) or 'None'}",
    ]
    return "".join(row.rstrip() + "\n" for row in rows)


def vlan_interfaces(data: Mapping[str, Any]) -> str:
    """`show vlan-interface`: a row for each address, or one without."""
    rows = []
    for name, entry in data["interface"].items():
        status = entry["oper"].capitalize()
        for address in entry["address"] or [""]:
            rows.append(
                (name, status, str(entry["vlan-id"]), str(entry["mtu"]), entry["mac"].upper(), address)
            )
    return table(("Interface", "Status", "VLAN ID", "MTU", "MAC", "Address"), (9, 6, 7, 5, 17, 18), rows)


def management(entry: Mapping[str, Any], mac: str) -> str:
    """`show interface management-ethernet eth0`."""
    address, gateway = entry.get("address") or "0.0.0.0/0", entry.get("gateway") or "0.0.0.0"
    return f"eth0     Inet addr: {address}, Gateway: {gateway}, HW address: {mac}\n"
