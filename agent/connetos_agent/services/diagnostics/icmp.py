"""ICMP and ICMPv6 messages (RFC 792, RFC 4443): requests to send, and what answers say."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

ECHO_REPLY = "reply"
UNREACHABLE = "unreachable"
TIME_EXCEEDED = "ttl-exceeded"
TOO_BIG = "packet-too-big"
PARAMETER_PROBLEM = "parameter-problem"

_KINDS_4 = {0: ECHO_REPLY, 3: UNREACHABLE, 11: TIME_EXCEEDED, 12: PARAMETER_PROBLEM}
_KINDS_6 = {129: ECHO_REPLY, 1: UNREACHABLE, 2: TOO_BIG, 3: TIME_EXCEEDED, 4: PARAMETER_PROBLEM}
_FRAGMENTATION_NEEDED = 4
_CODES_4 = {
    0: "network-unreachable", 1: "host-unreachable", 2: "protocol-unreachable", 3: "port-unreachable",
    4: "fragmentation-needed", 5: "source-route-failed", 6: "network-unknown", 7: "host-unknown",
    9: "network-prohibited", 10: "host-prohibited", 11: "network-unreachable-for-tos",
    12: "host-unreachable-for-tos", 13: "prohibited", 14: "precedence-violation", 15: "precedence-cutoff",
}  # fmt: skip
_CODES_6 = {
    0: "network-unreachable", 1: "prohibited", 2: "beyond-scope", 3: "host-unreachable", 4: "port-unreachable",
    5: "source-policy", 6: "rejected",
}  # fmt: skip
_FLAGS = {
    "network-unreachable": "!N", "network-unknown": "!N", "host-unreachable": "!H", "host-unknown": "!H",
    "protocol-unreachable": "!P", "port-unreachable": "", "fragmentation-needed": "!F", "source-route-failed": "!S",
    "beyond-scope": "!S", "network-prohibited": "!X", "host-prohibited": "!X", "prohibited": "!X",
    "source-policy": "!X", "rejected": "!X", "precedence-violation": "!V", "precedence-cutoff": "!C",
}  # fmt: skip
_IP6_HEADER_BYTES = 40
_ECHO = struct.Struct("!BBHHH")


@dataclass(frozen=True)
class Probe:
    """What an ICMP error says of the packet it is about.

    Attributes:
        destination: where that packet was going to.
        protocol: its IP protocol.
        source_port, port: UDP ports; identifier and sequence number of an echo request.
        length: length field of UDP, in bytes with its header; 0 for other protocols.
    """

    destination: Address
    protocol: int
    source_port: int
    port: int
    length: int


@dataclass(frozen=True)
class Message:
    """One ICMP message received.

    Attributes:
        kind: `reply`, `unreachable`, `ttl-exceeded`, `packet-too-big` or `parameter-problem`.
        code: in words, such as `host-unreachable`; empty where the kind says it all.
        identifier, sequence, data: of an echo reply.
        mtu_bytes: of the link that a packet didn't fit; 0 if not told.
        about: of an error, the packet it is about.
    """

    kind: str
    code: str = ""
    identifier: int = 0
    sequence: int = 0
    data: bytes = b""
    mtu_bytes: int = 0
    about: Probe | None = None


def flag(code: str) -> str:
    """How traceroute marks an answer of this code: `!H`, `!N`, …; empty for the destination's own answer."""
    return _FLAGS.get(code, "!?")


def kinds(family: int) -> frozenset[int]:
    """The types of ICMP that `parse` knows, for the kernel to leave out others."""
    return frozenset(_KINDS_4 if family == socket.AF_INET else _KINDS_6)


def echo_request(family: int, identifier: int, sequence: int, data: bytes) -> bytes:
    """An echo request; the kernel puts the checksum into that of IPv6."""
    if family == socket.AF_INET6:
        return _ECHO.pack(128, 0, 0, identifier, sequence) + data
    head = _ECHO.pack(8, 0, 0, identifier, sequence)
    return _ECHO.pack(8, 0, checksum(head + data), identifier, sequence) + data


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parse(family: int, packet: bytes) -> Message | None:
    """The message in a packet from a raw socket, or None when it is none that answers a probe."""
    try:
        if family == socket.AF_INET:
            header = (packet[0] & 0x0F) * 4
            return _parse(family, packet[header:])
        return _parse(family, packet)
    except (IndexError, struct.error):
        return None


def _parse(family: int, message: bytes) -> Message | None:
    number, code, _, first, second = _ECHO.unpack_from(message)
    kind = (_KINDS_4 if family == socket.AF_INET else _KINDS_6).get(number)
    if kind is None:
        return None
    if kind == ECHO_REPLY:
        return Message(kind, identifier=first, sequence=second, data=message[_ECHO.size :])
    about = _probe(family, message[_ECHO.size :])
    if kind == TOO_BIG:
        return Message(kind, mtu_bytes=first << 16 | second, about=about)
    if kind != UNREACHABLE:
        return Message(kind, about=about)
    if family == socket.AF_INET:
        mtu = second if code == _FRAGMENTATION_NEEDED else 0
        return Message(kind, _CODES_4.get(code, f"code-{code}"), mtu_bytes=mtu, about=about)
    return Message(kind, _CODES_6.get(code, f"code-{code}"), about=about)


def _probe(family: int, packet: bytes) -> Probe:
    if family == socket.AF_INET:
        size, protocol = (packet[0] & 0x0F) * 4, packet[9]
        destination: Address = ipaddress.IPv4Address(packet[16:20])
    else:
        size, protocol = _IP6_HEADER_BYTES, packet[6]
        destination = ipaddress.IPv6Address(packet[24:40])
    if protocol == socket.IPPROTO_UDP:
        source_port, port, length = struct.unpack_from("!HHH", packet, size)
        return Probe(destination, protocol, source_port, port, length)
    _, _, _, identifier, sequence = _ECHO.unpack_from(packet, size)
    return Probe(destination, protocol, identifier, sequence, 0)
