"""The configuration as `set` and `delete` lines, as a user types them at the CLI."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from connetos_sdk.errors import MAX_PROBLEMS, ConnetosError, ParseError, Problem
from connetos_sdk.model import tree
from connetos_sdk.model.diff import diff
from connetos_sdk.model.nodes import AnyNode, KeyedList, Leaf, LeafList, unknown
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.ranges import compress_numbers, expand_numbers, expand_ports
from connetos_sdk.model.schema import root
from connetos_sdk.model.tree import Document
from connetos_sdk.model.words import show_value, split_words

MAX_LINE_TARGETS = 100_000
"""How many places one line with ranges may set, so that a short line can't ask for endless work."""
MAX_TARGETS = 500_000
"""How many values all lines of one text may set."""


@dataclass(frozen=True)
class Edit:
    """One edit: `set` lays `value` over what stands at `path`; `delete` takes away what stands there.

    For `delete`, a `value` names the values of a leaf-list that go; None is the whole node.
    """

    operation: Literal["set", "delete"]
    path: Path
    value: Any = None


def format_set(document: Document, below: Path = ()) -> str:
    """What stands at `below`, as `set` lines in the schema's order; the opposite of `parse_lines` and `apply_edits`."""
    return "".join(f"set {line}\n" for line in _lines(document, below))


def _lines(document: Document, below: Path) -> Iterator[str]:
    for path, node, value in tree.walk(document):
        if path[: len(below)] != below:
            continue
        if isinstance(node, KeyedList):
            if not value:
                yield format_path(path)
        else:
            yield from (format_path((*path, word)) for word in value_words(node, value))


def value_words(node: AnyNode, value: Any) -> list[str]:
    """The words that a `set` line ends with, one for each line that sets `value`."""
    if isinstance(node, LeafList):
        return compress_numbers(value) if node.ranges else [node.item.format_value(v) for v in value]
    if isinstance(node, Leaf):
        return [node.format_value(value)]
    raise TypeError("only leaves have values")


def format_difference(old: Document, new: Document) -> str:
    """The `delete` and `set` lines that lead from `old` to `new`; secrets are masked."""
    lines: list[str] = []
    gone: Path | None = None  # what is inside follows at once
    for change in diff(old, new):
        node = change.located.node
        if gone and change.path[: len(gone)] == gone:
            continue
        if change.new is None:
            gone = change.path
            lines.append(f"delete {format_path(change.path)}")
        elif isinstance(node, LeafList):
            before, after = set(change.old or ()), set(change.new)
            for verb, values in (("delete", before - after), ("set", after - before)):
                words = value_words(node, sorted(values))
                lines += [f"{verb} {format_path((*change.path, word))}" for word in words]
        elif change.new is True and not isinstance(node, Leaf):
            if not tree.get(new, change.path):
                lines.append(f"set {format_path(change.path)}")
        else:
            shown = change.to_dict()["new"] if change.secret else change.new
            lines += [f"set {format_path((*change.path, w))}" for w in value_words(node, shown)]
    return "".join(f"{line}\n" for line in lines)


def parse_lines(text: str) -> list[Edit]:
    """The edits that `set` and `delete` lines describe. Empty lines and lines that begin with `#` are skipped.

    Raises:
        ParseError: with a problem for each line that is wrong, naming its number.
    """
    edits: list[Edit] = []
    problems: list[Problem] = []
    targets = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found = parse_line(line)
        except ConnetosError as error:
            problems += [
                Problem(f"line {number}: {p.reason}", p.path, p.hint, p.code) for p in error.problems
            ]
            if len(problems) > MAX_PROBLEMS:
                break
            continue
        edits += found
        targets += sum(len(edit.value) if isinstance(edit.value, list) else 1 for edit in found)
        if targets > MAX_TARGETS:
            raise ParseError(
                f"line {number}: too much for one text",
                hint=f"at most {MAX_TARGETS} values; send it in parts",
            )
    if problems:
        raise ParseError(problems=problems)
    return edits


def parse_line(line: str) -> list[Edit]:
    """The edits of one `set` or `delete` line; more than one when it has ranges.

    Raises:
        ParseError: the line is wrong; the problem says where and what would be right.
    """
    try:
        words = split_words(line)
    except ValueError as error:
        raise ParseError(str(error), hint='close it with "') from None
    if not words or words[0] not in ("set", "delete"):
        raise ParseError(
            f"{show_value(words[0] if words else '')} isn't known here",
            hint="a line begins with set or delete",
        )
    operation: Literal["set", "delete"] = "set" if words[0] == "set" else "delete"
    if len(words) == 1:
        raise ParseError(f"{operation} needs a path", hint=root().expected)
    return _Line(operation, words[1:]).edits()


