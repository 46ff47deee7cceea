"""The configuration in curly braces, as `show` displays it (layout: spec/cli/config-tree.yaml, `display`).

interface {
    gigabit-ethernet "te-1/1/1" {
        mtu: 9216
    }
}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connetos_sdk.errors import ParseError
from connetos_sdk.model import tree
from connetos_sdk.model.diff import MASK, diff
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList, unknown
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.ranges import compress_numbers, port_order
from connetos_sdk.model.schema import locate, root
from connetos_sdk.model.tree import MISSING, Document
from connetos_sdk.model.words import TOKEN, quote, unquote

INDENT = "    "
_PLAIN_KEY = re.compile(
    r"[A-Za-z_][A-Za-z0-9_.]*|[0-9]+|[0-9.]+(/[0-9]+)?|([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}"
)


Line = tuple[Path, str]
"""A line of curly-brace text, and the path that it stands for; a closing brace has the path of its opening one."""


def format_curly(document: Document, path: Path = (), *, defaults: bool = False, level: int = 0) -> str:
    """What stands at `path`, in curly braces.

    Args:
        document: the configuration.
        path: which part of it; its own name isn't printed.
        defaults: print leaves that hold their default too, as `show` does.
        level: how many levels to indent; `show` begins at 1.
    """
    return "".join(f"{text}\n" for _, text in _lines(document, path, level, defaults))


def format_marked(document: Document, base: Document, path: Path = ()) -> str:
    """The same as `show` in configuration mode prints it: defaults too, and `+` before lines that `base` hasn't."""
    known = set(_lines(base, path, 1, True))
    lines = _lines(document, path, 1, True)
    return "".join((text if (p, text) in known else f"+{text[1:]}") + "\n" for p, text in lines)


def format_entry(document: Document, path: Path) -> str:
    """What stands at `path` with its own name around it, indented one level, as `delete` tells of it."""
    located = locate(path)
    if not located.entry:
        parent = locate(path[:-1]).node
        container = parent if isinstance(parent, Container) else None
        value = tree.get(document, path)
        if container is None or isinstance(located.node, Leaf | LeafList):
            return format_curly(document, path, level=1)
        lines = _container_lines(container, {path[-1]: value}, 1, False, path[:-1])
        return "".join(f"{text}\n" for _, text in lines)
    node = locate(path[:-1]).node
    if not isinstance(node, KeyedList):
        raise TypeError("an entry stands in a list")
    lines = _list_lines(node, {path[-1]: tree.get(document, path)}, 1, False, path[:-1])
    return "".join(f"{text}\n" for _, text in lines)


def _lines(document: Document, path: Path, level: int, defaults: bool) -> Iterator[Line]:
    node, value = locate(path).node, tree.get(document, path, MISSING)
    if isinstance(node, Leaf | LeafList):
        return _leaf_lines(node, value, level, path)
    if isinstance(node, KeyedList):
        return _list_lines(node, value, level, defaults, path)
    return _container_lines(node, value, level, defaults, path)


def _container_lines(node: Container, value: Any, level: int, defaults: bool, path: Path) -> Iterator[Line]:
    present = {} if value is MISSING else value
    for name, child in node.children.items():
        item, below = present.get(name, MISSING), (*path, name)
        if isinstance(child, Container):
            body = list(_container_lines(child, item, level + 1, defaults, below))
            if body:
                yield below, f"{INDENT * level}{name} {{"
                yield from body
                yield below, f"{INDENT * level}}}"
        elif isinstance(child, KeyedList):
            yield from _list_lines(child, item, level, defaults, below)
        elif item is not MISSING:
            yield from _leaf_lines(child, item, level, below)
        elif defaults and isinstance(child, Leaf) and not child.secret:
            default = child.default
            if default is None and child.type == "string" and not child.format:
                default = ""
            if default is not None:
                yield from _leaf_lines(child, default, level, below)


