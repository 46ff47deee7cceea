"""Pulls a cable: a program for a host's namespace. Takes `down` and `up` as lines, answers with the moment before.

Moments are of the clock that `time.perf_counter` reads, the same in all processes of a machine.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import time

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""Of netdevice(7)."""


def main(device: str) -> None:
    """Do what the lines say with `device`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        print("ready", flush=True)
        for line in sys.stdin:
            request = struct.pack("16sh14x", device.encode(), 0)
            flags = struct.unpack_from("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[0]
            flags = flags | IFF_UP if line.strip() == "up" else flags & ~IFF_UP
            moment = time.perf_counter()
            fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", device.encode(), flags))
            print(moment, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
