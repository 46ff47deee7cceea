"""Frames by the thousand: which cable each took, and how many came through in a second."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence

from connetos_sdk.lab import Lab

_FLOOD = """
import socket, sys, time
device, seconds, rate, size, head = sys.argv[1], *map(float, sys.argv[2:4]), int(sys.argv[4]), sys.argv[5]
count = 0
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((device, 0))
frame = bytes.fromhex(head).ljust(size, b"x")
began = time.monotonic()
while (elapsed := time.monotonic() - began) < seconds:
    while count * size * 8 < elapsed * rate:
        try:
            sock.send(frame)
        except OSError as error:
            if error.errno != 105:
                raise
        count += 1
    time.sleep(0.001)
print(count)
"""

_COUNT = """
import select, socket, sys
device, pattern = sys.argv[1], bytes.fromhex(sys.argv[2])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
sock.bind((device, 0))
print("ready", flush=True)
size = 0
while True:
    waiting = [sock, sys.stdin]
    ready = select.select(waiting, [], [])[0]
    if sock in ready:
        frame, address = sock.recvfrom(65535)
        if address[2] != 4 and frame.startswith(pattern):
            size += len(frame)
    elif sys.stdin in ready:
        break
print(size)
"""


def rate_through(
    lab: Lab, sender: str, receiver: str, head: str, *, offered: float, seconds: float = 4.0, size: int = 500
) -> float:
    """The rate in bit/s at which frames beginning with `head` come through when more are sent: bytes from the
    destination address to the end of the payload, as Open vSwitch counts them.
    """
    python = [sys.executable, "-c"]
    counter = lab.host(receiver).start([*python, textwrap.dedent(_COUNT), "eth0", head])
    assert counter.stdout is not None
    assert counter.stdout.readline().strip() == "ready"
    flood = [*python, textwrap.dedent(_FLOOD), "eth0", str(seconds), str(offered), str(size), head]
    sent = lab.host(sender).run(flood, timeout=seconds + 20)
    assert sent.returncode == 0, sent.stderr
    output, errors = counter.communicate("end\n", timeout=20)
    assert counter.returncode == 0, errors
    return int(output) * 8 / seconds


_CONVERSE = """
import socket, sys, time
device, flows = sys.argv[1], sys.stdin.read().split()
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((device, 0))
for frame in flows:
    sock.send(bytes.fromhex(frame))
    time.sleep(0.002)  # each is a flow that Open vSwitch has to look up first
"""

_TAP = """
import json, select, socket, struct, sys
socks = {}
for device in sys.argv[1:]:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    sock.bind((device, 0))
    socks[sock] = device
print("ready", flush=True)
seen = {}
while True:
    ready = select.select([*socks, sys.stdin], [], [])[0]
    for sock in ready:
        if sock in socks:
            frame, address = sock.recvfrom(65535)
            if address[2] == 4 and frame[12:14] == b"\\x08\\x00" and frame[23] == 17:
                source, target = struct.unpack("!HH", frame[34:38])
                seen.setdefault(f"{source}:{target}", []).append(socks[sock])
    if sys.stdin in ready and not any(s in socks for s in ready):
        break
print(json.dumps(seen))
"""


def udp(source: tuple[str, str, int], target: tuple[str, str, int]) -> str:
    """A UDP frame between two (MAC address, IPv4 address, port), in hexadecimal digits; checksums are left out."""
    mac = bytes.fromhex(target[0].replace(":", "") + source[0].replace(":", ""))
    addresses = b"".join(bytes(map(int, end[1].split("."))) for end in (source, target))
    ports = source[2].to_bytes(2, "big") + target[2].to_bytes(2, "big")
    head = bytes.fromhex("450000200000000040110000") + addresses
    return (mac + b"\x08\x00" + head + ports + bytes.fromhex("000c0000") + b"flow").ljust(60, b"\0").hex()


def cables_taken(
    lab: Lab, host: str, switch: str, devices: Sequence[str], frames: Sequence[str]
) -> dict[str, list[str]]:
    """Send UDP frames from `host`; which of its members `switch` sent each by, under `source port:target port`."""
    python = [sys.executable, "-c"]
    tap = lab.switch(switch).node.start([*python, textwrap.dedent(_TAP), *devices])
    assert tap.stdout is not None
    assert tap.stdout.readline().strip() == "ready"
    sender = lab.host(host).start([*python, textwrap.dedent(_CONVERSE), "eth0"])
    _, errors = sender.communicate(" ".join(frames), timeout=30)
    assert sender.returncode == 0, errors
    output, errors = tap.communicate("end\n", timeout=30)
    assert tap.returncode == 0, errors
    found: dict[str, list[str]] = json.loads(output)
    return found
