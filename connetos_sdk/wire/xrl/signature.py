"""Signatures of methods, as .xif files and spec/wire/xrl-interfaces.txt write them.

get_status -> status:u32 & reason:txt
set_mtu ? tid:u32 & ifname:txt & mtu:u32
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from connetos_sdk.wire.xrl.atoms import TYPES, Atom, Atoms, AtomType, Value
from connetos_sdk.wire.xrl.errors import BadArguments

_LIST = re.compile(r"list<(\w+)>")


@dataclass(frozen=True)
class Parameter:
    """An argument or result: name, type and, for a list, the type of its items (which is never sent)."""

    name: str
    type: AtomType
    items: AtomType | None = None

    def __str__(self) -> str:
        return f"{self.name}:{f'list<{self.items.word}>' if self.items else self.type.word}"

    def atom(self, value: Any) -> Atom:
        """The atom that carries `value`; for a list, `value` is an iterable of its items' values."""
        if self.items is None:
            return Atom(self.name, self.type, value)
        kind = self.items
        return Atom(self.name, self.type, tuple([Atom("", kind, item) for item in value]))

    def value(self, atom: Atom) -> Any:
        """The value in `atom`; of a list, a list of its items' values.

        Raises:
            BadArguments: the atom has another name or type, or no data.
        """
        # A nameless atom in the right place is taken as XORP takes it (spec/wire/xrl.md, 5.7).
        if (atom.name and atom.name != self.name) or atom.type is not self.type or atom.value is None:
            raise BadArguments(f"{atom.name}:{atom.type.word} is given, {self} is expected")
        if self.items is None:
            return atom.value
        inner: Any = atom.value
        if any(item.type is not self.items or item.value is None for item in inner):
            raise BadArguments(f"the items of {self} are of another type")
        return [item.value for item in inner]


def _parameters(text: str) -> tuple[Parameter, ...]:
    found = []
    for part in filter(None, (part.strip() for part in text.split("&"))):
        name, _, word = part.partition(":")
        inner = _LIST.fullmatch(word)
        found.append(
            Parameter(name, AtomType.LIST, TYPES[inner[1]]) if inner else Parameter(name, TYPES[word])
        )
    return tuple(found)


@dataclass(frozen=True)
class Signature:
    """Name, arguments and results of one method."""

    method: str
    arguments: tuple[Parameter, ...] = ()
    results: tuple[Parameter, ...] = ()

    @classmethod
    def parse(cls, line: str) -> Signature:
        """The signature that a line such as `get_status -> status:u32 & reason:txt` declares."""
        call, _, results = line.partition("->")
        method, _, arguments = call.partition("?")
        return cls(method.strip(), _parameters(arguments), _parameters(results))

    def __str__(self) -> str:
        text = self.method
        if self.arguments:
            text += " ? " + " & ".join(map(str, self.arguments))
        if self.results:
            text += " -> " + " & ".join(map(str, self.results))
        return text

    def bind(self, atoms: Atoms) -> list[Any]:
        """The values of a call's arguments, in order.

        Raises:
            BadArguments: they aren't those of the method; XORP wants names, order, count and types as declared.
        """
        if len(atoms) != len(self.arguments):
            raise BadArguments(
                f"{len(atoms)} arguments are given, {len(self.arguments)} expected", hint=str(self)
            )
        try:
            return [parameter.value(atom) for parameter, atom in zip(self.arguments, atoms, strict=True)]
        except BadArguments as error:
            raise BadArguments(error.reason, hint=str(self)) from None

    def call(self, *values: Value | list[Value]) -> Atoms:
        """The atoms of a call with these values, in order."""
        return _atoms(self.arguments, values)

    def answer(self, *values: Any) -> Atoms:
        """The atoms of an answer with these values, in order."""
        return _atoms(self.results, values)

    def unanswer(self, atoms: Atoms) -> list[Any]:
        """The values of an answer, in order; raises `BadArguments` if it isn't as declared."""
        if len(atoms) != len(self.results):
            raise BadArguments(f"{self.method} answered {len(atoms)} values", hint=str(self))
        return [parameter.value(atom) for parameter, atom in zip(self.results, atoms, strict=True)]


def _atoms(parameters: tuple[Parameter, ...], values: Any) -> Atoms:
    return tuple([p.atom(v) for p, v in zip(parameters, values, strict=True)])
