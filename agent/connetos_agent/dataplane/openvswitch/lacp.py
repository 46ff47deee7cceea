"""What LACP has to tell: `lacp/show` and `lacp/show-stats` of ovs-vswitchd's control socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.states.ports import LacpEnd, LacpMember

FLAGS = {
    "activity": "A", "timeout": "B", "aggregation": "C", "synchronized": "D", "collecting": "E",
    "distributing": "F", "defaulted": "G", "expired": "H",
}  # fmt: skip
"""Letters of the documented layout for Open vSwitch's words."""

COUNTERS = {
    "TX PDUs": "sent",
    "RX PDUs": "received",
    "RX Bad PDUs": "error",
    "RX Marker Request PDUs": "marker-received",
}

_HEAD = re.compile(r"^---- (\S+?)(?: statistics)? ----$")
_MEMBER = re.compile(r"^(?:member|slave): ([^\s:]+)")
_FIELD = re.compile(r"^\s+((?:actor|partner) )?([^:]+): ?(.*)$")


def members(control: Control, port_of: Callable[[str], str]) -> list[LacpMember]:
    """All members of aggregates that LACP runs on.

    Args:
        control: ovs-vswitchd's.
        port_of: the port that a device is.
    """
    counters = {
        device: {name: int(fields.get(word, "0")) for word, name in COUNTERS.items()}
        for _, device, fields in _sections(control.call("lacp/show-stats"))
    }
    found = []
    for bond, device, fields in _sections(control.call("lacp/show")):
        port = port_of(device)
        if port:
            ends = [_end(fields, whose) for whose in ("actor ", "partner ")]
            found.append(
                LacpMember(bond.removesuffix("-lacp"), port, ends[0], ends[1], counters.get(device, {}))
            )
    return found


def usable(control: Control) -> set[str]:
    """Devices of members that LACP lets carry frames."""
    return {d for _, d, fields in _sections(control.call("lacp/show")) if fields.get("may_enable") == "true"}


def _sections(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Bond, device and fields of each member; fields of one of the two ends begin with its name."""
    bond, device = "", ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        head, member, field = _HEAD.match(line), _MEMBER.match(line), _FIELD.match(line)
        if (head or member) and device:
            yield bond, device, fields
            device = ""
        if head:
            bond = head[1]
        elif member:
            device, fields = member[1], {}
        elif field and device:
            fields[(field[1] or "") + field[2]] = field[3]
    if device:
        yield bond, device, fields


def _end(fields: dict[str, str], whose: str) -> LacpEnd:
    def number(name: str) -> int:
        return int(fields.get(whose + name) or "0")

    words = fields.get(f"{whose}state", "").split()
    return LacpEnd(
        system=fields.get(f"{whose}sys_id", "00:00:00:00:00:00"),
        system_priority=number("sys_priority"),
        port=number("port_id"),
        port_priority=number("port_priority"),
        key=number("key"),
        state="".join(letter for word, letter in FLAGS.items() if word in words),
    )
