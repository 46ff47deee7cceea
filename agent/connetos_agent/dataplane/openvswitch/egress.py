"""The most that a port sends: a token bucket (tc-tbf(8)) at its device, set over rtnetlink.

Open vSwitch's userspace datapath sends the frames of all ports through one socket. Frames that wait at one port fill the
socket's buffer, and then every other port loses frames too: Open vSwitch's own `linux-htb` lets 1,000 of them wait.
So at most `WAITING_FRAMES` wait here; of more the oldest is dropped, which isn't reported as an error, since after an
error Open vSwitch throws the rest of its batch away. The qdisc outlives a restart of ovs-vswitchd if its port has
the QoS type `linux-noop`.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.rtnetlink import (
    CREATE,
    REPLACE,
    Netlink,
    attribute,
    attributes,
    text,
)

WAITING_FRAMES = 32
BURST_SECONDS = 0.01
LEAST_BURST_BYTES = 20000

_NEW, _DELETE, _GET = 36, 37, 38  # RTM_*QDISC
_TCMSG = struct.Struct("=BxxxiIII")
_ROOT, _HANDLE, _CHILD_PARENT = 0xFFFFFFFF, 0x636E0000, 0x636E0001
_KIND, _OPTIONS = 1, 2
_PARMS, _RATE64, _BURST = 1, 4, 6
_RATESPEC = struct.Struct("=BBHhHI")
_ETHERNET = 1
_MAX32 = 0xFFFFFFFF
_MISSING = (errno.ENOENT, errno.ENODEV, errno.EINVAL)  # nothing there to delete


class EgressLimits:
    """Sets and reads the limits of devices of the network namespace it was made in. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._netlink = Netlink()

    def close(self) -> None:
        """Give the socket back."""
        self._netlink.close()

    def limit(self, device: str, kilobits: int | None) -> None:
        """Let a device send at most so much, or (None) all it can.

        Raises:
            DriverError: the kernel refuses.
        """
        try:
            index = socket.if_nametoindex(device)
            with self._lock:
                if kilobits is None:
                    self._unlimit(index)
                else:
                    self._limit(index, kilobits)
        except OSError as error:
            raise DriverError(f"the most that {device} sends can't be set: {error.strerror}") from error

    def _unlimit(self, index: int) -> None:
        try:
            self._netlink.change(_DELETE, _TCMSG.pack(0, index, _HANDLE, _ROOT, 0))
        except OSError as error:
            if error.errno not in _MISSING:
                raise

    def _limit(self, index: int, kilobits: int) -> None:
        place = _TCMSG.pack(0, index, _HANDLE, _ROOT, 0)
        bucket = attribute(_KIND, b"tbf\0") + attribute(_OPTIONS, _bucket(kilobits))
        self._netlink.change(_NEW, place + bucket, CREATE | REPLACE)
        place = _TCMSG.pack(0, index, 0, _CHILD_PARENT, 0)
        queue = attribute(_KIND, b"pfifo_head_drop\0") + attribute(
            _OPTIONS, struct.pack("=I", WAITING_FRAMES)
        )
        self._netlink.change(_NEW, place + queue, CREATE | REPLACE)

    def limits(self) -> dict[int, int]:
        """The limits that there are, in kbit/s by the index of their device; 0 for one whose queue isn't ours."""
        found: dict[int, int] = {}
        short = set()
        try:
            with self._lock:
                queues = list(self._netlink.dump(_GET, _TCMSG.pack(0, 0, 0, 0, 0)))
        except OSError as error:
            raise DriverError(f"limits of what ports send can't be read: {error.strerror}") from error
        for payload in queues:
            _, index, handle, parent, _ = _TCMSG.unpack_from(payload)
            told = attributes(payload, _TCMSG.size)
            kind = text(told.get(_KIND, b""))
            if handle == _HANDLE and kind == "tbf":
                options = attributes(told.get(_OPTIONS, b""))
                rate = int(_RATESPEC.unpack_from(options[_PARMS])[5])
                if _RATE64 in options:
                    (rate,) = struct.unpack("=Q", options[_RATE64])
                found[index] = rate * 8 // 1000
            elif parent == _CHILD_PARENT and kind == "pfifo_head_drop":
                short.add(index)
        return {index: rate if index in short else 0 for index, rate in found.items()}


def _bucket(kilobits: int) -> bytes:
    octets = kilobits * 125
    burst = max(int(octets * BURST_SECONDS), LEAST_BURST_BYTES)
    rate = _RATESPEC.pack(0, _ETHERNET, 0, 0, 0, min(octets, _MAX32))
    parameters = rate + _RATESPEC.pack(0, 0, 0, 0, 0, 0) + struct.pack("=III", burst * 4, 0, 0)
    options = attribute(_PARMS, parameters) + attribute(_BURST, struct.pack("=I", min(burst, _MAX32)))
    if octets > _MAX32:
        options += attribute(_RATE64, struct.pack("=Q", octets))
    return options
