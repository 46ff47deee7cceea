"""Reads the kernel's ARP table and IPv4 routes over rtnetlink (rtnetlink(7)); safe to use from any thread.

Each reading has a socket of its own, which costs some microseconds; nothing is kept.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from connetos_agent.dataplane.base import TIMEOUT, DriverError

_RTM_NEWROUTE, _RTM_GETROUTE, _RTM_NEWNEIGH, _RTM_GETNEIGH = 24, 26, 28, 30
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST_DUMP = 0x301
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_NEIGHBOR = struct.Struct("=BxxxiHBB")  # struct ndmsg
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_HOP = struct.Struct("=HBBi")  # struct rtnexthop
_ATTRIBUTE = struct.Struct("=HH")
_CACHE = struct.Struct("=IIII")  # struct nda_cacheinfo: confirmed, used, updated, references
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO = 1, 2, 3
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE = 1, 4, 5, 6, 9, 15
NUD_PERMANENT = 0x80
_ETHER_BYTES = 6
_BUFFER_BYTES = 1 << 17
_TICKS = os.sysconf("SC_CLK_TCK")
UNICAST, LOCAL = 1, 2


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
    for payload in _dump(_RTM_GETNEIGH, _RTM_NEWNEIGH, _NEIGHBOR.pack(socket.AF_INET, 0, 0, 0, 0)):
        family, index, state, _, _ = _NEIGHBOR.unpack_from(payload)
        attributes = _attributes(payload[_NEIGHBOR.size :])
        mac = attributes.get(_NDA_LLADDR, b"")
        if family != socket.AF_INET or len(mac) != _ETHER_BYTES:
            continue
        confirmed = _CACHE.unpack(attributes[_NDA_CACHEINFO])[0] if _NDA_CACHEINFO in attributes else 0
        age = None if state & NUD_PERMANENT else confirmed // _TICKS
        found.append(ArpEntry(socket.inet_ntoa(attributes[_NDA_DST]), mac.hex(":"), index, age))
    return found


def routes() -> list[KernelRoute]:
    """All IPv4 routes of all tables.

    Raises:
        DriverError: they can't be read.
    """
    found = []
    for payload in _dump(_RTM_GETROUTE, _RTM_NEWROUTE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
        _, bits, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(payload)
        attributes = _attributes(payload[_ROUTE.size :])
        prefix = f"{socket.inet_ntoa(attributes.get(_RTA_DST, bytes(4)))}/{bits}"
        if _RTA_TABLE in attributes:
            table = _number(attributes[_RTA_TABLE])
        metric = _number(attributes.get(_RTA_PRIORITY, bytes(4)))
        found.append(KernelRoute(prefix, table, protocol, metric, kind, tuple(_hops(attributes))))
    return found


def _hops(attributes: dict[int, bytes]) -> Iterator[tuple[str, int]]:
    several = attributes.get(_RTA_MULTIPATH)
    if several is None:
        yield _gateway(attributes), _number(attributes.get(_RTA_OIF, bytes(4)))
        return
    position = 0
    while position + _HOP.size <= len(several):
        length, _, _, index = _HOP.unpack_from(several, position)
        yield _gateway(_attributes(several[position + _HOP.size : position + length])), index
        position += (length + 3) & ~3 or 4


def _gateway(attributes: dict[int, bytes]) -> str:
    gateway = attributes.get(_RTA_GATEWAY)
    return "" if gateway is None else socket.inet_ntoa(gateway)


def _number(octets: bytes) -> int:
    return int(struct.unpack("=I", octets)[0])


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        found[kind & 0x3FFF] = data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3 or 4
    return found


def _dump(request: int, answer: int, body: bytes) -> Iterator[bytes]:
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.settimeout(TIMEOUT)
            sock.bind((0, 0))
            sock.send(_HEADER.pack(_HEADER.size + len(body), request, _REQUEST_DUMP, 1, 0) + body)
            while True:
                data, position = sock.recv(_BUFFER_BYTES), 0
                while position + _HEADER.size <= len(data):
                    length, kind, *_ = _HEADER.unpack_from(data, position)
                    if kind == answer:
                        yield data[position + _HEADER.size : position + length]
                    elif kind in (_NLMSG_DONE, _NLMSG_ERROR):
                        return
                    position += (length + 3) & ~3
    except OSError as error:
        raise DriverError(f"reading the kernel's tables: {error}") from error
