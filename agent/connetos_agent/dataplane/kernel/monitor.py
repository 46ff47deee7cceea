"""Hears from the kernel what happens to network devices, addresses, routes and queues (rtnetlink(7)), as it happens."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from connetos_agent.dataplane.kernel.links import Device, parse_device
from connetos_agent.dataplane.kernel.rtnetlink import attributes

ADDRESSES = 0x10  # RTMGRP_IPV4_IFADDR
EVERYTHING = ADDRESSES | 0x1 | 0x8 | 0x40  # RTMGRP_LINK, RTMGRP_TC, RTMGRP_IPV4_ROUTE
_RTM_NEWLINK, _RTM_DELLINK, _RTM_NEWADDR, _RTM_DELADDR, _RTM_NEWROUTE, _RTM_DELROUTE = 16, 17, 20, 21, 24, 25
_TRAFFIC_CONTROL = (36, 37, 44, 45)  # RTM_NEWQDISC, RTM_DELQDISC, RTM_NEWTFILTER, RTM_DELTFILTER
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_TRAFFIC = struct.Struct("=BxxxiIII")  # struct tcmsg: family, index, handle, parent, info
_RTA_DST = 1
_BUFFER_BYTES = 1 << 16
_RECEIVE_BYTES = 1 << 20
"""Room for what arrives while the agent is busy: some thousand messages."""


class LinkChange(NamedTuple):
    """A device is as told, or gone."""

    device: Device
    gone: bool


class AddressChange(NamedTuple):
    """An IPv4 address of the device with this index came or went."""

    device_index: int


class RouteChange(NamedTuple):
    """An IPv4 route came or went."""

    prefix: str
    table: int
    protocol: int


class TrafficControlChange(NamedTuple):
    """A queueing discipline or a filter of the device with this index came or went."""

    device_index: int


Change = LinkChange | AddressChange | RouteChange | TrafficControlChange


class Monitor:
    """A socket that gets every change in the network namespace it was made in, or only those of some `groups`."""

    def __init__(self, groups: int = EVERYTHING) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            socket.NETLINK_ROUTE,
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._socket.bind((0, groups))

    def fileno(self) -> int:
        """For whoever waits for changes."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()

    def read(self) -> Iterator[Change]:
        """What was heard since the last time; doesn't wait.

        Raises:
            OSError: with ENOBUFS: more was told than there is room for, so some of it is lost.
        """
        while True:
            try:
                data = self._socket.recv(_BUFFER_BYTES)
            except BlockingIOError:
                return
            position = 0
            while position + _HEADER.size <= len(data):
                length, kind, *_ = _HEADER.unpack_from(data, position)
                payload = data[position + _HEADER.size : position + length]
                change = _change(kind, payload)
                if change is not None:
                    yield change
                position += (length + 3) & ~3


def _change(kind: int, payload: bytes) -> Change | None:
    if kind in (_RTM_NEWLINK, _RTM_DELLINK):
        return LinkChange(parse_device(payload), kind == _RTM_DELLINK)
    if kind in (_RTM_NEWADDR, _RTM_DELADDR):
        return AddressChange(_ADDRESS.unpack_from(payload)[4])
    if kind in (_RTM_NEWROUTE, _RTM_DELROUTE):
        _, bits, _, _, table, protocol, *_ = _ROUTE.unpack_from(payload)
        address = attributes(payload, _ROUTE.size).get(_RTA_DST, bytes(4))
        return RouteChange(f"{socket.inet_ntoa(address)}/{bits}", table, protocol)
    if kind in _TRAFFIC_CONTROL:
        return TrafficControlChange(_TRAFFIC.unpack_from(payload)[1])
    return None
