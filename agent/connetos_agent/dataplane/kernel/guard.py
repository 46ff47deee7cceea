"""Keeps the host's IP stack away from frames that arrive on switch ports.

With Open vSwitch's userspace datapath a port's frames go to ovs-vswitchd and, as a copy, to the kernel,
which would answer ARP for the switch's addresses on every port whatever its VLAN. A one-instruction
classifier on ingress steals the kernel's copy; packet sockets (ovs-vswitchd, lldpd, tcpdump) see frames
before it. The kernel datapath takes frames away itself and needs no guard.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
from typing import Any

from connetos_agent.dataplane.base import TIMEOUT, DriverError

NAME = "connetos-guard"
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "armv7l": 386, "ppc64le": 361, "s390x": 351}
_PROG_LOAD = 5
_SCHED_CLS = 3
_STOLEN = struct.pack("=BBhi", 0xB7, 0, 0, 4) + struct.pack("=BBhi", 0x95, 0, 0, 0)
"""`r0 = TC_ACT_STOLEN; exit` (linux/bpf.h, linux/pkt_cls.h)."""
_CLSACT_INGRESS = 0xFFFFFFF2
_ETH_P_ALL = 0x0003
_GET_FILTER, _ERROR, _DONE, _REQUEST_DUMP = 46, 2, 3, 0x301
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_TCMSG = struct.Struct("=BxxxiIII")  # struct tcmsg
_NAME_ATTRIBUTE = struct.pack("=HH", 5 + len(NAME), 7) + NAME.encode() + b"\0"
"""TCA_BPF_NAME with the guard's name."""


def load() -> int:
    """Load the program; a file descriptor of it.

    Raises:
        DriverError: the kernel refuses.
    """
    number = _BPF_SYSCALL.get(platform.machine())
    if number is None:
        raise DriverError(f"switch ports can't be guarded: no bpf() known for {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.create_string_buffer(_STOLEN, len(_STOLEN))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    attributes = struct.pack(
        "=IIQQIIQII16s", _SCHED_CLS, len(_STOLEN) // 8, ctypes.addressof(program), ctypes.addressof(licence),
        0, 0, 0, 0, 0, NAME[:15].replace("-", "_").encode(),
    )  # fmt: skip
    buffer = ctypes.create_string_buffer(attributes, 128)
    descriptor: int = libc.syscall(number, _PROG_LOAD, ctypes.byref(buffer), 128)
    if descriptor < 0:
        raise DriverError(f"switch ports can't be guarded: {os.strerror(ctypes.get_errno())}")
    return descriptor


class GuardReader:
    """Tells of which devices the guard stands, over a netlink socket of the network namespace it was made in.

    A state of 64 ports asks 64 times: an answer takes 30 µs when nothing of it is decoded but what matters.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.settimeout(TIMEOUT)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def is_on(self, index: int) -> bool:
        """Whether the guard stands on the device with this index, and for frames of every protocol."""
        self._sequence += 1
        length = _HEADER.size + _TCMSG.size
        head = _HEADER.pack(length, _GET_FILTER, _REQUEST_DUMP, self._sequence, 0)
        self._socket.send(head + _TCMSG.pack(0, index, 0, _CLSACT_INGRESS, 0))
        found = False
        while True:
            data, position = self._socket.recv(1 << 16), 0
            while position + _HEADER.size <= len(data):
                length, kind, _, sequence, _ = _HEADER.unpack_from(data, position)
                payload = data[position + _HEADER.size : position + length]
                position += (length + 3) & ~3
                if sequence != self._sequence:
                    continue
                if kind in (_DONE, _ERROR):
                    return found
                every = socket.ntohs(_TCMSG.unpack_from(payload)[4] & 0xFFFF) == _ETH_P_ALL
                found = found or (every and _NAME_ATTRIBUTE in payload)


def put_on(netlink: Any, index: int, descriptor: int) -> None:
    """Put the loaded program on the ingress of a device; it stays when the agent ends."""
    if not any(q.get_attr("TCA_KIND") == "clsact" for q in netlink.get_qdiscs(index=index)):
        netlink.tc("add", "clsact", index)
    netlink.tc(
        "add-filter", "bpf", index, ":1", fd=descriptor, name=NAME, parent=_CLSACT_INGRESS,
        classid=1, direct_action=True, prio=1, protocol=_ETH_P_ALL,
    )  # fmt: skip