class _Line:
    """Follows the words of one line down the tree, keeping apart the places that ranges name."""

    def __init__(self, operation: Literal["set", "delete"], words: list[str]) -> None:
        self.operation = operation
        self.words = words
        self.alternatives: list[list[str]] = []

    def edits(self) -> list[Edit]:
        node: AnyNode = root()
        entry = False
        for position, word in enumerate(self.words):
            if isinstance(node, Leaf | LeafList):
                return self._with_value(node, position)
            if isinstance(node, KeyedList) and not entry:
                self.alternatives.append(self._keys(node, word))
                entry = True
                continue
            container = node.entry if isinstance(node, KeyedList) else node
            child = container.children.get(word)
            if child is None:
                raise ParseError(problems=[unknown(word, container, self._path())])
            self.alternatives.append([word])
            node, entry = child, False
        return self._without_value(node, entry)

    def _path(self) -> Path:
        return tuple(words[0] for words in self.alternatives)

    def _keys(self, node: KeyedList, word: str) -> list[str]:
        try:
            if node.ranges:
                keys = [str(n) for n in expand_numbers(word, 1, 4094)]
            else:
                keys = expand_ports(word) if node.keys_from == "platform" else [word]
        except ValueError as error:
            raise ParseError(str(error), path=self._path(), hint=node.key.accepts) from None
        for key in keys:
            reason = node.key.problem(key)
            if reason:
                raise ParseError(reason, path=self._path(), hint=node.key.accepts)
        return keys

    def _with_value(self, node: Leaf | LeafList, position: int) -> list[Edit]:
        word, rest = self.words[position], self.words[position + 1 :]
        if rest:
            secret = isinstance(node, Leaf) and node.secret
            more = "more" if secret else show_value(rest[0])
            raise ParseError(
                f"{more} is too much after the value",
                path=self._path(),
                hint="put text with spaces in quotes",
            )
        if self.operation == "delete" and isinstance(node, Leaf):
            raise ParseError(
                "delete takes no value here", path=self._path(), hint=f"delete {format_path(self._path())}"
            )
        try:
            value = node.parse(word)
        except ValueError as error:
            raise ParseError(str(error), path=self._path(), hint=node.accepts) from None
        return self._targets(value)

    def _without_value(self, node: AnyNode, entry: bool) -> list[Edit]:
        if self.operation == "delete":
            return self._targets(None)
        if isinstance(node, Leaf | LeafList):
            raise ParseError("a value is missing", path=self._path(), hint=node.accepts)
        if isinstance(node, KeyedList) and entry:
            return self._targets({})
        hint = node.key.accepts if isinstance(node, KeyedList) else node.expected
        raise ParseError("the line ends too early", path=self._path(), hint=hint)

    def _targets(self, value: Any) -> list[Edit]:
        count = 1
        for words in self.alternatives:
            count *= len(words)
        if count > MAX_LINE_TARGETS:
            raise ParseError(
                f"the ranges name {count} places", hint=f"at most {MAX_LINE_TARGETS} in one line"
            )
        return [Edit(self.operation, path, value) for path in itertools.product(*self.alternatives)]


def apply_edits(document: Document, edits: Iterable[Edit]) -> Document:
    """`document` after the edits, in their order.

    Raises:
        NotFound: a `delete` names what isn't there. Nothing of the result is kept by the caller then.
    """
    for operation, group in itertools.groupby(edits, key=lambda edit: edit.operation):
        if operation == "set":
            document = tree.merge(document, tree.check(_fragment(group)))
        else:
            for edit in group:
                value = tree.MISSING if edit.value is None else edit.value
                document = tree.delete(document, edit.path, value)
    return document


def _fragment(edits: Iterable[Edit]) -> dict[str, Any]:
    """The piece of a document that `set` edits describe; a later value of a leaf wins."""
    fragment: dict[str, Any] = {}
    for edit in edits:
        inside = fragment
        for word in edit.path[:-1]:
            inside = inside.setdefault(word, {})
        if isinstance(edit.value, list):
            inside.setdefault(edit.path[-1], []).extend(edit.value)
        elif isinstance(edit.value, dict):
            inside.setdefault(edit.path[-1], {})
        else:
            inside[edit.path[-1]] = edit.value
    return fragment
