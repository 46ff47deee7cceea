"""What the agent has the kernel change: devices, addresses, neighbours, routes, the guard's filter (rtnetlink(7)).

Each raises `OSError` with the kernel's `errno`. Deleting what isn't there (any more) is no error.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Iterator, Sequence

from connetos_agent.dataplane.kernel.rtnetlink import CREATE, EXCLUSIVE, REPLACE, Netlink, attribute
from connetos_agent.dataplane.kernel.tables import NUD_PERMANENT, UNICAST

_NEW_LINK, _DEL_LINK = 16, 17
_NEW_ADDRESS, _DEL_ADDRESS = 20, 21
_NEW_ROUTE, _DEL_ROUTE = 24, 25
_NEW_NEIGHBOR, _DEL_NEIGHBOR = 28, 29
_NEW_QDISC, _NEW_FILTER = 36, 44
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, changed flags
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, bits, flags, scope, index
_LIFETIME = struct.Struct("=IIII")  # struct ifa_cacheinfo: preferred, valid, created, updated
_ROUTE = struct.Struct("=BBBBBBBBI")  # struct rtmsg
_HOP = struct.Struct("=HBBi")  # struct rtnexthop: length, flags, weight - 1, index
_NEIGHBOR = struct.Struct("=BxxxiHBB")  # struct ndmsg
_TRAFFIC = struct.Struct("=BxxxiIII")  # struct tcmsg: family, index, handle, parent, info
_IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_GROUP = 3, 4, 18, 20, 27
_IFLA_INFO_KIND = 1
_IFF_UP = 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_CACHEINFO = 1, 2, 6
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH = 1, 4, 5, 6, 9
_ANY_SCOPE = 255
_NDA_DST, _NDA_LLADDR = 1, 2
_TCA_KIND, _TCA_OPTIONS = 1, 2
_BPF_CLASSID, _BPF_FD, _BPF_NAME, _BPF_FLAGS = 3, 6, 7, 8
_BPF_DIRECT_ACTION = 1
_CLSACT, _CLSACT_HANDLE, CLSACT_INGRESS = 0xFFFFFFF1, 0xFFFF0000, 0xFFFFFFF2
ETH_P_ALL = 0x0003
_GONE = (errno.ESRCH, errno.ENODEV, errno.EADDRNOTAVAIL, errno.ENOENT)


@contextlib.contextmanager
def _absent_is_fine() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE:
            raise


# -- devices ------------------------------------------------------------------------------------------


def set_link(
    netlink: Netlink,
    index: int,
    *,
    up: bool | None = None,
    mtu: int | None = None,
    alias: str | None = None,
    group: int | None = None,
) -> None:
    """Set what is given of the device with this index, all in one message; `mtu` in bytes."""
    body = _LINK.pack(0, 0, index, _IFF_UP if up else 0, 0 if up is None else _IFF_UP)
    if mtu is not None:
        body += attribute(_IFLA_MTU, mtu)
    if alias is not None:
        body += attribute(_IFLA_IFALIAS, alias.encode())
    if group is not None:
        body += attribute(_IFLA_GROUP, group)
    netlink.change(_NEW_LINK, body)


def add_link(netlink: Netlink, name: str, kind: str, *, group: int) -> None:
    """Make a device of a kind such as `dummy`."""
    body = _LINK.pack(0, 0, 0, 0, 0) + attribute(_IFLA_IFNAME, name.encode() + b"\0")
    body += attribute(_IFLA_GROUP, group)
    body += attribute(_IFLA_LINKINFO, attribute(_IFLA_INFO_KIND, kind.encode()))
    netlink.change(_NEW_LINK, body, CREATE | EXCLUSIVE)


def delete_link(netlink: Netlink, index: int) -> None:
    """Delete a device."""
    with _absent_is_fine():
        netlink.change(_DEL_LINK, _LINK.pack(0, 0, index, 0, 0))


# -- addresses and neighbours -------------------------------------------------------------------------


def put_address(netlink: Netlink, index: int, address: str, *, lifetime: int | None = None) -> None:
    """Give a device an address such as `198.18.0.1/24`, for so many seconds (None: for ever)."""
    body = _address(index, address)
    if lifetime is not None:
        body += attribute(_IFA_CACHEINFO, _LIFETIME.pack(lifetime, lifetime, 0, 0))
    netlink.change(_NEW_ADDRESS, body, CREATE | REPLACE)


def delete_address(netlink: Netlink, index: int, address: str) -> None:
    """Take an address away from a device."""
    with _absent_is_fine():
        netlink.change(_DEL_ADDRESS, _address(index, address))


def _address(index: int, address: str) -> bytes:
    ip, _, bits = address.partition("/")
    octets = socket.inet_aton(ip)
    head = _ADDRESS.pack(socket.AF_INET, int(bits), 0, 0, index)
    return head + attribute(_IFA_LOCAL, octets) + attribute(_IFA_ADDRESS, octets)


def put_neighbor(netlink: Netlink, index: int, address: str, mac: str) -> None:
    """Add a permanent ARP entry, or change it."""
    body = _neighbor(index, address) + attribute(_NDA_LLADDR, bytes.fromhex(mac.replace(":", "")))
    netlink.change(_NEW_NEIGHBOR, body, CREATE | REPLACE)


def delete_neighbor(netlink: Netlink, index: int, address: str) -> None:
    """Remove an ARP entry."""
    with _absent_is_fine():
        netlink.change(_DEL_NEIGHBOR, _neighbor(index, address))


def _neighbor(index: int, address: str) -> bytes:
    head = _NEIGHBOR.pack(socket.AF_INET, index, NUD_PERMANENT, 0, 0)
    return head + attribute(_NDA_DST, socket.inet_aton(address))


# -- routes -------------------------------------------------------------------------------------------


def put_route(
    netlink: Netlink,
    prefix: str,
    hops: Sequence[tuple[str, int]],
    *,
    table: int,
    protocol: int,
    metric: int,
) -> None:
    """Add the route of this prefix and metric, or change it; `hops` are (gateway, index of the device)."""
    body = _route(prefix, table, protocol, metric, scope=0, kind=UNICAST)
    if len(hops) == 1:
        gateway, index = hops[0]
        body += attribute(_RTA_GATEWAY, socket.inet_aton(gateway)) + attribute(_RTA_OIF, index)
    else:
        body += attribute(_RTA_MULTIPATH, b"".join(_hop(gateway, index) for gateway, index in hops))
    netlink.change(_NEW_ROUTE, body, CREATE | REPLACE)


def delete_route(
    netlink: Netlink, prefix: str, *, table: int, protocol: int, metric: int, index: int | None = None
) -> None:
    """Delete the route of this prefix and metric, through any or one device."""
    body = _route(prefix, table, protocol, metric, scope=_ANY_SCOPE, kind=0)
    if index is not None:
        body += attribute(_RTA_OIF, index)
    with _absent_is_fine():
        netlink.change(_DEL_ROUTE, body)


def _route(prefix: str, table: int, protocol: int, metric: int, *, scope: int, kind: int) -> bytes:
    network, _, bits = prefix.partition("/")
    head = _ROUTE.pack(socket.AF_INET, int(bits), 0, 0, table, protocol, scope, kind, 0)
    destination = attribute(_RTA_DST, socket.inet_aton(network)) if int(bits) else b""
    return head + destination + attribute(_RTA_PRIORITY, metric)


def _hop(gateway: str, index: int) -> bytes:
    way = attribute(_RTA_GATEWAY, socket.inet_aton(gateway))
    return _HOP.pack(_HOP.size + len(way), 0, 0, index) + way


# -- the guard ----------------------------------------------------------------------------------------


def put_ingress_program(netlink: Netlink, index: int, name: str, descriptor: int) -> None:
    """Have a loaded BPF program decide about all frames that come in at a device (tc-bpf(8), direct action)."""
    body = _TRAFFIC.pack(0, index, _CLSACT_HANDLE, _CLSACT, 0) + attribute(_TCA_KIND, b"clsact\0")
    with contextlib.suppress(FileExistsError):
        netlink.change(_NEW_QDISC, body, CREATE | EXCLUSIVE)
    options = attribute(_BPF_CLASSID, 1) + attribute(_BPF_FD, descriptor)
    options += attribute(_BPF_NAME, name.encode() + b"\0") + attribute(_BPF_FLAGS, _BPF_DIRECT_ACTION)
    first_for_all = 1 << 16 | socket.htons(ETH_P_ALL)
    body = _TRAFFIC.pack(0, index, 1, CLSACT_INGRESS, first_for_all)
    body += attribute(_TCA_KIND, b"bpf\0") + attribute(_TCA_OPTIONS, options)
    netlink.change(_NEW_FILTER, body, CREATE | EXCLUSIVE)