def _list_lines(node: KeyedList, value: Any, level: int, defaults: bool, path: Path) -> Iterator[Line]:
    entries = {} if value is MISSING else value
    keys = sorted({*entries, *node.always}, key=port_order) if defaults else list(entries)
    for key in keys:
        below = (*path, key)
        head = f"{INDENT * level}{node.name} {format_key(key)}"
        body = list(_container_lines(node.entry, entries.get(key, MISSING), level + 1, defaults, below))
        if body:
            yield below, f"{head} {{"
            yield from body
            yield below, f"{INDENT * level}}}"
        else:
            yield below, head


def _leaf_lines(node: Leaf | LeafList, value: Any, level: int, path: Path) -> Iterator[Line]:
    if value is MISSING:
        return
    if isinstance(node, LeafList):
        words = compress_numbers(value) if node.ranges else [_shown(node.item, v) for v in value]
        yield from ((path, f"{INDENT * level}{node.name} {word}") for word in words)
    else:
        yield path, f"{INDENT * level}{node.name}: {_shown(node, value)}"


def format_key(key: str) -> str:
    """A list key as curly-brace text shows it: quoted unless it is a plain identifier, number or address."""
    return key if _PLAIN_KEY.fullmatch(key) else quote(key)


def _shown(node: Leaf, value: Any) -> str:
    text = node.format_value(value)
    return quote(text) if node.quoted else text


def format_difference(old: Document, new: Document) -> str:
    """What leads from `old` to `new`, grouped by place, lines marked `-` and `+`; secrets are masked.

    [edit interface gigabit-ethernet te-1/1/1]
    -   mtu: 1518
    +   mtu: 9216
    """
    groups: dict[Path, list[str]] = {}
    inside: Path | None = None  # what is inside an entry follows it at once
    for change in diff(old, new):
        if inside and change.path[: len(inside)] == inside:
            continue
        located = change.located
        if located.entry:
            inside = change.path
            parent = change.path[:-2]
            lines = _entry_difference(
                change.path, old if change.new is None else new, "-+"[change.old is None]
            )
        else:
            parent = change.path[:-1]
            lines = _leaf_difference(located.node, change.old, change.new, change.secret)
        groups.setdefault(parent, []).extend(lines)
    out: list[str] = []
    for path, lines in groups.items():
        out.append(f"[edit {format_path(path)}]" if path else "[edit]")
        out += lines
    return "".join(f"{line}\n" for line in out)


def _entry_difference(path: Path, document: Document, mark: str) -> list[str]:
    node = locate(path[:-1]).node
    if not isinstance(node, KeyedList):
        raise TypeError("an entry stands in a list")
    masked = {path[-1]: _masked(tree.get(document, path), node.entry)}
    return [f"{mark}   {line}" for _, line in _list_lines(node, masked, 0, False, ())]


def _masked(value: Any, node: AnyNode) -> Any:
    if isinstance(node, Leaf):
        return MASK if node.secret else value
    if isinstance(node, KeyedList):
        return {key: _masked(entry, node.entry) for key, entry in value.items()}
    if isinstance(node, Container):
        return {name: _masked(item, node.children[name]) for name, item in value.items()}
    return value


def mask_secrets(document: Document, path: Path = ()) -> Any:
    """What stands at `path`, with `MASK` instead of every secret."""
    return _masked(tree.get(document, path), locate(path).node)


def _leaf_difference(node: AnyNode, old: Any, new: Any, secret: bool) -> list[str]:
    if isinstance(node, LeafList):
        before, after = set(old or ()), set(new or ())
        gone, come = sorted(before - after), sorted(after - before)
        return [
            f"{mark}   {line}"
            for mark, values in (("-", gone), ("+", come))
            for _, line in _leaf_lines(node, values, 0, ())
        ]
    if not isinstance(node, Leaf):
        raise TypeError("only leaves have values")
    lines = []
    for mark, value in (("-", old), ("+", new)):
        if value is not None:
            lines += [f"{mark}   {line}" for _, line in _leaf_lines(node, MASK if secret else value, 0, ())]
    return lines


