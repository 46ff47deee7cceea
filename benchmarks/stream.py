"""A stream of numbered UDP datagrams: `stream.py receive COUNT` and `stream.py send ADDRESS COUNT HZ [LEAST]`.

Run by `restart-loss` inside the hosts' namespaces, by itself, so that it needs the standard library only. The
receiver prints `ready`, and at the end one JSON line: `received` (different datagrams), `longest_gap`
(datagrams missing in a row). It ends when all have come, or when none comes for two seconds. The sender prints
`ready`, too, and at the end `seconds`, how long it took, and `sent`; after a SIGTERM it ends as soon as it has sent LEAST.
"""

from __future__ import annotations

import json
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


def send(address: str, count: int, hertz: float, least: int = 0) -> None:
    """Send `count` datagrams at `hertz`; one that is late is sent at once, none is left out."""
    asked_to_end: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked_to_end.append(number))
    tell("ready")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        begin = time.monotonic()
        sent = 0
        while sent < count and not (asked_to_end and sent >= least):
            wait = begin + sent / hertz - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sock.sendto(NUMBER.pack(sent), (address, PORT))
            sent += 1
        tell({"seconds": time.monotonic() - begin, "sent": sent})


def receive(count: int) -> None:
    """Receive until all of `count` have come or the stream falls silent."""
    seen = bytearray(count)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # SO_RCVBUFFORCE isn't in the socket module; root may have a buffer beyond the system's limit.
        sock.setsockopt(socket.SOL_SOCKET, 33, BUFFER_BYTES)
        sock.bind(("", PORT))
        sock.settimeout(PATIENCE_SECONDS)
        tell("ready")
        missing = count
        while missing:
            try:
                data = sock.recv(64)
            except TimeoutError:
                break
            sock.settimeout(SILENCE_SECONDS)
            (number,) = NUMBER.unpack(data)
            missing -= 1 - seen[number]
            seen[number] = 1
    gaps = bytes(seen).split(b"\1")
    tell({"received": count - missing, "longest_gap": max(map(len, gaps))})


def tell(what: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), *map(int, sys.argv[5:]))
    else:
        receive(int(sys.argv[2]))
