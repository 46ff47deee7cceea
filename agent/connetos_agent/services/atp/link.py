"""The management port before there is a configuration: a temporary address, ARP, and news of addresses.

The address is one with a lifetime, as a lease has: it goes by itself when the agent dies, and what looks after the
configured addresses leaves it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.changes import delete_address, put_address, set_link
from connetos_agent.dataplane.kernel.rtnetlink import Netlink
from connetos_agent.dataplane.kernel.tables import addresses
from connetos_sdk.errors import ConnetosError

LIFETIME_SECONDS = 300
PROBES = 3
PROBE_INTERVAL_SECONDS = 0.07
LISTEN_SECONDS = 0.2
"""How long answers to the last ARP request are waited for; RFC 5227 waits longer, for radio links and relays."""
RESOLVE_SECONDS = 2.0
_ETH_ARP, _BROADCAST = 0x0806, b"\xff" * 6
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_REQUEST = 1
_RTMGRP_IPV4_IFADDR = 0x10


class ManagementLink:
    """The device of the management port.

    Args:
        device: name of the network device.
    """

    def __init__(self, device: str) -> None:
        self.device = device

    def mac(self) -> bytes:
        """The device's MAC address.

        Raises:
            OSError: there is no such device.
        """
        return bytes.fromhex(
            Path(f"/sys/class/net/{self.device}/address").read_text("ascii").replace(":", "")
        )

    def in_use(self, address: IPv4Address) -> str:
        """The MAC address of another host that has `address` already; empty if none answers (RFC 5227, 2.1.1).

        Raises:
            ConnetosError: the device can't be used.
        """
        return self._ask(
            IPv4Address(0), address, PROBES * PROBE_INTERVAL_SECONDS + LISTEN_SECONDS, all_along=True
        )

    def answers(self, own: IPv4Address, address: IPv4Address) -> bool:
        """Whether `address`, which is on this link, answers to ARP.

        Raises:
            ConnetosError: the device can't be used.
        """
        return bool(self._ask(own, address, RESOLVE_SECONDS, all_along=False))

    def _ask(self, own: IPv4Address, wanted: IPv4Address, seconds: float, *, all_along: bool) -> str:
        try:
            mac = self.mac()
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ARP)) as sock:
                sock.bind((self.device, _ETH_ARP))
                return _conversation(sock, mac, own, wanted, seconds, all_along=all_along)
        except OSError as error:
            raise ConnetosError(
                f"the management port {self.device} can't be used: {error.strerror}"
            ) from error

    def lend(self, address: IPv4Interface) -> bool:
        """Give the device a temporary address; False if it has it already, from a lease."""
        try:
            with Netlink() as netlink:
                index = socket.if_nametoindex(self.device)
                set_link(netlink, index, up=True)
                if any(IPv4Interface(known.address).ip == address.ip for known in addresses(index)):
                    return False
                put_address(netlink, index, str(address), lifetime=LIFETIME_SECONDS)
        except (OSError, DriverError) as error:
            raise ConnetosError(f"{self.device} can't be given {address}: {error}") from error
        return True

    def renew(self, address: IPv4Interface) -> None:
        """Let what `lend` gave last longer."""
        with contextlib.suppress(OSError, DriverError), Netlink() as netlink:
            index = socket.if_nametoindex(self.device)
            if not _is_configured(index, address):
                put_address(netlink, index, str(address), lifetime=LIFETIME_SECONDS)

    def take_back(self, address: IPv4Interface) -> None:
        """Remove what `lend` gave; a permanent address stays."""
        with contextlib.suppress(OSError, DriverError), Netlink() as netlink:
            index = socket.if_nametoindex(self.device)
            if not _is_configured(index, address):
                delete_address(netlink, index, str(address))

    def routed(self, server: IPv4Address) -> bool:
        """Whether there is a route to `server`."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((str(server), 69))
            return True
        return False


def _is_configured(index: int, address: IPv4Interface) -> bool:
    return any(known.permanent and known.address == str(address) for known in addresses(index))


def _conversation(
    sock: socket.socket, mac: bytes, own: IPv4Address, wanted: IPv4Address, seconds: float, *, all_along: bool
) -> str:
    """Ask for `wanted` a few times; the MAC address of who has it."""
    head = _BROADCAST + mac + struct.pack("!H", _ETH_ARP)
    request = head + _ARP.pack(1, 0x0800, 6, 4, _REQUEST, mac, own.packed, bytes(6), wanted.packed)
    begin = time.monotonic()
    interval = PROBE_INTERVAL_SECONDS if all_along else seconds / PROBES
    sent = 0
    while (now := time.monotonic() - begin) < seconds:
        if sent < PROBES and now >= sent * interval:
            sock.send(request)
            sent += 1
        due = sent * interval if sent < PROBES else seconds
        sock.settimeout(max(0.001, min(due, seconds) - now))
        try:
            frame = sock.recv(256)
        except TimeoutError:
            continue
        if len(frame) < 14 + _ARP.size:
            continue
        _, _, _, _, _, sender, sender_ip, _, target_ip = _ARP.unpack_from(frame, 14)
        # Somebody who probes for the same address at the same moment will have it, too (RFC 5227, 2.1.1).
        probing = own == IPv4Address(0) and sender_ip == bytes(4) and target_ip == wanted.packed
        if sender != mac and (sender_ip == wanted.packed or probing):
            return bytes(sender).hex(":")
    return ""


def has_carrier(device: str) -> bool:
    """Whether a network device is up and has a link."""
    try:
        return Path(f"/sys/class/net/{device}/carrier").read_text("ascii").strip() == "1"
    except OSError:  # it is down, or isn't there
        return False


class AddressNews:
    """Calls a function when an IPv4 address comes or goes anywhere on this host (rtnetlink)."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin; called in the event loop."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        self._socket.bind((0, _RTMGRP_IPV4_IFADDR))
        asyncio.get_running_loop().add_reader(self._socket, self._heard)

    def stop(self) -> None:
        """End."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _heard(self) -> None:
        with contextlib.suppress(OSError):  # ENOBUFS: news were lost, and that is news, too
            while self._socket is not None and self._socket.recv(65536):
                pass
        self._tell()
