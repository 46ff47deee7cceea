"""Messages of OpenFlow 1.5, only those that are used; `openflow_connection` sends them.

What is sent is compared with what the bridge tells back byte by byte, so everything here is written the way
Open vSwitch writes it: fields of a match in the order of `MATCH_ORDER`, buckets with weight before watched port.
Sources: ONF TS-025 for the messages; `openflow/netronome-ext.h` of Open vSwitch for the group's hash fields, and
`ovs-actions(7)` for `bundle`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NORMAL = 0xFFFFFFFA
"""The port that means: switch as a learning switch does."""

VERSION = 6
HEADER = struct.Struct("!BBHI")
_FLOW_MOD, _GROUP_MOD, _METER_MOD = 14, 15, 29
_BUNDLE_CONTROL, _BUNDLE_ADD, _BUNDLE_OPEN, _BUNDLE_COMMIT, _ATOMIC_AND_ORDERED = 33, 34, 0, 4, 3
ANY = 0xFFFFFFFF
_ADD, _MODIFY, _DELETE, _DELETE_STRICT = 0, 1, 2, 4
_FLOW = struct.Struct("!QQBBHHHIIIHH")
KBPS_AND_BURST = 5
"""Flags of our meters."""
_RESET_COUNTS = 4

SELECT, FAST_FAILOVER = 1, 3
"""Types of group: one bucket by a hash; the first bucket that is alive."""

_OXM, _NXM1 = 0x8000, 0x0001
FIELDS = {
    "in_port": (_OXM, 0, 4), "metadata": (_OXM, 2, 8), "eth_dst": (_OXM, 3, 6), "eth_src": (_OXM, 4, 6),
    "eth_type": (_OXM, 5, 2), "vlan_vid": (_OXM, 6, 2), "vlan_pcp": (_OXM, 7, 1), "ip_dscp": (_OXM, 8, 1),
    "ip_proto": (_OXM, 10, 1), "ipv4_src": (_OXM, 11, 4), "ipv4_dst": (_OXM, 12, 4),
    "tcp_src": (_OXM, 13, 2), "tcp_dst": (_OXM, 14, 2), "udp_src": (_OXM, 15, 2), "udp_dst": (_OXM, 16, 2),
    "sctp_src": (_OXM, 17, 2), "sctp_dst": (_OXM, 18, 2), "ipv6_src": (_OXM, 26, 16), "ipv6_dst": (_OXM, 27, 16),
}  # fmt: skip
"""Header fields by name: class, number and length in bytes (OpenFlow 1.5, 7.2.3.7)."""


@dataclass(frozen=True)
class Flow:
    """One flow; `match` and `instructions` are as on the wire, made by the functions below; `packets` have met it."""

    table: int
    priority: int
    cookie: int
    match: bytes
    instructions: bytes
    packets: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Group:
    """One group; `body` is its buckets and properties as on the wire, `buckets_bytes` how much of it are buckets."""

    number: int
    type: int
    buckets_bytes: int
    body: bytes


@dataclass(frozen=True)
class Meter:
    """Drops what is above a rate in kbit/s, after a burst of so many kbit."""

    number: int
    kilobits: int
    burst_kilobits: int


def match(**fields: int | tuple[int, int]) -> bytes:
    """A match; fields in ascending order of their number (but metadata last), each a value or (value, mask)."""
    out = b""
    for name, value in fields.items():
        kind, number, length = FIELDS[name]
        number_and_mask = number << 1 | isinstance(value, tuple)
        values = value if isinstance(value, tuple) else (value,)
        out += struct.pack("!HBB", kind, number_and_mask, length * len(values))
        out += b"".join(part.to_bytes(length, "big") for part in values)
    return _padded(struct.pack("!HH", 1, 4 + len(out)) + out)


def goto(table: int) -> bytes:
    """Instruction: go on in a later table."""
    return struct.pack("!HHB3x", 1, 8, table)


def write_metadata(value: int) -> bytes:
    """Instruction: later tables see this metadata."""
    return struct.pack("!HH4xQQ", 2, 24, value, 0xFFFFFFFFFFFFFFFF)


def apply(*actions: bytes) -> bytes:
    """Instruction: take actions, one after the other."""
    body = b"".join(actions)
    return struct.pack("!HH4x", 4, 8 + len(body)) + body


def output(port: int) -> bytes:
    """Action: send to a port, or `NORMAL`."""
    return struct.pack("!HHIH6x", 0, 16, port, 0)


def group(number: int) -> bytes:
    """Action: leave it to a group."""
    return struct.pack("!HHI", 22, 8, number)


def meter(number: int) -> bytes:
    """Action: drop what a meter finds too much."""
    return struct.pack("!HHI", 29, 8, number)


SYMMETRIC_L4, SYMMETRIC_L3L4_UDP, SYMMETRIC_L3 = 1, 3, 6
"""Hashes of `bundle` in which both directions of a conversation are the same (ovs-actions(7))."""


def bundle(fields: int, basis: int, members: Sequence[int]) -> bytes:
    """Action: send to one of `members` that are alive, by highest random weight of a symmetric hash."""
    ports = b"".join(struct.pack("!H", port) for port in members)
    body = struct.pack("!HHHIHHI4x", 1, fields, basis, 0x00000002, len(members), 0, 0) + ports
    head = struct.pack("!IH", 0x00002320, 12)
    length = 4 + len(head) + len(body)
    return struct.pack("!HH", 0xFFFF, length + -length % 8) + head + body + bytes(-length % 8)


def select_group(number: int, members: Sequence[int], fields: Sequence[str], basis: int) -> Group:
    """A group that sends to one of `members` that are alive, by a hash of header fields."""
    buckets = b"".join(_bucket(port, port, output(port), weight=True) for port in members)
    hashed = b""
    for name in fields:
        kind, field, length = FIELDS[name]
        hashed += struct.pack("!HBB", kind, field << 1, length) + b"\xff" * length
    method = struct.pack("!II4x16sQ", 0x0000154D, 1, b"hash", basis) + hashed
    property_ = _padded(struct.pack("!HH", 0xFFFF, 4 + len(method)) + method)
    return Group(number, SELECT, len(buckets), buckets + property_)


def guarded_group(number: int, watched: int, *actions: bytes) -> Group:
    """A group that takes the actions as long as port `watched` is alive, and drops otherwise."""
    bucket = _bucket(1, watched, b"".join(actions), weight=False)
    return Group(number, FAST_FAILOVER, len(bucket), bucket)


def _bucket(number: int, watched: int, actions: bytes, *, weight: bool) -> bytes:
    properties = struct.pack("!HHHxx", 0, 8, 1) if weight else b""
    properties += struct.pack("!HHI", 1, 8, watched)
    return (
        struct.pack("!HHI", 8 + len(actions) + len(properties), len(actions), number) + actions + properties
    )


def add_flow(flow: Flow, *, from_zero: bool = False) -> bytes:
    """Message: put a flow there, in the place of one with the same match and priority, whose count it goes on with
    unless it is to count `from_zero`."""
    return _flow_mod(flow, _ADD, _RESET_COUNTS if from_zero else 0)


def delete_flow(flow: Flow) -> bytes:
    """Message: take a flow away, whatever its instructions are; nothing if it isn't there."""
    return _flow_mod(flow, _DELETE_STRICT)


