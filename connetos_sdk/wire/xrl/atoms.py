"""Atoms: the typed, named values that XRLs carry (spec/wire/xrl.md, 5.1 and 5.2).

How values look in Python:

| XRL type | Python | |
|---|---|---|
| `i32` `u32` `i64` `u64` | `int` | |
| `bool` | `bool` | |
| `ipv4` `ipv6` | `IPv4Address`, `IPv6Address` | |
| `ipv4net` `ipv6net` | `IPv4Network`, `IPv6Network` | host bits are zero |
| `mac` | `str` | without leading zeros: `0:3:f:64:da:5f` |
| `txt` | `str` | bytes that aren't UTF-8 as surrogates (PEP 383) |
| `binary` | `bytes` | |
| `fp64` | `float` | |
| `list` | `tuple` of atoms | all of one type, normally without names |
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple, TypeAlias, Union

MAX_ATOMS = 100_000
"""Atoms in one message, those in lists counted, too; more are refused in either direction."""

MAX_DEPTH = 8
"""How deep lists in lists may go. XORP itself sends no list in a list."""


class AtomType(IntEnum):
    """Types with their numbers in the packed form."""

    I32 = 1
    U32 = 2
    IPV4 = 3
    IPV4NET = 4
    IPV6 = 5
    IPV6NET = 6
    MAC = 7
    TXT = 8
    LIST = 9
    BOOL = 10
    BINARY = 11
    I64 = 12
    U64 = 13
    FP64 = 14

    @property
    def word(self) -> str:
        """The type as it is written in XRL text, such as `ipv4net`."""
        return self.name.lower()


TYPES: dict[str, AtomType] = {kind.word: kind for kind in AtomType}
"""Types by the word that XRL text has for them."""

Value: TypeAlias = Union[
    int, bool, float, str, bytes, IPv4Address, IPv4Network, IPv6Address, IPv6Network, "tuple[Atom, ...]"
]


class Atom(NamedTuple):
    """One atom. `value` is None for an atom without data, which isn't the same as an empty `txt`."""

    name: str
    type: AtomType
    value: Value | None


Atoms: TypeAlias = tuple[Atom, ...]


def txt(name: str, value: str) -> Atom:
    """A text atom."""
    return Atom(name, AtomType.TXT, value)


def u32(name: str, value: int) -> Atom:
    """An unsigned number of 32 bits."""
    return Atom(name, AtomType.U32, value)


def boolean(name: str, value: bool) -> Atom:
    """A truth value."""
    return Atom(name, AtomType.BOOL, value)


def items(name: str, kind: AtomType, values: Iterable[Value]) -> Atom:
    """A list of nameless atoms of one type."""
    return Atom(name, AtomType.LIST, tuple(Atom("", kind, value) for value in values))
