"""Text of single values, before escaping and after unescaping (spec/wire/xrl.md, 5.1).

XORP reads numbers as strtol does: white space before, digits as far as they go, anything else is 0, and what
is too large wraps. So does this, because a peer's text must mean here what it means there.
"""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from connetos_sdk.wire.xrl.atoms import AtomType
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.escape import to_bytes, to_text

_INTEGER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)0*([0-9]*)")
_FLOAT = re.compile(
    r"[ \t\n\v\f\r]*([+-]?)(?:"
    r"(?P<hex>0[xX](?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+)(?:[pP][+-]?[0-9]{1,9})?)"
    r"|(?P<decimal>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?)"
    r"|(?P<infinity>[iI][nN][fF])|(?P<nan>[nN][aA][nN]))"
)
_MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}")
_PREFIX = re.compile(r"[0-9]{1,3}")
_MAX_DIGITS = 25
"""More digits than any 64-bit number has."""

_INT64 = (-(1 << 63), (1 << 63) - 1)
_UINT64_MAX = (1 << 64) - 1


def _magnitude(raw: bytes) -> tuple[bool, int]:
    match = _INTEGER.match(raw)
    sign, digits = match.groups() if match else (b"", b"")
    return sign == b"-", int(digits[:_MAX_DIGITS] or b"0")


def _signed(raw: bytes) -> int:
    negative, number = _magnitude(raw)
    return max(_INT64[0], -number) if negative else min(_INT64[1], number)


def _unsigned(raw: bytes) -> int:
    negative, number = _magnitude(raw)
    if number > _UINT64_MAX:
        return _UINT64_MAX
    return -number & _UINT64_MAX if negative else number


def _i32(raw: bytes) -> int:
    return ((_signed(raw) + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def _u32(raw: bytes) -> int:
    return _unsigned(raw) & 0xFFFFFFFF


def _bool(raw: bytes) -> bool:
    return raw[:1] in (b"t", b"T", b"1")


def _fp64(raw: bytes) -> float:
    match = _FLOAT.match(to_text(raw))
    if not match:
        return 0.0
    sign = -1.0 if match[1] == "-" else 1.0
    if match["nan"]:
        return math.nan
    if match["infinity"]:
        return sign * math.inf
    try:
        return sign * (float.fromhex(match["hex"]) if match["hex"] else float(match["decimal"]))
    except OverflowError:
        return sign * math.inf


def _format_fp64(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    digits, _, exponent = value.hex().partition("p")
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}{'.' if fraction else ''}{fraction}p{exponent}".upper()


def parse_ipv4(text: str) -> IPv4Address:
    """An IPv4 address of four numbers; raises `Malformed`."""
    try:
        return IPv4Address(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        raise Malformed(f"{text[:60]!r} isn't an IPv4 address", hint="such as 10.9.0.1") from None


def parse_ipv6(text: str) -> IPv6Address:
    """An IPv6 address; raises `Malformed`."""
    try:
        return IPv6Address(socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):
        raise Malformed(f"{text[:60]!r} isn't an IPv6 address", hint="such as 2001:db8::1") from None


def _split(text: str, most: int) -> tuple[str, int]:
    address, slash, length = text.partition("/")
    if not slash or not _PREFIX.fullmatch(length) or int(length) > most:
        raise Malformed(f"{text[:60]!r} isn't a network", hint=f"an address, a slash and 0 to {most}")
    return address, int(length)


def _ipv4net(raw: bytes) -> IPv4Network:
    address, length = _split(to_text(raw), 32)
    return IPv4Network((parse_ipv4(address), length), strict=False)


def _ipv6net(raw: bytes) -> IPv6Network:
    address, length = _split(to_text(raw), 128)
    return IPv6Network((parse_ipv6(address), length), strict=False)


def format_ipv6(address: IPv6Address) -> str:
    """As inet_ntop writes it."""
    return socket.inet_ntop(socket.AF_INET6, address.packed)


def parse_mac(text: str) -> str:
    """A MAC address in canonical form: as ether_ntoa, six hexadecimal numbers without leading zeros.

    Raises:
        Malformed: it isn't six numbers with colons between.
    """
    if not _MAC.fullmatch(text):
        raise Malformed(f"{text[:60]!r} isn't a MAC address", hint="such as 0:3:f:64:da:5f")
    return ":".join(f"{int(part, 16):x}" for part in text.split(":"))


_PARSERS: dict[AtomType, Callable[[bytes], Any]] = {
    AtomType.I32: _i32,
    AtomType.U32: _u32,
    AtomType.I64: _signed,
    AtomType.U64: _unsigned,
    AtomType.BOOL: _bool,
    AtomType.IPV4: lambda raw: parse_ipv4(to_text(raw)),
    AtomType.IPV4NET: _ipv4net,
    AtomType.IPV6: lambda raw: parse_ipv6(to_text(raw)),
    AtomType.IPV6NET: _ipv6net,
    AtomType.MAC: lambda raw: parse_mac(to_text(raw)),
    AtomType.TXT: to_text,
    AtomType.BINARY: bytes,
    AtomType.FP64: _fp64,
}

_FORMATTERS: dict[AtomType, Callable[[Any], bytes]] = {
    AtomType.BOOL: lambda value: b"true" if value else b"false",
    AtomType.IPV6: lambda value: format_ipv6(value).encode(),
    AtomType.IPV6NET: lambda value: f"{format_ipv6(value.network_address)}/{value.prefixlen}".encode(),
    AtomType.MAC: lambda value: parse_mac(value).encode(),
    AtomType.TXT: to_bytes,
    AtomType.BINARY: bytes,
    AtomType.FP64: lambda value: _format_fp64(value).encode(),
}


def parse_value(kind: AtomType, raw: bytes) -> Any:
    """The value of a type other than `list`.

    Args:
        kind: its type.
        raw: its unescaped text.

    Raises:
        Malformed: an address, network or MAC address that isn't one.
    """
    return _PARSERS[kind](raw)


def format_value(kind: AtomType, value: Any) -> bytes:
    """The canonical text of a value of a type other than `list`, not yet escaped."""
    formatter = _FORMATTERS.get(kind)
    return formatter(value) if formatter else str(value).encode()
