"""Counters of network devices: one rtnetlink dump, so that all are of the same moment (rtnl_link_stats64)."""

from __future__ import annotations

import socket
import struct
import threading

from connetos_agent.dataplane.base import TIMEOUT, DriverError

NAMES = (
    "in-packets", "out-packets", "in-octets", "out-octets", "in-errors", "out-errors", "in-discards", "out-discards",
    "in-multicast-packets", "collisions", "in-length-errors", "in-over-errors", "in-crc-errors", "in-frame-errors",
    "in-fifo-errors", "in-missed-errors", "out-aborted-errors", "out-carrier-errors", "out-fifo-errors",
    "out-heartbeat-errors", "out-window-errors", "in-compressed", "out-compressed", "in-no-handler",
    "in-other-host-discards",
)  # fmt: skip
"""Names of the counters in the order in which the kernel tells them; the last ones only newer kernels know."""

_NEWLINK, _GETLINK, _DONE, _ERROR = 16, 18, 3, 2
_REQUEST_DUMP = 0x301
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_NAME, _STATISTICS = 3, 23


class CounterReader:
    """A netlink socket of the network namespace it was made in. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sequence = 0
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.settimeout(TIMEOUT)
        self._socket.bind((0, 0))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def read(self) -> dict[str, dict[str, int]]:
        """Counters by device, each by its name in `NAMES`.

        Raises:
            DriverError: the kernel doesn't tell.
        """
        with self._lock:
            try:
                return self._read()
            except OSError as error:
                raise DriverError(f"reading counters: {error}") from error

    def _read(self) -> dict[str, dict[str, int]]:
        self._sequence += 1
        head = _HEADER.pack(_HEADER.size + _LINK.size, _GETLINK, _REQUEST_DUMP, self._sequence, 0)
        self._socket.send(head + _LINK.pack(0, 0, 0, 0, 0))
        found: dict[str, dict[str, int]] = {}
        while True:
            data, position = self._socket.recv(1 << 17), 0
            while position + _HEADER.size <= len(data):
                length, kind, _, sequence, _ = _HEADER.unpack_from(data, position)
                end, start = position + length, position + _HEADER.size + _LINK.size
                position += (length + 3) & ~3
                if sequence != self._sequence:
                    continue
                if kind in (_DONE, _ERROR):
                    return found
                if kind == _NEWLINK:
                    _take(data, start, end, found)


def _take(data: bytes, position: int, end: int, found: dict[str, dict[str, int]]) -> None:
    name, counters = "", {}
    while position + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            break
        value = data[position + _ATTRIBUTE.size : position + length]
        if kind == _NAME:
            name = value.rstrip(b"\0").decode(errors="replace")
        elif kind == _STATISTICS:
            numbers = struct.unpack_from(f"={len(value) // 8}Q", value)
            counters = dict(zip(NAMES, numbers, strict=False))
        position += (length + 3) & ~3
    if name and counters:
        found[name] = counters
