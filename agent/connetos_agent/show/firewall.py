"""Layouts of filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LABEL, _INTERFACE_LABEL, _VALUE_COLUMN = 16, 20, 26


def _entries(data: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for direction in ("ingress", "egress"):
        for what in ("total", "consumed"):
            label = f"{what.capitalize()} {direction} HW Entries"
            yield f"{label:<28}:   {data[direction][what]}"


def filters(data: Mapping[str, Any]) -> str:
    """`show firewall filter`."""
    lines = [*_entries(data["entries"]), f"{'=' * 24} Policy Based Filtering {'=' * 20}"]
    for name, entry in data["filter"].items():
        lines.append(f"Filter : {name}")
        for term in entry["matching"]:
            lines.append(f"    Term : {term['term']}")
            for label, value in (
                ("Term-size", len(term["conditions"])),
                ("Action", term["action"].capitalize()),
                ("Matched packets", term["matched-packets"]),
                ("Match-condition", ""),
            ):
                lines.append(f"        {label:<{_LABEL}}: {value}".rstrip())
            for condition in term["conditions"]:
                field = f"{condition['field']} :"
                lines.append(f"{'':12}{field:<{_VALUE_COLUMN}}{condition['form']} {condition['value']}")
        for direction in ("input", "output"):
            label = f"{direction.capitalize()} interface"
            lines += [f"    {label:<{_INTERFACE_LABEL}}: {interface}" for interface in entry[direction]]
    return "\n".join(lines) + "\n"


def forwarders(data: Mapping[str, Any]) -> str:
    """`show firewall forwarder`."""
    lines = [*_entries(data["entries"]), f"{'=' * 24} Policy Based Forwarding {'=' * 20}"]
    return "\n".join([*lines, *(f"Forwarder : {name}" for name in data["forwarder"])]) + "\n"
