"""XRLs as text (spec/wire/xrl.md, 5.1), used in finder messages and on command lines.

    XRL  := [proto "://"] target "/" command ["?" args]
    args := atom *("&" atom)        atom := [name] ":" type ["=" value]

Lists keep XORP's own reading: a list's value is unescaped, then split at commas, then each item is unescaped
again, while writing escapes once. So ``,``, ``%`` and ``+`` in items of a list don't survive as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connetos_sdk.wire.xrl.atoms import MAX_ATOMS, MAX_DEPTH, TYPES, Atom, Atoms, AtomType
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.escape import escape, to_text, unescape
from connetos_sdk.wire.xrl.values import format_value, parse_value

_NAME = re.compile(r"[A-Za-z0-9_-]*")


def format_args(args: Atoms) -> str:
    """Arguments or results as text, such as ``status:u32=3&reason:txt=Ready``."""
    return "&".join([_format_atom(atom) for atom in args])


def _format_atom(atom: Atom) -> str:
    head = f"{atom.name}:{atom.type.word}"
    if atom.value is None:
        return head
    if atom.type is AtomType.LIST:
        inner: Any = atom.value
        return f"{head}={','.join([_format_atom(item) for item in inner])}"
    return f"{head}={escape(format_value(atom.type, atom.value))}"


def parse_args(text: str) -> Atoms:
    """The atoms that the text lists.

    Raises:
        Malformed: it isn't a list of atoms; two have the same name; there are too many.
    """
    atoms = _parse_list(text, "&", 0)
    names = [atom.name for atom in atoms if atom.name]
    if len(names) != len(set(names)):
        raise Malformed("two arguments have the same name")
    return atoms


def _parse_list(text: str, separator: str, depth: int) -> Atoms:
    if not text:
        return ()
    if depth > MAX_DEPTH or text.count(separator) > MAX_ATOMS:
        raise Malformed("too many atoms", hint=f"at most {MAX_ATOMS}, lists {MAX_DEPTH} deep")
    parts = text.split(separator)
    if not parts[-1]:
        parts.pop()
    return tuple([_parse_atom(part, depth) for part in parts])


def _parse_atom(text: str, depth: int) -> Atom:
    name, colon, rest = text.partition(":")
    if not colon:
        name, rest = "", text
    if not _NAME.fullmatch(name):
        raise Malformed(f"{name[:60]!r} isn't an atom's name", hint="letters, digits, _ and -")
    word, equals, value = rest.partition("=")
    kind = TYPES.get(word)
    if kind is None:
        raise Malformed(f"there is no atom type {word[:60]!r}", hint=" ".join(TYPES))
    if not equals:
        return Atom(name, kind, None)
    if kind is not AtomType.LIST:
        return Atom(name, kind, parse_value(kind, unescape(value)))
    items = _parse_list(to_text(unescape(value)), ",", depth + 1)
    if len({item.type for item in items}) > 1:
        raise Malformed("a list has items of several types", hint="all of one type")
    return Atom(name, kind, items)


@dataclass(frozen=True)
class Xrl:
    """One XRL.

    Attributes:
        target: class or instance name; for `stcp` an address and port, for `unix` a path with : for /.
        command: `interface/version/method`, after resolution with `-` and 16 hexadecimal digits.
        args: its arguments, in the order of the method's signature.
        protocol: `finder` until it is resolved, then `stcp` or `unix`.
    """

    target: str
    command: str
    args: Atoms = ()
    protocol: str = "finder"

    @classmethod
    def parse(cls, text: str) -> Xrl:
        """The XRL that the text is.

        Raises:
            Malformed: no target, no command, or arguments that aren't atoms.
        """
        address, args = split_args(text)
        protocol, target, command = address
        return cls(target, command, parse_args(args), protocol)

    @property
    def address(self) -> str:
        """The XRL without its arguments."""
        return f"{self.protocol}://{self.target}/{self.command}"

    def __str__(self) -> str:
        return f"{self.address}?{format_args(self.args)}" if self.args else self.address


def split_args(text: str) -> tuple[tuple[str, str, str], str]:
    """(protocol, target, command) of an XRL and the text of its arguments, not yet parsed.

    Raises:
        Malformed: no target or no command.
    """
    protocol, separator, rest = text.partition("://")
    if not separator:
        protocol, rest = "finder", text
    target, _, rest = rest.partition("/")
    command, _, args = rest.partition("?")
    if not target or not command:
        raise Malformed(
            f"{text[:80]!r} isn't an XRL", hint="finder://target/interface/version/method?name:type=value"
        )
    return (protocol, target, command), args
