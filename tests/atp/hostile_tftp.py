"""TFTP servers that mean no good: one that never ends, one that announces too much, one that sends garbage, a silent one."""

from __future__ import annotations

import os
import socket
import struct
import sys

DATA, OACK = 3, 6


def main() -> None:
    kind, address = sys.argv[1:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 69))
    print("listening", flush=True)
    while True:
        request, peer = sock.recvfrom(2048)
        if b".cfg\0" not in request or kind == "silent":
            continue
        answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        answering.bind((address, 0))
        answering.settimeout(3)
        if kind == "announced":
            answering.sendto(struct.pack("!H", OACK) + b"tsize\0" + b"9" * 12 + b"\0", peer)
        elif kind == "garbage":
            answering.sendto(struct.pack("!H", 77) + os.urandom(64), peer)
        elif kind == "endless":
            endless(answering, peer)
        answering.close()


def endless(sock: socket.socket, peer: tuple[str, int]) -> None:
    block = 1
    try:
        while True:
            sock.sendto(struct.pack("!HH", DATA, block & 0xFFFF) + b"#" * 512, peer)
            answer = sock.recv(64)
            if answer[:2] != b"\0\4":
                return
            block += 1
    except OSError:
        return


main()
