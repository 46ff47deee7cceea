"""Reads the kernel's ARP table, IPv4 addresses and routes over rtnetlink (rtnetlink(7)); safe to use from any thread.

Each reading has a socket of its own, which costs some microseconds; nothing is kept.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.rtnetlink import Netlink, attributes, number

_GET_ADDRESS, _GET_ROUTE, _GET_NEIGHBOR = 22, 26, 30
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, bits, flags, scope, index
_NEIGHBOR = struct.Struct("=BxxxiHBB")  # struct ndmsg
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_HOP = struct.Struct("=HBBi")  # struct rtnexthop
_CACHE = struct.Struct("=IIII")  # struct nda_cacheinfo: confirmed, used, updated, references
_IFA_LOCAL, _IFA_FLAGS = 2, 8
_PERMANENT_ADDRESS = 0x80
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO = 1, 2, 3
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE = 1, 4, 5, 6, 9, 15
NUD_PERMANENT = 0x80
_ETHER_BYTES = 6
_TICKS = os.sysconf("SC_CLK_TCK")
UNICAST, LOCAL = 1, 2


@dataclass(frozen=True)
class KernelAddress:
    """An IPv4 address such as `198.18.0.1/24` of the device with this index; a lease's isn't permanent."""

    index: int
    address: str
    permanent: bool


@dataclass(frozen=True)
class ArpEntry:
    """An address whose MAC the kernel knows. `age` is in seconds since it was last confirmed; None for a static one."""

    address: str
    mac: str
    index: int
    age: int | None

    @property
    def static(self) -> bool:
        """Whether it was configured rather than learned."""
        return self.age is None


@dataclass(frozen=True)
class KernelRoute:
    """A route. `hops` are (gateway or empty, index of the device); `kind` is `UNICAST`, `LOCAL` or another rtm_type."""

    prefix: str
    table: int
    protocol: int
    metric: int
    kind: int
    hops: tuple[tuple[str, int], ...]


def arp_entries() -> list[ArpEntry]:
    """The ARP table: whatever has a MAC address.

    Raises:
        DriverError: it can't be read.
    """
    found = []
    for payload in _dump(_GET_NEIGHBOR, _NEIGHBOR.pack(socket.AF_INET, 0, 0, 0, 0)):
        family, index, state, _, _ = _NEIGHBOR.unpack_from(payload)
        told = attributes(payload, _NEIGHBOR.size)
        mac = told.get(_NDA_LLADDR, b"")
        if family != socket.AF_INET or len(mac) != _ETHER_BYTES:
            continue
        confirmed = _CACHE.unpack(told[_NDA_CACHEINFO])[0] if _NDA_CACHEINFO in told else 0
        age = None if state & NUD_PERMANENT else confirmed // _TICKS
        found.append(ArpEntry(socket.inet_ntoa(told[_NDA_DST]), mac.hex(":"), index, age))
    return found


def addresses(index: int = 0) -> list[KernelAddress]:
    """The IPv4 addresses of the device with this index, or of all devices.

    Raises:
        DriverError: they can't be read.
    """
    found = []
    for payload in _dump(_GET_ADDRESS, _ADDRESS.pack(socket.AF_INET, 0, 0, 0, index)):
        _, bits, flags, _, owner = _ADDRESS.unpack_from(payload)
        told = attributes(payload, _ADDRESS.size)
        permanent = bool(number(told.get(_IFA_FLAGS, b""), flags) & _PERMANENT_ADDRESS)
        found.append(KernelAddress(owner, f"{socket.inet_ntoa(told[_IFA_LOCAL])}/{bits}", permanent))
    return found


def routes(table: int = 0, protocol: int = 0) -> list[KernelRoute]:
    """All IPv4 routes, or those of one table and of one protocol.

    Raises:
        DriverError: they can't be read.
    """
    found = []
    for payload in _dump(_GET_ROUTE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, table, protocol, 0, 0, 0)):
        _, bits, _, _, owner, origin, _, kind, _ = _ROUTE.unpack_from(payload)
        told = attributes(payload, _ROUTE.size)
        prefix = f"{socket.inet_ntoa(told.get(_RTA_DST, bytes(4)))}/{bits}"
        owner, metric = number(told.get(_RTA_TABLE, b""), owner), number(told.get(_RTA_PRIORITY, b""))
        found.append(KernelRoute(prefix, owner, origin, metric, kind, tuple(_hops(told))))
    return found


def _hops(told: dict[int, bytes]) -> Iterator[tuple[str, int]]:
    several = told.get(_RTA_MULTIPATH)
    if several is None:
        yield _gateway(told), number(told.get(_RTA_OIF, b""))
        return
    position = 0
    while position + _HOP.size <= len(several):
        length, _, _, index = _HOP.unpack_from(several, position)
        yield _gateway(attributes(several[position + _HOP.size : position + length])), index
        position += (length + 3) & ~3 or _HOP.size


def _gateway(told: dict[int, bytes]) -> str:
    gateway = told.get(_RTA_GATEWAY)
    return "" if gateway is None else socket.inet_ntoa(gateway)


def _dump(kind: int, body: bytes) -> Iterator[bytes]:
    try:
        with Netlink() as netlink:
            yield from netlink.dump(kind, body)
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.ENOENT):  # no such device; a table that has no route yet
            raise DriverError(f"reading the kernel's tables: {error}") from error
