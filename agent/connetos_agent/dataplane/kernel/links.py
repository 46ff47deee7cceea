"""Reads network devices over rtnetlink (rtnetlink(7)), only the attributes that matter.

A dump of 50 devices takes 1 ms and leaves nothing behind; decoding every attribute of each, counters and
per-protocol settings included, takes a dozen times as long and megabytes, and commits read devices often.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connetos_agent.dataplane.base import TIMEOUT, DriverError

_RTM_NEWLINK, _RTM_GETLINK = 16, 18
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_REQUEST, _NLM_F_DUMP = 1, 0x300
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_IFALIAS = 1, 3, 4, 20
_IFLA_GROUP, _IFLA_EXT_MASK, _IFLA_CARRIER, _IFLA_MIN_MTU, _IFLA_MAX_MTU = 27, 29, 33, 50, 51
_SKIP_STATISTICS = 8
_IFF_UP = 1
_WANTED = frozenset(
    {
        _IFLA_ADDRESS,
        _IFLA_IFNAME,
        _IFLA_MTU,
        _IFLA_IFALIAS,
        _IFLA_GROUP,
        _IFLA_CARRIER,
        _IFLA_MIN_MTU,
        _IFLA_MAX_MTU,
    }
)
_BUFFER_BYTES = 1 << 17
FEW = 4
"""Up to so many devices are asked for one by one rather than by a dump of all."""


@dataclass(frozen=True)
class Device:
    """What the kernel says of a network device. MTUs are in bytes of payload, as the kernel counts them."""

    index: int
    name: str
    up: bool
    mtu: int
    alias: str
    group: int
    min_mtu: int
    max_mtu: int
    carrier: bool
    mac: str


class LinkReader:
    """A netlink socket for reading devices of the network namespace it was made in; for one thread at a time."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.settimeout(TIMEOUT)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def one(self, name: str) -> Device | None:
        """The device `name`, or None if there is none."""
        attribute = _attribute(_IFLA_IFNAME, name.encode() + b"\0")
        return next(self._ask(_NLM_F_REQUEST, attribute), None)

    def all(self) -> dict[str, Device]:
        """Every device by name."""
        return {device.name: device for device in self._ask(_NLM_F_REQUEST | _NLM_F_DUMP, b"")}

    def named(self, names: Collection[str]) -> dict[str, Device]:
        """The devices among `names` that there are, by name."""
        if len(names) <= FEW:
            return {name: device for name in names if (device := self.one(name)) is not None}
        found = self.all()
        return {name: found[name] for name in names if name in found}

    def _ask(self, flags: int, attributes: bytes) -> Iterator[Device]:
        self._sequence += 1
        mask = _attribute(_IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
        body = _LINK.pack(0, 0, 0, 0, 0) + mask + attributes
        head = _HEADER.pack(_HEADER.size + len(body), _RTM_GETLINK, flags, self._sequence, 0)
        try:
            self._socket.send(head + body)
            while True:
                for kind, payload in self._messages():
                    if kind == _RTM_NEWLINK:
                        yield parse_device(payload)
                    if kind == _NLMSG_DONE or (kind == _NLMSG_ERROR and _error(payload)):
                        return
                    if kind == _RTM_NEWLINK and not flags & _NLM_F_DUMP:
                        return
        except OSError as error:
            raise DriverError(f"reading network devices: {error}") from error

    def _messages(self) -> Iterator[tuple[int, bytes]]:
        data, position = self._socket.recv(_BUFFER_BYTES), 0
        while position + _HEADER.size <= len(data):
            length, kind, _, sequence, _ = _HEADER.unpack_from(data, position)
            if sequence == self._sequence:
                yield kind, data[position + _HEADER.size : position + length]
            position += (length + 3) & ~3


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return (_ATTRIBUTE.pack(length, kind) + value).ljust((length + 3) & ~3, b"\0")


def _error(payload: bytes) -> bool:
    number = -struct.unpack_from("=i", payload)[0]
    missing = (19, 2, 22)  # ENODEV, ENOENT, EINVAL (a name that no device can have)
    if number and number not in missing:
        raise OSError(number, os.strerror(number))
    return True


def parse_device(payload: bytes) -> Device:
    """The device that a message of rtnetlink tells of (a `struct ifinfomsg` and attributes)."""
    _, _, index, flags, _ = _LINK.unpack_from(payload)
    found: dict[int, bytes] = {}
    position = _LINK.size
    while position + _ATTRIBUTE.size <= len(payload):
        length, kind = _ATTRIBUTE.unpack_from(payload, position)
        if kind in _WANTED:
            found[kind] = payload[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3

    def number(kind: int, default: int = 0) -> int:
        return (
            int.from_bytes(found[kind], "little" if struct.pack("=H", 1)[0] else "big")
            if kind in found
            else default
        )

    def text(kind: int) -> str:
        return found.get(kind, b"").rstrip(b"\0").decode(errors="replace")

    return Device(
        index=index,
        name=text(_IFLA_IFNAME),
        up=bool(flags & _IFF_UP),
        mtu=number(_IFLA_MTU),
        alias=text(_IFLA_IFALIAS),
        group=number(_IFLA_GROUP),
        min_mtu=number(_IFLA_MIN_MTU),
        max_mtu=number(_IFLA_MAX_MTU) or 65535,
        carrier=number(_IFLA_CARRIER) == 1,
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
    )
