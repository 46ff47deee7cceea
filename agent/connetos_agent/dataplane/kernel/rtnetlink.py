"""One netlink socket for what is asked of the kernel's devices, addresses, routes and traffic control.

rtnetlink(7); linux/netlink.h, linux/rtnetlink.h. Messages are built and read here, only what the switch needs: a
library that decodes every attribute of each takes ten times as long and ten megabytes.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from connetos_agent.dataplane.base import TIMEOUT

REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400
"""Flags of a change: what is there already gives way; must not be there; is made if it isn't there."""
NESTED = 0x8000
_TYPE_BITS = 0x3FFF
_REQUEST, _ACKNOWLEDGE, _DUMP = 0x1, 0x4, 0x300
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_ATTRIBUTE = struct.Struct("=HH")  # struct nlattr
_NUMBER = struct.Struct("=I")
_SOL_NETLINK, _GET_STRICT_CHECK = 270, 12
_BUFFER_BYTES = 1 << 17


class Netlink:
    """A socket of the network namespace it was made in; for one thread at a time.

    The kernel checks requests strictly, which is what lets it send only what was asked for.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.settimeout(TIMEOUT)
        self._socket.setsockopt(_SOL_NETLINK, _GET_STRICT_CHECK, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def change(self, kind: int, body: bytes, flags: int = 0) -> None:
        """Have the kernel do something, and wait until it is done.

        Raises:
            OSError: it refuses; `errno` says why.
        """
        for _ in self._ask(kind, body, _ACKNOWLEDGE | flags):
            pass

    def get(self, kind: int, body: bytes) -> bytes | None:
        """The one thing that is asked for; None where the kernel tells nothing.

        Raises:
            OSError: it refuses, or there is no such thing; `errno` says why.
        """
        return next(self._ask(kind, body, 0), None)

    def dump(self, kind: int, body: bytes) -> Iterator[bytes]:
        """Everything that is asked for.

        Raises:
            OSError: the kernel refuses; `errno` says why.
        """
        return self._ask(kind, body, _DUMP)

    def _ask(self, kind: int, body: bytes, flags: int) -> Iterator[bytes]:
        self._sequence += 1
        head = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | flags, self._sequence, 0)
        self._socket.send(head + body)
        while True:
            data, position = self._socket.recv(_BUFFER_BYTES), 0
            while position + _HEADER.size <= len(data):
                length, answer, _, sequence, _ = _HEADER.unpack_from(data, position)
                payload = data[position + _HEADER.size : position + length]
                position += (length + 3) & ~3 or _HEADER.size
                if sequence != self._sequence:
                    continue  # the rest of an answer that nobody waited for
                if answer in (_ERROR, _DONE):
                    number = -struct.unpack_from("=i", payload)[0] if len(payload) >= _NUMBER.size else 0
                    if number:
                        raise OSError(number, os.strerror(number))
                    return
                yield payload


def attribute(kind: int, value: bytes | int) -> bytes:
    """An attribute of a message; a number has 32 bits."""
    octets = _NUMBER.pack(value) if isinstance(value, int) else value
    length = _ATTRIBUTE.size + len(octets)
    return (_ATTRIBUTE.pack(length, kind) + octets).ljust((length + 3) & ~3, b"\0")


def attributes(data: bytes, position: int = 0) -> dict[int, bytes]:
    """The attributes from `position` on, by their type."""
    found: dict[int, bytes] = {}
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        found[kind & _TYPE_BITS] = data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3 or _ATTRIBUTE.size
    return found


def number(octets: bytes, default: int = 0) -> int:
    """The number of 32 bits in an attribute; `default` where there is none."""
    return int(_NUMBER.unpack_from(octets)[0]) if len(octets) >= _NUMBER.size else default


def text(octets: bytes) -> str:
    """The text in an attribute."""
    return octets.rstrip(b"\0").decode(errors="replace")