def _flow_mod(flow: Flow, command: int, flags: int = 0) -> bytes:
    head = _FLOW.pack(flow.cookie, 0, flow.table, command, 0, 0, flow.priority, ANY, ANY, ANY, flags, 0)
    return _message(_FLOW_MOD, head + flow.match + (b"" if command == _DELETE_STRICT else flow.instructions))


def add_group(wanted: Group, *, there: bool) -> bytes:
    """Message: make a group, or change it when it is `there`; flows that use it stay."""
    head = struct.pack(
        "!HBxIHxxI", _MODIFY if there else _ADD, wanted.type, wanted.number, wanted.buckets_bytes, 0xFFFFFFFF
    )
    return _message(_GROUP_MOD, head + wanted.body)


def delete_group(number: int) -> bytes:
    """Message: take a group away, and flows that use it."""
    return _message(_GROUP_MOD, struct.pack("!HBxIHxxI", _DELETE, 0, number, 0, 0xFFFFFFFF))


def add_meter(wanted: Meter, *, there: bool) -> bytes:
    """Message: make a meter, or change it when it is `there`."""
    head = struct.pack("!HHI", _MODIFY if there else _ADD, KBPS_AND_BURST, wanted.number)
    band = struct.pack("!HHII4x", 1, 16, wanted.kilobits, wanted.burst_kilobits)
    return _message(_METER_MOD, head + band)


def delete_meter(number: int) -> bytes:
    """Message: take a meter away, and flows that use it; nothing if it isn't there."""
    return _message(_METER_MOD, struct.pack("!HHI", _DELETE, 0, number))


def at_once(messages: Iterable[bytes]) -> list[bytes]:
    """Changes of flows as one bundle: a packet meets the flows before all of them, or those after all of them, and
    when one of them is refused none is made (OpenFlow 1.5, 6.9)."""
    listed = list(messages)
    if not listed:
        return []
    bundled = [_message(_BUNDLE_ADD, struct.pack("!IxxH", 1, _ATOMIC_AND_ORDERED) + m) for m in listed]
    return [_bundle_control(_BUNDLE_OPEN), *bundled, _bundle_control(_BUNDLE_COMMIT)]


def _bundle_control(kind: int) -> bytes:
    return _message(_BUNDLE_CONTROL, struct.pack("!IHH", 1, kind, _ATOMIC_AND_ORDERED))


def _message(kind: int, body: bytes) -> bytes:
    return HEADER.pack(VERSION, kind, HEADER.size + len(body), 0) + body


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)
