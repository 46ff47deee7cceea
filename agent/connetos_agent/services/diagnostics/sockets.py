"""Sockets of probes: bound to a source address or device, with the kernel's own time of arrival."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from connetos_agent.services.diagnostics.icmp import Address, Message, kinds, parse
from connetos_sdk.errors import BadRequest, NotFound, NotRealisable, Problem

_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_IP_RECVTTL = 12
_SOL_RAW, _ICMP_FILTER = 255, 1
_ICMP6_FILTER = 1
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER = 10, 23
_NEVER_FRAGMENT, _FRAGMENT = 2, 0
_MAX_PACKET_BYTES = 65535 + 60
_RECEIVE_BUFFER_BYTES = 1 << 20
_BATCH = 64
"""Packets that are read before others in the loop have their turn."""


@dataclass(frozen=True)
class Origin:
    """Where probes go to and come from: the address asked, the source address and device if given, and for messages
    what the device is called in the configuration."""

    address: Address
    source: Address | None = None
    device: str = ""
    interface: str = ""

    @property
    def family(self) -> socket.AddressFamily:
        """Address family of the socket module."""
        return socket.AF_INET if self.address.version == 4 else socket.AF_INET6


@dataclass(frozen=True)
class Arrival:
    """Something received: from whom, when (nanoseconds since 1970, by the kernel), and its time to live (0: unknown)."""

    sender: Address
    time_ns: int
    ttl: int


def now_ns() -> int:
    """Now, on the clock of `Arrival.time_ns`."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def bound(origin: Origin, kind: socket.SocketKind, protocol: int, port: int = 0) -> socket.socket:
    """A non-blocking socket bound as `origin` says.

    Raises:
        BadRequest: the source address isn't the switch's, or the port is taken.
        NotFound: the device isn't there.
        NotRealisable: the agent may not open such sockets.
    """
    try:
        sock = socket.socket(origin.family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
    except PermissionError:
        raise NotRealisable("the agent isn't root, so it can't send ICMP") from None
    try:
        if origin.device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, origin.device.encode())
        if origin.source is not None or port:
            sock.bind((str(origin.source or ""), port))
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        if origin.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
    except OSError as error:
        sock.close()
        raise _why(error, origin, port) from None
    return sock


def _why(error: OSError, origin: Origin, port: int) -> BadRequest | NotFound:
    if error.errno == errno.EADDRNOTAVAIL:
        return _wrong("source", f"{origin.source} isn't an address of this switch")
    if error.errno == errno.EADDRINUSE:
        return _wrong("source_port", f"port {port} is in use")
    if error.errno == errno.ENODEV:
        return NotFound(f"interface {origin.interface} isn't there")
    return BadRequest(f"the probes can't be sent: {os.strerror(error.errno or 0)}")


def _wrong(argument: str, reason: str) -> BadRequest:
    return BadRequest(problems=[Problem(reason, (argument,), "", BadRequest.code)])


def source_of(origin: Origin) -> Address:
    """The address that packets to the destination leave with.

    Raises:
        NotFound: there is no route.
        BadRequest: see `bound`.
    """
    with bound(origin, socket.SOCK_DGRAM, 0) as sock:
        try:
            sock.connect((str(origin.address), 9))
        except OSError as error:
            where = f" through {origin.interface}" if origin.interface else ""
            if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
                raise NotFound(
                    f"there is no route to {origin.address}{where}", hint="see the routes and VLAN interfaces"
                ) from None
            reason = os.strerror(error.errno or 0)
            raise BadRequest(f"{origin.address} can't be reached{where}: {reason}") from None
        return ipaddress.ip_address(sock.getsockname()[0])


def set_fragmentation(sock: socket.socket, *, forbidden: bool) -> None:
    """Forbid (IPv4: the DF bit) or allow fragments of what is sent."""
    value = _NEVER_FRAGMENT if forbidden else _FRAGMENT
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, value)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, value)


def with_ttl(sock: socket.socket, packet: bytes, to: tuple[str, int], ttl: int) -> None:
    """Send one packet with its own time to live."""
    if sock.family == socket.AF_INET:
        extra = (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("@i", ttl))
    else:
        extra = (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, struct.pack("@i", ttl))
    sock.sendmsg([packet], [extra], 0, to)


class Listener:
    """Calls a function for each packet that arrives at a socket; for `with`, which closes the socket.

    Args:
        sock: the socket; it becomes the listener's.
        received: gets the packet and how it arrived.
    """

    def __init__(self, sock: socket.socket, received: Callable[[bytes, Arrival], None]) -> None:
        self.sock = sock
        self._received = received

    def __enter__(self) -> socket.socket:
        asyncio.get_running_loop().add_reader(self.sock.fileno(), self._read)
        return self.sock

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self.sock.fileno())
        self.sock.close()

    def _read(self) -> None:
        for _ in range(_BATCH):
            try:
                packet, extra, _, sender = self.sock.recvmsg(_MAX_PACKET_BYTES, 256)
            except BlockingIOError:
                return
            except OSError:
                continue  # an error of an earlier packet, which ICMP tells as well
            self._received(packet, _arrival(extra, sender))


def _arrival(extra: list[tuple[int, int, bytes]], sender: tuple[str, ...]) -> Arrival:
    stamp, ttl = 0, 0
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            stamp = seconds * 1_000_000_000 + nanoseconds
        elif (level, kind) in (
            (socket.IPPROTO_IP, socket.IP_TTL),
            (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT),
        ):
            (ttl,) = struct.unpack_from("@i", data)
    return Arrival(ipaddress.ip_address(sender[0].partition("%")[0]), stamp or now_ns(), ttl)


def icmp_listener(origin: Origin, received: Callable[[Message, Arrival], None]) -> Listener:
    """A raw ICMP socket whose listener gets the messages that may answer probes.

    Raises:
        BadRequest, NotFound, NotRealisable: see `bound`.
    """
    family = origin.family
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    sock = bound(origin, socket.SOCK_RAW, protocol)
    wanted = kinds(family)
    if family == socket.AF_INET:
        mask = ~sum(1 << kind for kind in wanted) & 0xFFFFFFFF
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("@I", mask))
    else:
        blocked = [0xFFFFFFFF] * 8
        for kind in wanted:
            blocked[kind >> 5] &= ~(1 << (kind & 31))
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("@8I", *blocked))

    def take(packet: bytes, arrival: Arrival) -> None:
        message = parse(family, packet)
        if message is not None:
            received(message, arrival)

    return Listener(sock, take)
