"""A stream of numbered UDP datagrams: `stream.py receive COUNT` and `stream.py send ADDRESS[,ADDRESS...] COUNT HZ [LEAST]`.

Run inside the namespaces of hosts, by itself, so that it needs the standard library only. With more than one address
every datagram is sent to each of them in turn: a second one that is reached by a cable alone tells what the machine
itself loses from what the switch does. Sender and receiver are scheduled before everything else, where they may be.

The receiver prints `ready`, and at the end one line of JSON: in `streams` for each of its addresses that was sent to
`received` (different datagrams), `repeated` (that came once more) and `longest_gap` (datagrams missing in a row), and
`overflowed`, how many it had no room for. It ends when all have come, or when none comes for two seconds. The sender
prints `ready`, too, and at the end `seconds`, how long it took, `sent`, and `longest_pause` in seconds; after a SIGTERM
it ends as soon as it has sent LEAST.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import time

PORT = 5000
NUMBER = struct.Struct("!I")
PATIENCE_SECONDS = 15.0
SILENCE_SECONDS = 2.0
BUFFER_BYTES = 8 << 20
PRIORITY = 50
MOST_BEHIND = 20
"""Datagrams that are sent in a row to catch up; a sender that is later goes on later, because a burst is another test."""

# Not in the socket module (asm-generic/socket.h, linux/in.h).
SO_RCVBUFFORCE, SO_RXQ_OVFL, IP_PKTINFO = 33, 40, 8


def send(addresses: list[str], count: int, hertz: float, least: int = 0) -> None:
    """Send `count` datagrams at `hertz`; none is left out."""
    asked_to_end: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_end.append(number))
    go_first()
    tell("ready")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        begin = due = last = time.monotonic()
        sent, longest = 0, 0.0
        while sent < count and not (asked_to_end and sent >= least):
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            due = max(due, now - MOST_BEHIND / hertz) + 1 / hertz
            for address in addresses:
                sock.sendto(NUMBER.pack(sent), (address, PORT))
            sent += 1
        tell({"seconds": time.monotonic() - begin, "sent": sent, "longest_pause": longest})


class Seen:
    """Which of `count` numbers came to one address."""

    def __init__(self, count: int) -> None:
        self._numbers = bytearray(count)
        self.missing = count
        self.repeated = 0

    def add(self, number: int) -> None:
        """One came."""
        self.repeated += self._numbers[number]
        self.missing -= 1 - self._numbers[number]
        self._numbers[number] = 1

    def told(self) -> dict[str, int]:
        """What is told of it."""
        gaps = bytes(self._numbers).split(b"\1")
        received = len(self._numbers) - self.missing
        return {"received": received, "repeated": self.repeated, "longest_gap": max(map(len, gaps))}


def receive(count: int) -> None:
    """Receive until all of `count` have come or the stream falls silent."""
    seen: dict[str, Seen] = {}
    overflowed = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # Root may have a buffer beyond the system's limit.
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.bind(("", PORT))
        sock.settimeout(PATIENCE_SECONDS)
        go_first()
        tell("ready")
        while not seen or any(stream.missing for stream in seen.values()):
            try:
                data, about, _, _ = sock.recvmsg(64, 128)
            except TimeoutError:
                break
            sock.settimeout(SILENCE_SECONDS)
            address = ""
            for level, kind, value in about:
                if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL):
                    overflowed = int.from_bytes(value[:4], sys.byteorder)
                elif (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
                    address = socket.inet_ntoa(
                        value[8:12]
                    )  # struct in_pktinfo: index, local address, address
            (number,) = NUMBER.unpack(data)
            seen.setdefault(address, Seen(count)).add(number)
    streams = {address: stream.told() for address, stream in seen.items()}
    tell({"streams": streams, "overflowed": overflowed})


def go_first() -> None:
    """Be scheduled before everything that isn't the kernel's."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def tell(what: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2].split(","), int(sys.argv[3]), float(sys.argv[4]), *map(int, sys.argv[5:]))
    else:
        receive(int(sys.argv[2]))
