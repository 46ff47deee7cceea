"""The most that a port sends: a token bucket (tc-tbf(8)) at its device, set over rtnetlink.

Open vSwitch's userspace datapath sends the frames of all ports through one socket. Frames that wait at one port fill the
socket's buffer, and then every other port loses frames too: Open vSwitch's own `linux-htb` lets 1,000 of them wait.
So at most `WAITING_FRAMES` wait here; of more the oldest is dropped, which isn't reported as an error, since after an
error Open vSwitch throws the rest of its batch away. The qdisc outlives a restart of ovs-vswitchd if its port has
the QoS type `linux-noop`.
"""

from __future__ import annotations

import os
import socket
import struct
import threading

from connetos_agent.dataplane.base import TIMEOUT, DriverError

WAITING_FRAMES = 32
BURST_SECONDS = 0.01
LEAST_BURST_BYTES = 20000

_NEW, _DELETE, _GET = 36, 37, 38  # RTM_*QDISC
_ERROR, _DONE = 2, 3
_REQUEST, _ACK, _DUMP, _REPLACE, _CREATE = 0x1, 0x4, 0x300, 0x100, 0x400
_HEADER = struct.Struct("=IHHII")
_TCMSG = struct.Struct("=BxxxiIII")
_ATTRIBUTE = struct.Struct("=HH")
_ROOT, _HANDLE, _CHILD_PARENT = 0xFFFFFFFF, 0x636E0000, 0x636E0001
_KIND, _OPTIONS = 1, 2
_PARMS, _RATE64, _BURST = 1, 4, 6
_RATESPEC = struct.Struct("=BBHhHI")
_ETHERNET = 1
_MAX32 = 0xFFFFFFFF
_MISSING = (2, 19, 22)  # ENOENT, ENODEV, EINVAL: nothing there to delete


class EgressLimits:
    """Sets and reads the limits of devices of the network namespace it was made in. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sequence = 0
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.settimeout(TIMEOUT)
        self._socket.bind((0, 0))

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def limit(self, device: str, kilobits: int | None) -> None:
        """Let a device send at most so much, or (None) all it can.

        Raises:
            DriverError: the kernel refuses.
        """
        try:
            index = socket.if_nametoindex(device)
            if kilobits is None:
                self._ask(_DELETE, _ACK, _TCMSG.pack(0, index, _HANDLE, _ROOT, 0), _MISSING)
                return
            place = _TCMSG.pack(0, index, _HANDLE, _ROOT, 0)
            make = _ACK | _CREATE | _REPLACE
            self._ask(_NEW, make, place + _named("tbf") + _attribute(_OPTIONS, _bucket(kilobits)))
            place = _TCMSG.pack(0, index, 0, _CHILD_PARENT, 0)
            waiting = _attribute(_OPTIONS, struct.pack("=I", WAITING_FRAMES))
            self._ask(_NEW, make, place + _named("pfifo_head_drop") + waiting)
        except OSError as error:
            raise DriverError(f"the most that {device} sends can't be set: {error.strerror}") from error

    def limits(self) -> dict[int, int]:
        """The limits that there are, in kbit/s by the index of their device; 0 for one whose queue isn't ours."""
        found: dict[int, int] = {}
        short = set()
        try:
            for payload in self._ask(_GET, _DUMP, _TCMSG.pack(0, 0, 0, 0, 0)):
                _, index, handle, parent, _ = _TCMSG.unpack_from(payload)
                attributes = _attributes(payload[_TCMSG.size :])
                kind = attributes.get(_KIND, b"").rstrip(b"\0")
                if handle == _HANDLE and kind == b"tbf":
                    options = _attributes(attributes.get(_OPTIONS, b""))
                    rate = int(_RATESPEC.unpack_from(options[_PARMS])[5])
                    if _RATE64 in options:
                        (rate,) = struct.unpack("=Q", options[_RATE64])
                    found[index] = rate * 8 // 1000
                elif parent == _CHILD_PARENT and kind == b"pfifo_head_drop":
                    short.add(index)
        except OSError as error:
            raise DriverError(f"limits of what ports send can't be read: {error.strerror}") from error
        return {index: rate if index in short else 0 for index, rate in found.items()}

    def _ask(self, kind: int, flags: int, body: bytes, allowed: tuple[int, ...] = ()) -> list[bytes]:
        """The payloads of the answer; an error of the kernel is raised as OSError, unless it is allowed."""
        with self._lock:
            self._sequence += 1
            head = _HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST, self._sequence, 0)
            self._socket.send(head + body)
            found: list[bytes] = []
            while True:
                data, position = self._socket.recv(1 << 17), 0
                while position + _HEADER.size <= len(data):
                    length, answer, _, sequence, _ = _HEADER.unpack_from(data, position)
                    payload = data[position + _HEADER.size : position + length]
                    position += (length + 3) & ~3
                    if sequence != self._sequence:
                        continue
                    if answer == _ERROR:
                        number = -struct.unpack_from("=i", payload)[0]
                        if number and number not in allowed:
                            raise OSError(number, os.strerror(number))
                        return found
                    if answer == _DONE:
                        return found
                    found.append(payload)


def _bucket(kilobits: int) -> bytes:
    octets = kilobits * 125
    burst = max(int(octets * BURST_SECONDS), LEAST_BURST_BYTES)
    rate = _RATESPEC.pack(0, _ETHERNET, 0, 0, 0, min(octets, _MAX32))
    parameters = rate + _RATESPEC.pack(0, 0, 0, 0, 0, 0) + struct.pack("=III", burst * 4, 0, 0)
    options = _attribute(_PARMS, parameters) + _attribute(_BURST, struct.pack("=I", min(burst, _MAX32)))
    if octets > _MAX32:
        options += _attribute(_RATE64, struct.pack("=Q", octets))
    return options


def _named(kind: str) -> bytes:
    return _attribute(_KIND, kind.encode() + b"\0")


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return (_ATTRIBUTE.pack(length, kind) + value).ljust((length + 3) & ~3, b"\0")


def _attributes(data: bytes) -> dict[int, bytes]:
    found, position = {}, 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3
    return found
