"""Run in a switch's namespace: tells every IPv4 packet on every port, one line each: device, direction, five-tuple."""

import socket
import struct
import sys

ALL, OUTGOING = 3, 4
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
print("ready", flush=True)
while True:
    frame, (device, _, kind, *_) = sock.recvfrom(256)
    if not device.startswith("te-"):
        continue
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    if frame[at : at + 2] != b"\x08\x00":
        continue
    ip = frame[at + 2 :]
    size, protocol = (ip[0] & 15) * 4, ip[9]
    ports = struct.unpack_from("!HH", ip, size) if protocol in (6, 17, 132) else (0, 0)
    if protocol == 1:
        ports = (struct.unpack_from("!H", ip, size + 4)[0], 0)
    source, destination = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
    print(device, "out" if kind == OUTGOING else "in", source, destination, protocol, *ports, flush=True)
    sys.stdout.flush()
