"""OpenFlow 1.5 over a bridge's management socket (`<bridge>.mgmt`), which is kept open; only the messages that are used.

What is sent is compared with what the bridge tells back byte by byte, so everything here is written the way
Open vSwitch writes it: fields of a match in the order of `MATCH_ORDER`, buckets with weight before watched port.
Sources: ONF TS-025 for the messages; `openflow/netronome-ext.h` of Open vSwitch for the group's hash fields, and
`ovs-actions(7)` for `bundle`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connetos_agent.dataplane.base import TIMEOUT, DriverError

NORMAL = 0xFFFFFFFA
"""The port that means: switch as a learning switch does."""

_VERSION = 6
_HEADER = struct.Struct("!BBHI")
_HELLO, _ERROR, _ECHO_REQUEST, _ECHO_REPLY, _FLOW_MOD, _GROUP_MOD = 0, 1, 2, 3, 14, 15
_MULTIPART_REQUEST, _MULTIPART_REPLY, _BARRIER_REQUEST, _BARRIER_REPLY, _METER_MOD = 18, 19, 20, 21, 29
_BUNDLE_CONTROL, _BUNDLE_ADD, _BUNDLE_OPEN, _BUNDLE_COMMIT, _ATOMIC_AND_ORDERED = 33, 34, 0, 4, 3
_FLOW_DESC, _GROUP_DESC, _METER_DESC = 1, 7, 10
_ANY, _ALL_GROUPS, _ALL_METERS = 0xFFFFFFFF, 0xFFFFFFFC, 0xFFFFFFFF
_ALL_TABLES = 255
_ADD, _MODIFY, _DELETE, _DELETE_STRICT = 0, 1, 2, 4
_FLOW = struct.Struct("!QQBBHHHIIIHH")
_FLOW_REPLY = struct.Struct("!HxxBxHHHHHQ")
_KBPS, _BURST = 1, 4
_RESET_COUNTS = 4
_OXS_CLASS, _OXS_PACKETS = 0x8002, 4
_CHUNK_BYTES = 1 << 18

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
    head = _FLOW.pack(flow.cookie, 0, flow.table, command, 0, 0, flow.priority, _ANY, _ANY, _ANY, flags, 0)
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
    head = struct.pack("!HHI", _MODIFY if there else _ADD, _KBPS | _BURST, wanted.number)
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
    return _HEADER.pack(_VERSION, kind, _HEADER.size + len(body), 0) + body


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


class OpenFlow:
    """A connection to one bridge. Any thread may use it; one exchange is under way at a time.

    Args:
        socket_path: `<bridge>.mgmt` in Open vSwitch's run directory.
    """

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._number = 0
        self._lock = threading.Lock()

    def change(self, messages: Iterable[bytes]) -> None:
        """Send messages and wait until the bridge has dealt with them.

        Raises:
            DriverError: the bridge can't be reached, or refused one; those after it were dealt with all the same.
        """
        listed = list(messages)
        if listed:
            errors = [body for kind, body in self._exchange(listed, _BARRIER_REQUEST, b"") if kind == _ERROR]
            if errors:
                kind, code = struct.unpack_from("!HH", errors[0])
                raise DriverError(
                    f"Open vSwitch refused an OpenFlow change of {self._path.stem}: error type {kind}, code {code}"
                )

    def flows(self) -> list[Flow]:
        """All flows of the bridge."""
        body = struct.pack("!B3xII4xQQ", _ALL_TABLES, _ANY, _ANY, 0, 0) + match()
        return [_flow(entry) for entry in _entries(self._multipart(_FLOW_DESC, body))]

    def groups(self) -> list[Group]:
        """All groups of the bridge."""
        found = []
        for entry in _entries(self._multipart(_GROUP_DESC, struct.pack("!I4x", _ALL_GROUPS))):
            kind, number, size = struct.unpack_from("!xxBxIH", entry)
            found.append(Group(number, kind, size, entry[16:]))
        return found

    def meters(self) -> list[Meter]:
        """All meters of the bridge; one of another make than ours has rate 0."""
        found = []
        for entry in _entries(self._multipart(_METER_DESC, struct.pack("!I4x", _ALL_METERS))):
            flags, number = struct.unpack_from("!xxHI", entry)
            ours = flags == _KBPS | _BURST and len(entry) == 24
            _, _, rate, burst = struct.unpack_from("!HHII", entry, 8) if ours else (0, 0, 0, 0)
            found.append(Meter(number, rate, burst))
        return found

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            self._hang_up()

    def _multipart(self, kind: int, body: bytes) -> bytes:
        request = struct.pack("!HH4x", kind, 0) + body
        answers = self._exchange([], _MULTIPART_REQUEST, request)
        for answer, payload in answers:
            if answer == _ERROR:
                raise DriverError(f"Open vSwitch refused to tell of {self._path.stem}: {payload[:4].hex()}")
        return b"".join(payload[8:] for _, payload in answers)

    def _exchange(self, messages: Sequence[bytes], kind: int, body: bytes) -> list[tuple[int, bytes]]:
        """Send messages and a request; the errors to any of them, then the answer."""
        with self._lock:
            fresh = self._socket is None
            try:
                return self._converse(messages, kind, body)
            except OSError as error:
                self._hang_up()
                if fresh or isinstance(error, TimeoutError):
                    raise self._unreachable(error) from error
            try:  # ovs-vswitchd was restarted since
                return self._converse(messages, kind, body)
            except OSError as error:
                self._hang_up()
                raise self._unreachable(error) from error

    def _converse(self, messages: Sequence[bytes], kind: int, body: bytes) -> list[tuple[int, bytes]]:
        sock = self._socket or self._connect()
        self._number = (self._number + 1) & 0xFFFF
        request = _HEADER.pack(_VERSION, kind, _HEADER.size + len(body), self._number) + body
        sock.sendall(b"".join(messages) + request)
        found = []
        while True:
            answer, number, payload = self._receive(sock)
            if answer == _ERROR and number in (0, self._number):
                found.append((answer, payload))
                if number == self._number:
                    return found
            elif answer in (_MULTIPART_REPLY, _BARRIER_REPLY) and number == self._number:
                found.append((answer, payload))
                if answer == _BARRIER_REPLY or not payload[3] & 1:
                    return found

    def _receive(self, sock: socket.socket) -> tuple[int, int, bytes]:
        while True:
            if len(self._buffer) >= _HEADER.size:
                _, kind, length, number = _HEADER.unpack_from(self._buffer)
                if len(self._buffer) >= length:
                    payload, self._buffer = self._buffer[_HEADER.size : length], self._buffer[length:]
                    if kind != _ECHO_REQUEST:
                        return kind, number, payload
                    sock.sendall(_HEADER.pack(_VERSION, _ECHO_REPLY, length, number) + payload)
                    continue
            chunk = sock.recv(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionError("it closed the connection")
            self._buffer += chunk

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(TIMEOUT)
            sock.connect(str(self._path))
            self._buffer = b""
            sock.sendall(_HEADER.pack(_VERSION, _HELLO, _HEADER.size, 0))
            self._greeted(sock)
        except BaseException:
            sock.close()
            raise
        self._socket = sock
        return sock

    def _greeted(self, sock: socket.socket) -> None:
        kind, _, _ = self._receive(sock)
        if kind != _HELLO:
            raise ConnectionError("it doesn't speak OpenFlow 1.5")

    def _hang_up(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def _unreachable(self, error: OSError) -> DriverError:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return DriverError(
            f"Open vSwitch's OpenFlow socket {self._path} can't be used ({reason}); is ovs-vswitchd running?"
        )


def _entries(data: bytes) -> Iterator[bytes]:
    """The entries of a multipart answer: each begins with its own length."""
    position = 0
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("!H", data, position)
        yield data[position : position + length]
        position += max(8, length + -length % 8)


def _flow(entry: bytes) -> Flow:
    _, table, priority, _, _, _, _, cookie = _FLOW_REPLY.unpack_from(entry)
    start = _FLOW_REPLY.size
    (length,) = struct.unpack_from("!H", entry, start + 2)
    end = start + length + -length % 8
    (statistics,) = struct.unpack_from("!H", entry, end + 2)
    packets = _packets(entry[end + 4 : end + statistics])
    instructions = entry[end + statistics + -statistics % 8 :]
    return Flow(table, priority, cookie, entry[start:end], instructions, packets)


def _packets(statistics: bytes) -> int:
    position = 0
    while position + 4 <= len(statistics):
        kind, number, length = struct.unpack_from("!HBB", statistics, position)
        if (kind, number >> 1) == (_OXS_CLASS, _OXS_PACKETS):
            return int.from_bytes(statistics[position + 4 : position + 4 + length], "big")
        position += 4 + length
    return 0
