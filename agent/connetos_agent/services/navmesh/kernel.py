"""Asks the kernel where it would route a packet (RTM_GETROUTE with the packet's ports) and for neighbours.

With the incoming interface and the ports the answer is the very next hop that a packet takes: the kernel makes a packet
of them and hashes it (net/ipv4/route.c, `inet_rtm_getroute`).
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink, attribute, attributes, number
from connetos_agent.services.navmesh.flow import ICMP, ICMPV6, TCP, UDP, Address, Flow

_GETROUTE, _GETNEIGH = 26, 30
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_NEXT_HOP = struct.Struct("=HBBi")
_DST, _SRC, _IIF, _OIF, _GATEWAY, _PRIORITY, _MULTIPATH = 1, 2, 3, 4, 5, 6, 9
_IP_PROTO, _SPORT, _DPORT = 27, 28, 29
_NDA_DST, _NDA_LLADDR = 1, 2
_FIB_MATCH = 0x2000
_TYPES = {1: "unicast", 2: "local", 3: "broadcast", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_EXACT = frozenset((ICMP, TCP, UDP, ICMPV6))
"""Protocols that the kernel takes a lookup for; others it hashes in packets only."""
_STATES = {
    0x01: "incomplete", 0x02: "reachable", 0x04: "stale", 0x08: "delay", 0x10: "probe", 0x20: "failed",
    0x40: "noarp", 0x80: "permanent",
}  # fmt: skip
USABLE = frozenset(("reachable", "stale", "delay", "probe", "noarp", "permanent"))


@dataclass(frozen=True)
class NextHop:
    """Where a route leads: out of an interface (by index), to a router or (None) to the destination itself."""

    interface: int
    gateway: Address | None


@dataclass(frozen=True)
class RouteAnswer:
    """What the kernel's tables say of a packet.

    Attributes:
        kind: `unicast`, `local`, `blackhole`, …; `none` when no route covers the destination, `refused` when
            the kernel doesn't take the packet.
        prefix: of the route that decides.
        hops: its next hops.
        taken: the one that this packet takes; None if that isn't known.
        reason: why there is no way, for people.
    """

    kind: str
    prefix: str = ""
    hops: tuple[NextHop, ...] = ()
    taken: NextHop | None = None
    reason: str = ""


@dataclass(frozen=True)
class Neighbour:
    """A neighbour: its MAC address if known, and in which state the entry is (`none` without an entry)."""

    mac: str
    state: str

    @property
    def usable(self) -> bool:
        """Whether frames are sent to it."""
        return self.state in USABLE and bool(self.mac)


class Kernel:
    """Netlink sockets of the namespace they are made in; for one thread at a time."""

    def __init__(self) -> None:
        self._netlink = Netlink()
        self._links = LinkReader()

    def close(self) -> None:
        """Give the sockets back."""
        self._netlink.close()
        self._links.close()

    def device(self, name: str) -> Device | None:
        """A network device by name."""
        return self._links.one(name)

    def device_at(self, index: int) -> Device | None:
        """A network device by its index."""
        return self._links.at(index)

    def route(self, flow: Flow, incoming: int = 0) -> RouteAnswer:
        """Where a packet of `flow` goes that came in through the interface with index `incoming` (0: made here)."""
        exact = flow.protocol in _EXACT
        try:
            fib = self._route(flow, incoming, _FIB_MATCH, ports=exact)
            found = self._route(flow, incoming, 0, ports=exact)
        except OSError as error:
            return _no_way(flow, error)
        hops = fib.hops or found.hops
        taken = found.taken if exact or len(hops) <= 1 else None
        return RouteAnswer(found.kind, fib.prefix, hops, taken)

    def way_to(self, address: Address) -> RouteAnswer:
        """The route to an address with all its next hops, whatever the flow."""
        try:
            return self._route(Flow(address, address, 0, 0, 0), 0, _FIB_MATCH, ports=False, source=False)
        except OSError as error:
            return RouteAnswer("none", reason=os.strerror(error.errno or 0))

    def neighbour(self, interface: int, address: Address) -> Neighbour:
        """What the kernel knows of a neighbour."""
        family = _family(address)
        body = _NEIGHBOUR.pack(family, interface, 0, 0, 0) + attribute(_NDA_DST, address.packed)
        try:
            payload = self._ask(_GETNEIGH, body)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return Neighbour("", "none")
            raise DriverError(f"reading neighbours: {error}") from error
        state = _NEIGHBOUR.unpack_from(payload)[2]
        told = attributes(payload, _NEIGHBOUR.size)
        return Neighbour(told.get(_NDA_LLADDR, b"").hex(":"), _STATES.get(state, f"state {state}"))

    def _route(
        self, flow: Flow, incoming: int, flags: int, *, ports: bool, source: bool = True
    ) -> RouteAnswer:
        family, bits = _family(flow.destination), flow.destination.max_prefixlen
        body = _ROUTE.pack(family, bits, bits if source else 0, 0, 0, 0, 0, 0, flags)
        body += attribute(_DST, flow.destination.packed)
        if source:
            body += attribute(_SRC, flow.source.packed)
        if incoming:
            body += attribute(_IIF, incoming)
        if ports:
            body += attribute(_IP_PROTO, bytes((flow.protocol,)))
            if flow.has_ports:
                body += attribute(_SPORT, struct.pack("!H", flow.source_port))
                body += attribute(_DPORT, struct.pack("!H", flow.destination_port))
        return _answer(self._ask(_GETROUTE, body), bits)

    def _ask(self, kind: int, body: bytes) -> bytes:
        found = self._netlink.get(kind, body)
        if found is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return found


def _family(address: Address) -> int:
    return int(socket.AF_INET if address.version == 4 else socket.AF_INET6)


def _answer(payload: bytes, bits: int) -> RouteAnswer:
    _, length, _, _, _, _, _, kind, _ = _ROUTE.unpack_from(payload)
    found = attributes(payload, _ROUTE.size)
    network = int.from_bytes(found.get(_DST, b""), "big") if _DST in found else 0
    text = ipaddress.IPv4Address(network) if bits == 32 else ipaddress.IPv6Address(network)
    hops = tuple(_hops(found))
    return RouteAnswer(
        _TYPES.get(kind, f"type {kind}"), f"{text}/{length}", hops, hops[0] if len(hops) == 1 else None
    )


def _hops(found: dict[int, bytes]) -> Iterator[NextHop]:
    if _OIF in found:
        yield NextHop(number(found[_OIF]), _gateway(found))
    data = found.get(_MULTIPATH, b"")
    while len(data) >= _NEXT_HOP.size:
        length, _, _, interface = _NEXT_HOP.unpack_from(data)
        yield NextHop(interface, _gateway(attributes(data[_NEXT_HOP.size : length])))
        data = data[(length + 3) & ~3 :] if length else b""


def _gateway(found: dict[int, bytes]) -> Address | None:
    packed = found.get(_GATEWAY)
    return ipaddress.ip_address(packed) if packed else None


def _no_way(flow: Flow, error: OSError) -> RouteAnswer:
    code = error.errno or 0
    if code == errno.ENETUNREACH:
        return RouteAnswer("none", reason=f"no route covers {flow.destination}")
    reasons = {
        errno.EHOSTUNREACH: f"a route says that {flow.destination} is unreachable, or routing is off on the interface",
        errno.EACCES: f"a route prohibits {flow.destination}",
        errno.EINVAL: f"a route drops what goes to {flow.destination}, or {flow.source} can't be a sender here",
        errno.EXDEV: f"{flow.source} isn't expected on the interface (reverse path filter)",
    }
    return RouteAnswer("refused", reason=reasons.get(code, f"the kernel says: {os.strerror(code)}"))
