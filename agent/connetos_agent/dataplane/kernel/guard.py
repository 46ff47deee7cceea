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

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.changes import CLSACT_INGRESS, ETH_P_ALL, put_ingress_program
from connetos_agent.dataplane.kernel.rtnetlink import Netlink

NAME = "connetos-guard"
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "armv7l": 386, "ppc64le": 361, "s390x": 351}
_PROG_LOAD = 5
_SCHED_CLS = 3
_STOLEN = struct.pack("=BBhi", 0xB7, 0, 0, 4) + struct.pack("=BBhi", 0x95, 0, 0, 0)
"""`r0 = TC_ACT_STOLEN; exit` (linux/bpf.h, linux/pkt_cls.h)."""
_GET_FILTER = 46
_DEL_LINK = 17
_GROUPS = 0x1 | 0x8  # RTMGRP_LINK, RTMGRP_TC
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_TRAFFIC = struct.Struct("=BxxxiIII")  # struct tcmsg: family, index, handle, parent, info
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
    """Tells on which devices the guard stands, in the network namespace it was made in; for one thread at a time.

    A device is asked for once: the kernel tells when anything of its traffic control changes, or when it goes.
    """

    def __init__(self) -> None:
        self._netlink = Netlink()
        self._news = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            socket.NETLINK_ROUTE,
        )
        self._news.bind((0, _GROUPS))
        self._known: dict[int, bool] = {}

    def close(self) -> None:
        """Give the sockets back."""
        self._netlink.close()
        self._news.close()

    def is_on(self, index: int) -> bool:
        """Whether the guard stands on the device with this index, and for frames of every protocol.

        Raises:
            DriverError: the kernel doesn't tell.
        """
        self._hear()
        if index not in self._known:
            self._known[index] = self._ask(index)
        return self._known[index]

    def _ask(self, index: int) -> bool:
        body = _TRAFFIC.pack(0, index, 0, CLSACT_INGRESS, 0)
        try:
            filters = list(self._netlink.dump(_GET_FILTER, body))
        except OSError as error:
            raise DriverError(f"reading the guard of a switch port: {error}") from error
        return any(
            _NAME_ATTRIBUTE in payload
            and socket.ntohs(_TRAFFIC.unpack_from(payload)[4] & 0xFFFF) == ETH_P_ALL
            for payload in filters
        )

    def _hear(self) -> None:
        """Forget what may have changed."""
        while True:
            try:
                data, position = self._news.recv(1 << 16), 0
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: some news were lost
                self._known.clear()
                continue
            while position + _HEADER.size <= len(data):
                length, kind, *_ = _HEADER.unpack_from(data, position)
                if kind >= _DEL_LINK:  # of a device that is new nothing is known yet
                    self._known.pop(struct.unpack_from("=i", data, position + _HEADER.size + 4)[0], None)
                position += (length + 3) & ~3 or _HEADER.size


def put_on(netlink: Netlink, index: int, descriptor: int) -> None:
    """Put the loaded program on the ingress of a device; it stays when the agent ends.

    Raises:
        OSError: the kernel refuses.
    """
    put_ingress_program(netlink, index, NAME, descriptor)