def parse_curly(text: str) -> Document:
    """The document that curly-brace text describes, in normal form; the opposite of `format_curly`.

    An empty text value (`description: ""`, as `show` prints for what isn't set) sets nothing.

    Raises:
        ParseError: with the line that is wrong; ConfigError: values that aren't accepted.
    """
    return _Parser(text).document()


class _Parser:
    """Reads curly-brace text along the tree of nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.token = ""
        self.kind = ""

    def document(self) -> Document:
        value = self._container(root(), ())
        if self._peek():
            raise self._error('"}" closes nothing')
        checked: Document = tree.check(value)
        return checked

    def _error(self, reason: str, hint: str = "", path: Path = ()) -> ParseError:
        return ParseError(f"line {self.line}: {reason}", hint=hint, path=path)

    def _peek(self) -> str:
        """The next token, still to be taken; empty at the end."""
        while not self.token and self.position < len(self.text):
            match = TOKEN.match(self.text, self.position)
            if match is None:
                raise self._error("a quote isn't closed", 'close it with "')
            self.position = match.end()
            if match[0] == "\n":
                self.line += 1
            elif match.lastgroup == "word" and match[0].startswith("#"):
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            elif match.lastgroup != "space":
                self.token, self.kind = match[0], match.lastgroup or ""
        return self.token

    def _take(self) -> tuple[str, bool]:
        """The next token without its quotes, and whether it is a brace."""
        token, mark = self._peek(), self.kind == "mark"
        self.token = ""
        return unquote(token), mark

    def _word(self, what: str, path: Path) -> str:
        if not self._peek() or self.kind == "mark":
            raise self._error(f"{what} is missing", path=path)
        return self._take()[0]

    def _container(self, node: Container, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while self._peek() and not (self.kind == "mark" and self.token == "}"):  # noqa: S105
            word, mark = self._take()
            if mark:
                raise self._error('"{" without a name before it', path=path)
            name = word.removesuffix(":")
            child = node.children.get(name)
            if child is None:
                problem = unknown(name, node, path)
                raise self._error(problem.reason, problem.hint, path)
            self._child(child, (*path, name), out)
        return out

    def _child(self, child: AnyNode, path: Path, out: dict[str, Any]) -> None:
        name = path[-1]
        if isinstance(child, Container):
            if self._peek() != "{":
                raise self._error('"{" is missing', path=path)
            self._add(out.setdefault(name, {}), self._block(child, path))
        elif isinstance(child, KeyedList):
            key = self._word(child.key.name, path)
            entry = out.setdefault(name, {}).setdefault(key, {})
            if self._peek() == "{" and self.kind == "mark":
                self._add(entry, self._block(child.entry, (*path, key)))
        elif isinstance(child, LeafList):
            out.setdefault(name, []).append(self._parse(child, self._word("a value", path), path))
        else:
            word, line = self._word("a value", path), self.line
            if child.secret and self._peek() and self.kind != "mark" and self.line == line:
                raise self._error("more is too much after the value", "put text with spaces in quotes", path)
            if name in out:
                raise self._error("is set twice", path=path)
            if word or child.type != "string":
                out[name] = self._parse(child, word, path)

    @staticmethod
    def _add(into: dict[str, Any], more: dict[str, Any]) -> None:
        for name, value in more.items():
            if isinstance(value, dict) and isinstance(into.get(name), dict):
                _Parser._add(into[name], value)
            elif isinstance(value, list):
                into[name] = [*into.get(name, []), *value]
            else:
                into[name] = value

    def _block(self, node: Container, path: Path) -> dict[str, Any]:
        opened = self.line
        self._take()
        value = self._container(node, path)
        if not self._peek():
            raise self._error(f'the "{{" of line {opened} isn\'t closed', path=path)
        self._take()
        return value

    def _parse(self, node: Leaf | LeafList, word: str, path: Path) -> Any:
        try:
            return node.parse_item(word) if isinstance(node, LeafList) else node.parse(word)
        except ValueError as error:
            raise self._error(str(error), node.accepts, path) from None
