"""A small speaker of LACP (IEEE 802.1AX-2020, 6.4.2), made from the standard and run on a host.

`python -m` isn't used: a host's namespace runs this file as it is. It speaks actively, once a second, says what it
believes of the other end, and takes orders on standard input: `in-sync`, `out-of-sync`, `end`. At the end it prints the
last that it heard, as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time

SLOW_PROTOCOLS = bytes.fromhex("0180c2000002")
ACTIVITY, TIMEOUT, AGGREGATION, SYNCHRONIZED, COLLECTING, DISTRIBUTING, DEFAULTED = 1, 2, 4, 8, 16, 32, 64
INFORMATION = struct.Struct("!BBH6sHHHB3x")


def information(kind: int, end: dict[str, int | str]) -> bytes:
    """The information of an actor (1) or a partner (2)."""
    system = bytes.fromhex(str(end["system"]).replace(":", ""))
    numbers = [int(end[name]) for name in ("key", "port-priority", "port", "state")]
    return INFORMATION.pack(kind, 20, int(end["priority"]), system, *numbers)


def lacpdu(source: bytes, actor: dict[str, int | str], partner: dict[str, int | str]) -> bytes:
    """A whole frame."""
    body = b"\x01\x01" + information(1, actor) + information(2, partner)
    body += struct.pack("!BBH12x", 3, 16, 0) + bytes(52)
    return SLOW_PROTOCOLS + source + b"\x88\x09" + body


def parse(frame: bytes, offset: int) -> dict[str, int | str]:
    """The information that begins at `offset`."""
    _, _, priority, system, key, port_priority, port, state = INFORMATION.unpack_from(frame, offset)
    return {
        "priority": priority, "system": system.hex(":"), "key": key, "port-priority": port_priority,
        "port": port, "state": state,
    }  # fmt: skip


def main(device: str, system: str, key: int) -> None:
    """Speak on a device until told to end."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x8809))
    sock.bind((device, 0))
    source = sock.getsockname()[4]
    nobody: dict[str, int | str] = {
        "priority": 0, "system": "00:00:00:00:00:00", "key": 0, "port-priority": 0, "port": 0, "state": 0
    }  # fmt: skip
    partner, synchronized, heard, due = nobody, True, 0, 0.0
    while True:
        agreed = synchronized and bool(int(partner["state"]) & SYNCHRONIZED)
        state = ACTIVITY | TIMEOUT | AGGREGATION | SYNCHRONIZED * synchronized
        state |= (COLLECTING | DISTRIBUTING) * agreed | DEFAULTED * (partner is nobody)
        actor: dict[str, int | str] = {
            "priority": 100, "system": system, "key": key, "port-priority": 7, "port": 42, "state": state
        }  # fmt: skip
        if time.monotonic() >= due:
            sock.send(lacpdu(source, actor, partner))
            due = time.monotonic() + 1
        ready = select.select([sock, sys.stdin], [], [], max(0, due - time.monotonic()))[0]
        if sock in ready:
            frame, address = sock.recvfrom(2048)
            if address[2] != 4 and frame[14:16] == b"\x01\x01":
                partner, heard, due = parse(frame, 16), heard + 1, 0.0 if partner is nobody else due
        if sys.stdin in ready:
            order = sys.stdin.readline().strip()
            if order in ("end", ""):
                break
            synchronized, due = order == "in-sync", 0.0
            print("done", flush=True)
    print(json.dumps({"partner": partner, "heard": heard}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
