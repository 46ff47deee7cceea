"""The configuration tree as types: what may stand where, and what values are accepted.

Four kinds of node, made from the schema documents by `connetos_sdk.model.schema`:

* `Container`: a named group of other nodes,
* `KeyedList`: entries of one form, each under a key (`vlans vlan-id 10`),
* `Leaf`: one value,
* `LeafList`: several values, each set and deleted on its own.

`Node.check` takes a piece of a document and returns it in normal form (empty containers gone, leaf-lists
sorted, VLAN ranges expanded), or records problems. `Leaf.parse` makes a value of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from connetos_sdk.errors import MAX_PROBLEMS, InvalidValue, Problem, UnknownPath
from connetos_sdk.model.formats import FORMATS
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import expand_numbers, expand_spans, number_spans, port_order
from connetos_sdk.model.words import show_value

MASK = "********"
"""Stands for a secret wherever one would be shown; given back, it means the secret that is there."""

Scalar = str | int | bool
Value = Scalar | list[int] | list[str]
"""What a leaf or leaf-list holds."""


@dataclass(frozen=True)
class ObjectRule:
    """Which objects of the data plane a change below a node touches (schema keyword `x-object`).

    `kinds` are object kinds that drivers know. `key` says where an object's key comes from: `entry` (key of
    the nearest list entry), `parent` (key of the list entry around that), `value` (the leaf's own value), `*`
    (every object of the kinds that there is), or else the key itself.
    """

    kinds: tuple[str, ...]
    key: str = "entry"


class Node(Protocol):
    """What all nodes have in common."""

    name: str
    help: str
    objects: ObjectRule | None

    def check(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """`value` in normal form; appends to `problems` what is wrong with it, each with its path."""


def type_name(value: object) -> str:
    """JSON's name for the type of `value`."""
    names: dict[type, str] = {
        dict: "an object", list: "a list", str: "text", bool: "true or false",
        int: "an integer", float: "a number",
    }  # fmt: skip
    return names.get(type(value), "null")


@dataclass(frozen=True)
class Leaf:
    """One value.

    `type` is JSON Schema's: string, integer or boolean. `minimum` and `maximum` bound the number, or the
    length of a string in characters.
    """

    name: str
    type: str
    help: str = ""
    default: Scalar | None = None
    minimum: int | None = None
    maximum: int | None = None
    enum: tuple[Scalar, ...] = ()
    pattern: re.Pattern[str] | None = None
    format: str = ""
    unit: str = ""
    secret: bool = False
    hashed_into: str = ""
    reference: Path = ()
    accepts_text: str = ""
    objects: ObjectRule | None = None

    @property
    def accepts(self) -> str:
        """What would be right, for error messages and help."""
        if self.enum:
            return "one of " + ", ".join(map(str, self.enum)) + (f" {self.unit}" if self.unit else "")
        if self.type == "boolean":
            return "true or false"
        if self.type == "integer":
            unit = f" {self.unit}" if self.unit else ""
            return f"an integer from {self.minimum} to {self.maximum}{unit}"
        return self.accepts_text or "text"

    def problem(self, value: Any) -> str:
        """Nothing if `value` is right, else the reason why it isn't. Never shows a secret."""
        if self.type == "boolean":
            return (
                ""
                if isinstance(value, bool)
                else f"{self._shown(value)} is {type_name(value)}, not true or false"
            )
        if self.type == "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                return f"{self._shown(value)} is {type_name(value)}, not an integer"
            low, high = self.minimum, self.maximum
            if (low is not None and value < low) or (high is not None and value > high):
                return f"{self._shown(value)} is out of range"
            return f"{self._shown(value)} isn't known here" if self.enum and value not in self.enum else ""
        if not isinstance(value, str):
            return f"{self._shown(value)} is {type_name(value)}, not text"
        reason = "" if self.secret and value == MASK else self._text_problem(value)
        return f"{self._shown(value)} {reason}" if reason else ""

    def _shown(self, value: Any) -> str:
        return "the value" if self.secret else show_value(value)

    def _text_problem(self, value: str) -> str:
        if self.enum:
            return "" if value in self.enum else "isn't known here"
        if self.maximum is not None and len(value) > self.maximum:
            return f"has {len(value)} characters, at most {self.maximum} are allowed"
        if self.minimum is not None and len(value) < self.minimum:
            return f"has {len(value)} characters, at least {self.minimum} are needed"
        if self.pattern is not None and not self.pattern.fullmatch(value):
            return "isn't of the right form"
        try:
            value.encode()
        except UnicodeEncodeError:
            return "has characters that aren't Unicode text"
        return FORMATS[self.format](value) if self.format else ""

    def check(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """See `Node.check`."""
        reason = self.problem(value)
        if reason:
            problems.append(Problem(reason, path, self.accepts, InvalidValue.code))
        return value

    def parse(self, word: str) -> Scalar:
        """The value that `word` of a text form stands for.

        Raises:
            ValueError: the word can't be a value here; the message says why.
        """
        value: Scalar = word
        if self.type == "integer" and re.fullmatch(r"-?[0-9]{1,18}", word):
            value = int(word)
        elif self.type == "boolean" and word in ("true", "false"):
            value = word == "true"
        reason = self.problem(value)
        if reason:
            raise ValueError(reason)
        return value

    def format_value(self, value: Scalar) -> str:
        """The word that stands for `value` in text forms, without quotes."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    @property
    def quoted(self) -> bool:
        """Whether curly-brace text shows the value in quotes (spec: text quoted, numbers and addresses bare)."""
        return self.type == "string" and not self.format


@dataclass(frozen=True)
class LeafList:
    """Several values of one type, in ascending order, each once."""

    name: str
    item: Leaf
    help: str = ""
    ranges: bool = False
    max_items: int = 4096
    objects: ObjectRule | None = None

    @property
    def reference(self) -> Path:
        """The list that each value must be a key of; empty if none."""
        return self.item.reference

    @property
    def accepts(self) -> str:
        """What would be right, for error messages and help."""
        return self.item.accepts + (", or a range such as 20:24,31" if self.ranges else "")

    def check(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """See `Node.check`. Where ranges are allowed, items may be text such as `20:24,31`."""
        if not isinstance(value, list):
            reason = f"{show_value(value)} is {type_name(value)}, not a list"
            problems.append(
                Problem(reason, path, f"a list of values, each {self.accepts}", InvalidValue.code)
            )
            return value
        found: set[Any] = set()
        spans: set[tuple[int, int]] = set()
        for item in value:
            try:
                if self.ranges and isinstance(item, str):
                    spans.update(self._spans(item))
                elif reason := self.item.problem(item):
                    problems.append(Problem(reason, path, self.accepts, InvalidValue.code))
                else:
                    found.add(item)
            except ValueError as error:
                problems.append(Problem(str(error), path, self.accepts, InvalidValue.code))
            if len(problems) > MAX_PROBLEMS:
                break
        found.update(expand_spans(spans))
        if len(found) > self.max_items:
            reason = f"{len(found)} values are too many"
            problems.append(Problem(reason, path, f"at most {self.max_items}", InvalidValue.code))
        return sorted(found)

    def _spans(self, word: str) -> list[tuple[int, int]]:
        return number_spans(word, self.item.minimum or 0, self.item.maximum or 0)

    def parse_item(self, word: str) -> Any:
        """What `word` adds to a list for `check`: a value, or the word itself where it is a range.

        Raises:
            ValueError: the word can't be a value here; the message says why.
        """
        if not self.ranges:
            return self.item.parse(word)
        self._spans(word)
        return word

    def _all_right(self, value: list[Any]) -> bool:
        """Whether `value` is a list of right integers: a quick look at what is nearly always so."""
        low, high = self.item.minimum, self.item.maximum
        if self.item.type != "integer" or low is None or high is None or not 0 < len(value) <= self.max_items:
            return False
        return {type(item) for item in value} == {int} and low <= min(value) and max(value) <= high

    def parse(self, word: str) -> list[Any]:
        """The values that `word` stands for.

        Raises:
            ValueError: the word can't be a value here; the message says why.
        """
        if self.ranges:
            return expand_numbers(word, self.item.minimum or 0, self.item.maximum or 0)
        return [self.item.parse(word)]


@dataclass(frozen=True)
class Container:
    """A named group of nodes."""

    name: str
    children: Mapping[str, AnyNode]
    help: str = ""
    required: tuple[str, ...] = ()
    objects: ObjectRule | None = None

    def check(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """See `Node.check`."""
        if not isinstance(value, dict):
            reason = f"the value is {type_name(value)}, not an object"
            problems.append(Problem(reason, path, f"an object with {self.expected}", InvalidValue.code))
            return value
        out: dict[str, Any] = {}
        for name, item in value.items():
            child = self.children.get(name)
            if child is None:
                problems.append(unknown(name, self, path))
            else:
                checked = child.check(item, (*path, name), problems)
                if checked not in ({}, []):
                    out[name] = checked
            if len(problems) > MAX_PROBLEMS:
                break
        return out

    @cached_property
    def expected(self) -> str:
        """The words that may stand here."""
        return "one of " + ", ".join(self.children) if self.children else "nothing below it"

    def missing(self, value: Mapping[str, Any]) -> Iterator[str]:
        """Names of required children that `value` doesn't have."""
        return (name for name in self.required if name not in value)


@dataclass(frozen=True)
class KeyedList:
    """Entries of one form, each under a key.

    `always` are keys that exist without being configured (VLAN 1). With `ranges`, a `set` line may name
    several keys at once (`20:24,31`). `keys_from` names who knows the keys there can be: `platform` for
    ports, which exist because the hardware has them.
    """

    name: str
    key: Leaf
    entry: Container
    help: str = ""
    always: frozenset[str] = frozenset()
    ranges: bool = False
    keys_from: str = ""
    objects: ObjectRule | None = None

    def check(self, value: Any, path: Path, problems: list[Problem]) -> Any:
        """See `Node.check`."""
        if not isinstance(value, dict):
            reason = f"the value is {type_name(value)}, not an object"
            hint = f"an object whose keys are {self.key.accepts}"
            problems.append(Problem(reason, path, hint, InvalidValue.code))
            return value
        out: dict[str, Any] = {}
        for key, item in value.items():
            reason = self.key.problem(key)
            if reason:
                problems.append(Problem(reason, path, self.key.accepts, InvalidValue.code))
            else:
                out[key] = self.entry.check(item, (*path, key), problems)
            if len(problems) > MAX_PROBLEMS:
                break
        return {key: out[key] for key in sorted(out, key=port_order)}


AnyNode = Container | KeyedList | Leaf | LeafList


def unknown(word: str, node: Container, path: Path) -> Problem:
    """The problem that `node` has no child `word`; suggests the nearest name."""
    near = [name for name in node.children if name.startswith(word[:3]) or word in name]
    hint = f"did you mean {near[0]}?" if len(near) == 1 else node.expected
    return Problem(f"{show_value(word)} isn't known here", path, hint, UnknownPath.code)


@dataclass(frozen=True)
class Located:
    """A node found by a path, with the words that led there."""

    node: AnyNode
    path: Path
    keys: tuple[str, ...] = ()
    objects: ObjectRule | None = None
    """The nearest rule on the way, which holds for a change at this path."""
    object_index: int = -1
    """Which of `keys` is the key of the list entry that the rule stands in; -1 for none."""
    entry: bool = False
    """Whether the path ends at an entry of a list (then `node` is the entry's container)."""
    port: str = ""
    """The port of the platform that the path leads through; empty for none."""

    def child(self, name: str) -> Located:
        """The node `name` of a container's children."""
        if not isinstance(self.node, Container):
            raise TypeError(f"{self.node.name} has no children")
        node, objects, index = self.node.children[name], self.objects, self.object_index
        if node.objects:
            objects, index = node.objects, len(self.keys) - (0 if isinstance(node, KeyedList) else 1)
        return Located(node, (*self.path, name), self.keys, objects, index, port=self.port)

    def entry_at(self, key: str) -> Located:
        """The entry `key` of a list, whether the key is of the right form or not."""
        if not isinstance(self.node, KeyedList):
            raise TypeError(f"{self.node.name} isn't a list")
        port = key if self.node.keys_from == "platform" else self.port
        path, keys = (*self.path, key), (*self.keys, key)
        return Located(self.node.entry, path, keys, self.objects, self.object_index, entry=True, port=port)
