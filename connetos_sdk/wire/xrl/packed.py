"""The packed form of arguments and requests, which STCP carries (spec/wire/xrl.md, 5.2)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from connetos_sdk.wire.xrl.atoms import MAX_ATOMS, MAX_DEPTH, Atom, Atoms, AtomType
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.escape import to_bytes, to_text
from connetos_sdk.wire.xrl.text import _NAME
from connetos_sdk.wire.xrl.values import parse_mac

_MARK = 0xCC000000
_COUNT = 0x00FFFFFF
_NAMED, _DATA = 0x80, 0x40
_TYPE = 0x3F
_NAMELESS_TXT = _DATA | AtomType.TXT

_I32, _U32, _I64, _U64, _FP64 = (struct.Struct(f">{code}") for code in "iIqQd")
_U16 = struct.Struct(">H")

EMPTY = _U32.pack(_MARK)
"""The args block of no atoms; also the body of a response without results."""

_NAN = bytes.fromhex("7ff0000000000001")
"""What a real XORP process sends for NAN (spec/wire/xrl-vectors.json)."""

_TYPES: tuple[AtomType | None, ...] = tuple(
    next((kind for kind in AtomType if kind == number), None) for number in range(_TYPE + 1)
)

# -- packing ------------------------------------------------------------------------------------------------


def _sized(value: bytes) -> bytes:
    return _U32.pack(len(value)) + value


_PACKERS: dict[AtomType, Callable[[Any], bytes]] = {
    AtomType.I32: _I32.pack,
    AtomType.U32: _U32.pack,
    AtomType.I64: _I64.pack,
    AtomType.U64: _U64.pack,
    AtomType.IPV4: lambda value: value.packed,
    AtomType.IPV4NET: lambda value: value.network_address.packed + bytes((value.prefixlen,)),
    AtomType.IPV6: lambda value: value.packed,
    AtomType.IPV6NET: lambda value: value.network_address.packed + bytes((value.prefixlen,)),
    AtomType.MAC: lambda value: _sized(parse_mac(value).encode()),
    AtomType.TXT: lambda value: _sized(to_bytes(value)),
    AtomType.BOOL: lambda value: b"\1" if value else b"\0",
    AtomType.BINARY: _sized,
    AtomType.FP64: lambda value: _NAN if math.isnan(value) else _FP64.pack(value),
}


def _head(name: str, number: int) -> bytes:
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name[:60]!r} isn't an atom's name", hint="letters, digits, _ and -")
    raw = name.encode("ascii")
    head = bytes((number | _NAMED,)) + _U16.pack(len(raw)) + raw if raw else bytes((number,))
    if len(_heads) < _MAX_NAMES and len(raw) <= _MAX_NAME_BYTES:
        _heads[name, number] = head
    return head


_heads: dict[tuple[str, int], bytes] = {}
"""First bytes of atoms written before, so that their names are checked once."""
_MAX_NAMES = 4096
_MAX_NAME_BYTES = 64


def _pack_into(out: list[bytes], atoms: Atoms, depth: int) -> None:
    for name, kind, value in atoms:
        number = int(kind) if value is None else int(kind) | _DATA
        out.append(_heads.get((name, number)) or _head(name, number))
        if value is None:
            continue
        if kind is AtomType.LIST:
            inner: Any = value
            _check_items(inner, depth)
            out.append(_U32.pack(len(inner)))
            _pack_into(out, inner, depth + 1)
        else:
            out.append(_PACKERS[kind](value))
        if len(out) > 2 * MAX_ATOMS:
            raise Malformed("too many atoms", hint=f"at most {MAX_ATOMS}")


def _check_items(atoms: Atoms, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Malformed("lists in lists go too deep", hint=f"at most {MAX_DEPTH}")
    if len({atom.type for atom in atoms}) > 1:
        raise Malformed("a list has items of several types", hint="all of one type")


def _pack(lead: list[bytes], atoms: Atoms) -> bytes:
    out = [_U32.pack(_MARK | (len(lead) + len(atoms))), *lead]
    try:
        _pack_into(out, atoms, 0)
    except (struct.error, AttributeError, TypeError, ValueError) as error:
        raise Malformed(f"a value doesn't fit its type: {error}") from None
    return b"".join(out)


def pack_args(atoms: Atoms) -> bytes:
    """The args block of `atoms`.

    Raises:
        Malformed: a value doesn't fit its type, a name isn't one, a list is mixed, or there are too many.
    """
    return _pack([], atoms) if atoms else EMPTY


def pack_request(address: str, atoms: Atoms) -> bytes:
    """The body of a request.

    Args:
        address: the resolved XRL without arguments, such as `stcp://127.0.0.1:4321/common/0.1/get_status-…`.
        atoms: its arguments.

    Raises:
        Malformed: as `pack_args`.
    """
    return _pack([bytes((_NAMELESS_TXT,)) + _sized(to_bytes(address))], atoms)


# -- unpacking ----------------------------------------------------------------------------------------------


def _name(raw: bytes) -> str:
    try:
        name = raw.decode("ascii")
    except UnicodeDecodeError:
        name = "?"
    if not _NAME.fullmatch(name):
        raise Malformed("an atom's name has characters that no name has")
    if len(_names) < _MAX_NAMES and len(raw) <= _MAX_NAME_BYTES:
        _names[raw] = name
    return name


_names: dict[bytes, str] = {}
"""Names seen before, so that they are checked once."""


class _Reader:
    """Reads atoms out of a body; never beyond its end."""

    __slots__ = ("data", "end", "left", "position")

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        self.end = len(data)
        self.left = MAX_ATOMS

    def atoms(self, count: int, depth: int) -> Atoms:
        """The next `count` atoms, in a list `depth` lists deep."""
        data, position, end = self.data, self.position, self.end
        if count > end - position:  # every atom has at least one byte
            raise Malformed("more atoms are announced than there are bytes")
        self.left -= count
        if self.left < 0:
            raise Malformed("too many atoms", hint=f"at most {MAX_ATOMS}")
        found = []
        try:
            for _ in range(count):
                head = data[position]
                kind = _TYPES[head & _TYPE]
                if kind is None:
                    raise Malformed(f"there is no atom type {head & _TYPE}")
                position += 1
                name = ""
                if head & _NAMED:
                    begin = position + 2
                    position = begin + _READ_U16(data, position)[0]
                    raw = data[begin:position]
                    name = _names.get(raw) or _name(raw)
                value: Any = None
                if head & _DATA:
                    size = _SIZES.get(kind)
                    if size is not None:
                        raw = data[position : position + size]
                        position += size
                    elif kind is AtomType.LIST:
                        self.position = position
                        found.append(Atom(name, kind, self.items(depth + 1)))
                        position = self.position
                        continue
                    else:
                        begin = position + 4
                        position = begin + _READ_U32(data, position)[0]
                        raw = data[begin:position]
                    if position > end:
                        raise Malformed("the message ends within an atom")
                    value = _UNPACKERS[kind](raw)
                found.append(Atom(name, kind, value))
        except (IndexError, struct.error):
            raise Malformed("the message ends within an atom") from None
        if position > end:
            raise Malformed("the message ends within an atom")
        self.position = position
        return tuple(found)

    def items(self, depth: int) -> Atoms:
        """A list: the number of its items, and these."""
        if depth > MAX_DEPTH:
            raise Malformed("lists in lists go too deep", hint=f"at most {MAX_DEPTH}")
        (count,) = _READ_U32(self.data, self.position)
        self.position += 4
        found = self.atoms(count, depth)
        if len(found) > 1 and len({atom.type for atom in found}) > 1:
            raise Malformed("a list has items of several types")
        return found


def _unpack_ipv4net(raw: bytes) -> IPv4Network:
    if raw[4] > 32:
        raise Malformed(f"an IPv4 network has a prefix of {raw[4]} bits")
    return IPv4Network((raw[:4], raw[4]), strict=False)


def _unpack_ipv6net(raw: bytes) -> IPv6Network:
    if raw[16] > 128:
        raise Malformed(f"an IPv6 network has a prefix of {raw[16]} bits")
    return IPv6Network((raw[:16], raw[16]), strict=False)


_READ_U16, _READ_U32 = _U16.unpack_from, _U32.unpack_from

_SIZES: dict[AtomType, int] = {
    AtomType.I32: 4,
    AtomType.U32: 4,
    AtomType.I64: 8,
    AtomType.U64: 8,
    AtomType.IPV4: 4,
    AtomType.IPV4NET: 5,
    AtomType.IPV6: 16,
    AtomType.IPV6NET: 17,
    AtomType.BOOL: 1,
    AtomType.FP64: 8,
}
"""Bytes of data by type; the other types say how many they have."""

_UNPACKERS: dict[AtomType, Callable[[bytes], Any]] = {
    AtomType.I32: lambda raw: _I32.unpack(raw)[0],
    AtomType.U32: lambda raw: _U32.unpack(raw)[0],
    AtomType.I64: lambda raw: _I64.unpack(raw)[0],
    AtomType.U64: lambda raw: _U64.unpack(raw)[0],
    AtomType.IPV4: IPv4Address,
    AtomType.IPV4NET: _unpack_ipv4net,
    AtomType.IPV6: IPv6Address,
    AtomType.IPV6NET: _unpack_ipv6net,
    AtomType.MAC: lambda raw: parse_mac(to_text(raw)),
    AtomType.TXT: to_text,
    AtomType.BOOL: lambda raw: raw != b"\0",
    AtomType.BINARY: bytes,
    AtomType.FP64: lambda raw: _FP64.unpack(raw)[0],
}


def _count(body: bytes) -> int:
    if len(body) < 4:
        raise Malformed("the message is too short for an args block")
    mark: int = _U32.unpack_from(body)[0]
    if mark & ~_COUNT != _MARK:
        raise Malformed("the message doesn't begin as an args block does")
    return mark & _COUNT


def _finish(reader: _Reader, atoms: Atoms) -> Atoms:
    if reader.position != reader.end:
        raise Malformed("bytes follow after the last atom")
    if len(atoms) > 1:
        names = [atom.name for atom in atoms if atom.name]
        if len(names) != len(set(names)):
            raise Malformed("two atoms have the same name")
    return atoms


def unpack_args(body: bytes) -> Atoms:
    """The atoms of an args block.

    Raises:
        Malformed: it isn't one.
    """
    if body == EMPTY:
        return ()
    reader = _Reader(body, 4)
    return _finish(reader, reader.atoms(_count(body), 0))


def unpack_command(body: bytes) -> tuple[bytes, int, int]:
    """Whom a request calls: (command, where the arguments begin, how many there are).

    The command is what follows the third "/" of the address; protocol and host in front don't matter.

    Raises:
        Malformed: the request doesn't begin with an address.
    """
    count = _count(body)
    if count == 0 or len(body) < 9 or body[4] != _NAMELESS_TXT:
        raise Malformed("the request doesn't begin with the address it is for")
    end = 9 + int(_U32.unpack_from(body, 5)[0])
    if end > len(body):
        raise Malformed("the message ends within an atom")
    parts = body[9:end].split(b"/", 3)
    if len(parts) < 4:
        raise Malformed("the address of the request has no command")
    return parts[3], end, count - 1


def unpack_arguments(body: bytes, begin: int, count: int) -> Atoms:
    """The arguments of a request, found by `unpack_command`.

    Raises:
        Malformed: they aren't atoms.
    """
    reader = _Reader(body, begin)
    return _finish(reader, reader.atoms(count, 0) if count else ())


def unpack_request(body: bytes) -> tuple[str, Atoms]:
    """Address and arguments of a request.

    Raises:
        Malformed: it isn't one.
    """
    _, begin, count = unpack_command(body)
    return to_text(body[9:begin]), unpack_arguments(body, begin, count)
