"""Real frames between namespaces: one program sends, another tells which of them arrive."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections.abc import Iterable

from connetos_sdk.lab import Lab

_SEND = """
import socket, sys
device, count, frames = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((device, 0))
for _ in range(count):
    for frame in frames:
        try:
            sock.send(bytes.fromhex(frame))
        except OSError as error:
            if error.errno != 105:  # ENOBUFS: the port at the other end of the cable refused the frame
                raise
"""

_LISTEN = """
import json, select, socket, struct, sys, time
device, seconds = sys.argv[1], float(sys.argv[2])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.setsockopt(263, 8, 1)          # SOL_PACKET, PACKET_AUXDATA: the kernel keeps the VLAN tag there
sock.bind((device, 0))
print("ready", flush=True)
end, heard = time.monotonic() + seconds, []
while (left := end - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
    frame, extra, _, address = sock.recvmsg(65535, 256)
    if address[2] == 4:             # PACKET_OUTGOING: what this host sends itself
        continue
    vlan = None
    for level, kind, data in extra:
        status, length, snap, mac, net, tci, tpid = struct.unpack("IIIHHHH", data[:20])
        if status & 16:             # TP_STATUS_VLAN_VALID
            vlan = tci & 4095
    kind = struct.unpack("!H", frame[12:14])[0]
    if vlan is None and kind == 0x8100:
        vlan, kind = struct.unpack("!H", frame[14:16])[0] & 4095, struct.unpack("!H", frame[16:18])[0]
        frame = frame[:12] + frame[16:]
    if kind == 0x88B5:              # IEEE local experimental: ours
        heard.append([vlan, frame[14:].rstrip(b"\\0").decode()])
print(json.dumps(heard))
"""

EXPERIMENTAL = 0x88B5


def frame(text: str, *, vlan: int | None = None, source: int = 1, size: int = 60) -> str:
    """A broadcast frame with `text` as payload, tagged with `vlan` or untagged, in hexadecimal digits."""
    tag = "" if vlan is None else f"8100{vlan:04x}"
    head = f"ffffffffffff0200000000{source:02x}{tag}{EXPERIMENTAL:04x}"
    return (bytes.fromhex(head) + text.encode()).ljust(size, b"\0").hex()


def who_hears(
    lab: Lab, sender: str, frames: Iterable[str], *, listeners: Iterable[str], seconds: float = 1.0
) -> dict[str, list[tuple[int | None, str]]]:
    """Send `frames` from host `sender`; what each of `listeners` hears: (VLAN tag or None, text) pairs."""
    python = [sys.executable, "-c"]
    running = {
        name: lab.host(name).start([*python, textwrap.dedent(_LISTEN), "eth0", str(seconds)])
        for name in listeners
    }
    for process in running.values():
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
    sent = lab.host(sender).run([*python, textwrap.dedent(_SEND), "eth0", "1", *frames])
    assert sent.returncode == 0, sent.stderr
    heard = {}
    for name, process in running.items():
        output, errors = process.communicate(timeout=seconds + 10)
        assert process.returncode == 0, errors
        heard[name] = [(vlan, text) for vlan, text in json.loads(output)]
    return heard


def reaches(lab: Lab, host: str, address: str, *, within: float = 5.0) -> bool:
    """Whether `host` gets an answer from `address`, trying again until `within` seconds are over."""
    end = time.monotonic() + within
    while not lab.host(host).ping(address):
        if time.monotonic() > end:
            return False
    return True


def silent(lab: Lab, host: str, address: str) -> bool:
    """Whether `host` gets no answer from `address` to three requests."""
    return not lab.host(host).ping(address, count=3, timeout=0.3) and not lab.host(host).ping(
        address, timeout=0.3
    )
