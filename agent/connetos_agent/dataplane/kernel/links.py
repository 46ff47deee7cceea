"""Reads network devices over rtnetlink (rtnetlink(7)), only the attributes that matter."""

from __future__ import annotations

import errno
import struct
from collections.abc import Collection
from dataclasses import dataclass

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.rtnetlink import Netlink, attribute, attributes, number, text

_GET_LINK = 18
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, changed flags
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_IFALIAS = 1, 3, 4, 20
_IFLA_GROUP, _IFLA_EXT_MASK, _IFLA_CARRIER, _IFLA_MIN_MTU, _IFLA_MAX_MTU = 27, 29, 33, 50, 51
_WITHOUT_STATISTICS = attribute(_IFLA_EXT_MASK, 8)
_IFF_UP = 1
_MISSING = (errno.ENODEV, errno.ENOENT, errno.EINVAL)  # the last: a name that no device can have
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
    """Reads devices of the network namespace it was made in; for one thread at a time."""

    def __init__(self) -> None:
        self._netlink = Netlink()
        self._last: dict[int, tuple[int, Device]] = {}
        """Of the last dump: by index the hash of what the kernel told, and what that says. Little of it changes."""

    def close(self) -> None:
        """Give the socket back."""
        self._netlink.close()

    def one(self, name: str) -> Device | None:
        """The device `name`, or None if there is none."""
        return self._get(0, attribute(_IFLA_IFNAME, name.encode() + b"\0"), name)

    def at(self, index: int) -> Device | None:
        """The device with this index, or None if there is none."""
        return self._get(index, b"", f"with index {index}")

    def _get(self, index: int, named: bytes, what: str) -> Device | None:
        try:
            found = self._netlink.get(_GET_LINK, _LINK.pack(0, 0, index, 0, 0) + _WITHOUT_STATISTICS + named)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise DriverError(f"reading network device {what}: {error}") from error
        return None if found is None else parse_device(found)

    def all(self) -> dict[str, Device]:
        """Every device by name."""
        known: dict[int, tuple[int, Device]] = {}
        try:
            for payload in self._netlink.dump(_GET_LINK, _LINK.pack(0, 0, 0, 0, 0) + _WITHOUT_STATISTICS):
                told, index = hash(payload), _LINK.unpack_from(payload)[2]
                before = self._last.get(index)
                known[index] = before if before and before[0] == told else (told, parse_device(payload))
        except OSError as error:
            raise DriverError(f"reading network devices: {error}") from error
        self._last = known
        return {device.name: device for _, device in known.values()}

    def named(self, names: Collection[str]) -> dict[str, Device]:
        """The devices among `names` that there are, by name."""
        if len(names) <= FEW:
            return {name: device for name in names if (device := self.one(name)) is not None}
        found = self.all()
        return {name: found[name] for name in names if name in found}


def parse_device(payload: bytes) -> Device:
    """The device that a message of rtnetlink tells of (a `struct ifinfomsg` and attributes)."""
    _, _, index, flags, _ = _LINK.unpack_from(payload)
    found = attributes(payload, _LINK.size)
    return Device(
        index=index,
        name=text(found.get(_IFLA_IFNAME, b"")),
        up=bool(flags & _IFF_UP),
        mtu=number(found.get(_IFLA_MTU, b"")),
        alias=text(found.get(_IFLA_IFALIAS, b"")),
        group=number(found.get(_IFLA_GROUP, b"")),
        min_mtu=number(found.get(_IFLA_MIN_MTU, b"")),
        max_mtu=number(found.get(_IFLA_MAX_MTU, b"")) or 65535,
        carrier=found.get(_IFLA_CARRIER, b"\0") == b"\1",
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
    )
