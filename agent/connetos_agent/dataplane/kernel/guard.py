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

from connetos_agent.dataplane.base import DriverError

NAME = "connetos-guard"
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "armv7l": 386, "ppc64le": 361, "s390x": 351}
_PROG_LOAD = 5
_SCHED_CLS = 3
_STOLEN = struct.pack("=BBhi", 0xB7, 0, 0, 4) + struct.pack("=BBhi", 0x95, 0, 0, 0)
"""`r0 = TC_ACT_STOLEN; exit` (linux/bpf.h, linux/pkt_cls.h)."""
_CLSACT_INGRESS = 0xFFFFFFF2
_ETH_P_ALL = 0x0003


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


def is_on(netlink: Any, index: int) -> bool:
    """Whether the guard stands on the device with this index, and for frames of every protocol."""
    for message in netlink.get_filters(index=index, parent=_CLSACT_INGRESS):
        options = message.get_attr("TCA_OPTIONS")
        every = socket.ntohs(message["info"] & 0xFFFF) == _ETH_P_ALL
        if every and options is not None and options.get_attr("TCA_BPF_NAME") == NAME:
            return True
    return False


def put_on(netlink: Any, index: int, descriptor: int) -> None:
    """Put the loaded program on the ingress of a device; it stays when the agent ends."""
    if not any(q.get_attr("TCA_KIND") == "clsact" for q in netlink.get_qdiscs(index=index)):
        netlink.tc("add", "clsact", index)
    netlink.tc(
        "add-filter", "bpf", index, ":1", fd=descriptor, name=NAME, parent=_CLSACT_INGRESS,
        classid=1, direct_action=True, prio=1, protocol=_ETH_P_ALL,
    )  # fmt: skip
