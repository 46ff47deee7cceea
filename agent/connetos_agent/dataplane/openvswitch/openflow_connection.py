"""OpenFlow 1.5 over a bridge's management socket (`<bridge>.mgmt`), which is kept open.

Source: ONF TS-025.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from connetos_agent.dataplane.base import TIMEOUT, DriverError
from connetos_agent.dataplane.openvswitch.openflow import (
    ANY,
    HEADER,
    KBPS_AND_BURST,
    VERSION,
    Flow,
    Group,
    Meter,
    match,
)

_HELLO, _ERROR, _ECHO_REQUEST, _ECHO_REPLY = 0, 1, 2, 3
_MULTIPART_REQUEST, _MULTIPART_REPLY, _BARRIER_REQUEST, _BARRIER_REPLY = 18, 19, 20, 21
_FLOW_DESC, _GROUP_DESC, _METER_DESC, _FLOW_MONITOR = 1, 7, 10, 16
_ALL_GROUPS, _ALL_METERS, _ALL_TABLES = 0xFFFFFFFC, 0xFFFFFFFF, 255
_TELL_REMOVED_AND_MODIFIED, _REMOVED, _MODIFIED = 0b1100, 2, 3
_FLOW_REPLY = struct.Struct("!HxxBxHHHHHQ")
_OXS_CLASS, _OXS_PACKETS = 0x8002, 4
_CHUNK_BYTES = 1 << 18


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
        body = struct.pack("!B3xII4xQQ", _ALL_TABLES, ANY, ANY, 0, 0) + match()
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
            ours = flags == KBPS_AND_BURST and len(entry) == 24
            _, _, rate, burst = struct.unpack_from("!HHII", entry, 8) if ours else (0, 0, 0, 0)
            found.append(Meter(number, rate, burst))
        return found

    def watch(self) -> Iterator[set[int]]:
        """Cookies of flows that are taken away or changed, by whomever, as it happens, until the connection ends. The first
        set is empty: from then on nothing is missed. A connection that watches does nothing else.

        Raises:
            OSError: it has ended, or there is none.
        """
        sock = self._connect()
        request = struct.pack(
            "!HH4xIIIHBB", _FLOW_MONITOR, 0, 1, ANY, ANY, _TELL_REMOVED_AND_MODIFIED, _ALL_TABLES, 0
        )
        body = request + match()
        sock.sendall(HEADER.pack(VERSION, _MULTIPART_REQUEST, HEADER.size + len(body), 1) + body)
        sock.settimeout(None)
        while True:
            kind, _, payload = self._receive(sock)
            if kind == _ERROR:
                raise ConnectionError(f"Open vSwitch refused to tell of them: {payload[:4].hex()}")
            if kind == _MULTIPART_REPLY:
                yield _changed(payload)

    def interrupt(self) -> None:
        """End the connection beneath whoever watches."""
        sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

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
        request = HEADER.pack(VERSION, kind, HEADER.size + len(body), self._number) + body
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
            if len(self._buffer) >= HEADER.size:
                _, kind, length, number = HEADER.unpack_from(self._buffer)
                if length < HEADER.size:
                    raise ConnectionError(f"a message of {length} octets isn't OpenFlow")
                if len(self._buffer) >= length:
                    payload, self._buffer = self._buffer[HEADER.size : length], self._buffer[length:]
                    if kind != _ECHO_REQUEST:
                        return kind, number, payload
                    sock.sendall(HEADER.pack(VERSION, _ECHO_REPLY, length, number) + payload)
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
            sock.sendall(HEADER.pack(VERSION, _HELLO, HEADER.size, 0))
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


def _changed(payload: bytes) -> set[int]:
    """Cookies of the flows that an answer to a monitor says were taken away or changed."""
    try:
        return {
            struct.unpack_from("!Q", update, 16)[0]
            for update in _entries(payload[8:])
            if struct.unpack_from("!H", update, 2)[0] in (_REMOVED, _MODIFIED)
        }
    except struct.error as error:
        raise ConnectionError(
            f"Open vSwitch told of a flow in another form than OpenFlow 1.5: {error}"
        ) from error


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
