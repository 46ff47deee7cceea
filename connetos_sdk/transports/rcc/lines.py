"""Configuration documents as lines of a command line, and back, also where the SDK doesn't know the words.

A vendor's switch has parts of the tree that our schema hasn't. What a document's shape says is enough for lines;
where it isn't (an empty mapping, a bare word in curly braces), the schema is asked, and what it doesn't know
is taken for an entry of a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connetos_sdk.errors import ConnetosError, InvalidValue, NotFound, ProtocolError, UnknownPath
from connetos_sdk.model import tree
from connetos_sdk.model.nodes import MASK, AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.schema import locate
from connetos_sdk.model.words import TOKEN, quote, unquote

_NUMBER = re.compile(r"-?[0-9]{1,19}")
_MARK = re.compile(r"^[+\uff0b]", re.MULTILINE)
"""What stands in front of a line that isn't committed yet; the vendor's documents show a full-width plus."""
_CHATTER = re.compile(r"Waiting for building configuration\.[ \t]*\r?\n")

Flat = tuple[Path, Any]
"""One value with its path; a value of a list that holds several stands alone; `{}` is an entry without values."""


def flatten(document: Any, path: Path = ()) -> list[Flat]:
    """Every value in `document`, which stands at `path`.

    Raises:
        InvalidValue: something in it can't be a value of a configuration.
    """
    if isinstance(document, Mapping):
        inside = [item for word, value in document.items() for item in flatten(value, (*path, str(word)))]
        return [(path, {})] if not inside and path and _is_entry(path) else inside
    if isinstance(document, list | tuple):
        return [found for item in document for found in flatten(item, path)]
    if isinstance(document, str | int) and path:
        return [(path, document)]
    raise InvalidValue(
        f"{type(document).__name__} can't stand here",
        path=path,
        hint="text, number, boolean, list or mapping",
    )


def _is_entry(path: Path) -> bool:
    """Whether an empty mapping at `path` means something: an entry of a list does, an empty container doesn't."""
    try:
        return locate(path).entry
    except ConnetosError:
        return True


def word_of(value: Any) -> str:
    """The value as a word of a line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def set_lines(document: Any, path: Path = ()) -> list[str]:
    """`set` lines of what is in `document`."""
    return [f"set {format_path(_words(item))}" for item in flatten(document, path)]


def _words(item: Flat) -> Path:
    path, value = item
    return path if isinstance(value, Mapping) else (*path, word_of(value))


def difference(old: Any, new: Any) -> tuple[str, str]:
    """How two documents differ: grouped by place for people, and as `delete` and `set` lines."""
    before = {_words(item): item for item in flatten(old)}
    after = {_words(item): item for item in flatten(new)}
    gone = [item for words, item in before.items() if words not in after]
    come = [item for words, item in after.items() if words not in before]
    places: dict[Path, list[str]] = {}
    for mark, document, items in (("-", old, gone), ("+", new, come)):
        for path, value in items:
            shown = _shown(*_told((path, value)), tree.get(document, path))
            places.setdefault(path[:-1], []).append(f"{mark}   {shown}")
    text = "".join(
        f"[edit{' ' if path else ''}{format_path(path)}]\n" + "".join(f"{line}\n" for line in shown)
        for path, shown in places.items()
    )
    lines = [line for item in gone for line in _delete_line(item, old, new)]
    lines += [f"set {format_path(_words(_told(item)))}" for item in come]
    return text, "".join(f"{line}\n" for line in dict.fromkeys(lines))


def edits(old: Any, new: Any) -> str:
    """The lines that make `new` of `old`, to be typed: with secrets.

    Entries that exist by themselves stay: a switch shows them though nobody has set them.
    """
    before = {_words(item): item for item in flatten(old)}
    after = {_words(item): item for item in flatten(new)}
    lines = [
        line
        for words, item in before.items()
        if words not in after and not _exists_by_itself(words)
        for line in _delete_line(item, old, new)
    ]
    lines += [f"set {format_path(words)}" for words in after if words not in before]
    return "\n".join(dict.fromkeys(lines))


def _exists_by_itself(path: Path) -> bool:
    """Whether an entry is there without being configured, as VLAN 1 is."""
    node = _node(path[:-1]) if path else None
    return isinstance(node, KeyedList) and path[-1] in node.always


def _told(item: Flat) -> Flat:
    """The value, or a mask where it is secret."""
    return (item[0], MASK) if is_secret(item[0]) else item


def is_secret(path: Path) -> bool:
    """Whether the schema says that the value at `path` is secret."""
    node = _node(path)
    return isinstance(node, Leaf) and node.secret


def masked(document: Any, path: Path = ()) -> Any:
    """`document`, which stands at `path`, with a mask instead of every secret."""
    if isinstance(document, dict):
        return {word: masked(value, (*path, word)) for word, value in document.items()}
    return MASK if is_secret(path) else document


def _delete_line(item: Flat, old: Any, new: Any) -> list[str]:
    path, _ = item
    for length in range(1, len(path) + 1):
        part = path[:length]
        if tree.get(new, part, tree.MISSING) is tree.MISSING and not _exists_by_itself(part):
            return [f"delete {format_path(part)}"]
    several = isinstance(tree.get(old, path), list)
    return [f"delete {format_path(_words(item))}"] if several else []  # a leaf is set anew


def _shown(path: Path, value: Any, whole: Any) -> str:
    if isinstance(value, Mapping):
        return f"{path[-1]} {{ }}"
    text = quote(value) if isinstance(value, str) else word_of(value)
    return f"{path[-1]} {text}" if isinstance(whole, list) else f"{path[-1]}: {text}"


# -- curly braces -----------------------------------------------------------------------------------------


def parse_shown(text: str) -> dict[str, Any]:
    """The document that `show` or `show running-config` of any switch shows in curly braces.

    Raises:
        ProtocolError: it isn't curly braces.
    """
    reader = _Reader(_MARK.sub(" ", _CHATTER.sub("", text, count=1)))
    return reader.block((), top=True)


class _Reader:
    """Reads curly braces without needing to know the words."""

    def __init__(self, text: str) -> None:
        self._lines = iter(enumerate(text.splitlines(), 1))

    def block(self, path: Path, *, top: bool = False) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for number, line in self._lines:
            tokens = [m[0] for m in TOKEN.finditer(line) if m.lastgroup != "space"]
            if not tokens:
                continue
            if tokens == ["}"]:
                if top:
                    raise _unreadable(number, line)
                return out
            opens = tokens[-1] == "{"
            words = tokens[:-1] if opens else tokens
            if not 1 <= len(words) <= 2 or "{" in words or "}" in words:
                raise _unreadable(number, line)
            if opens:
                self._opened(words, path, out)
            else:
                _value(words, path, out, _unreadable(number, line))
        if not top:
            raise ProtocolError("the configuration ends within a block", hint="was it cut off?")
        return out

    def _opened(self, words: list[str], path: Path, out: dict[str, Any]) -> None:
        inside, below = out, path
        for word in map(unquote, words):
            below = (*below, word)
            found = inside.setdefault(word, {})
            if isinstance(found, list):  # entries without a body came before one that has one
                found = inside[word] = {str(item): {} for item in found}
            inside = found
        inside.update(_merged(inside, self.block(below)))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        w: _merged(old[w], v) for w, v in new.items() if isinstance(v, dict) and isinstance(old.get(w), dict)
    }
    return {**old, **new, **both}


def _value(words: list[str], path: Path, out: dict[str, Any], unreadable: ProtocolError) -> None:
    name = words[0].removesuffix(":")
    node = _node((*path, name))
    if len(words) == 1:
        if node is None or isinstance(node, Container):
            out.setdefault(name, {})
            return
        raise unreadable
    value = _typed(words[1], node)
    if words[0].endswith(":"):
        out[name] = value
    elif isinstance(node, KeyedList) or isinstance(out.get(name), dict):
        out.setdefault(name, {})[unquote(words[1])] = {}
    else:
        found = out.setdefault(name, [])
        found.extend(value if isinstance(value, list) else [value])


def _node(path: Path) -> AnyNode | None:
    try:
        return locate(path).node
    except UnknownPath:
        return None


def _typed(word: str, node: AnyNode | None) -> Any:
    """The value that a word is: as the schema has it, else by its looks; text is quoted."""
    text = unquote(word)
    if isinstance(node, Leaf | LeafList):
        try:
            return node.parse(text)
        except ValueError:
            pass  # the switch accepts what our schema doesn't; by its looks, then
    if text != word or word.startswith('"'):
        return text
    if word in ("true", "false"):
        return word == "true"
    return int(word) if _NUMBER.fullmatch(word) else word


def _unreadable(number: int, line: str) -> ProtocolError:
    return ProtocolError(f"line {number} of the configuration can't be read: {line.strip()[:60]!r}")


def without_defaults(document: Any, path: Path = ()) -> Any:
    """`document` without the values that our schema knows to be defaults, and without empty text."""
    if not isinstance(document, dict):
        return document
    out: dict[str, Any] = {}
    for word, value in document.items():
        below = (*path, word)
        node = _node(below)
        if isinstance(value, dict):
            kept = without_defaults(value, below)
            if kept or _is_entry(below):
                out[word] = kept
        elif value != "" and not _is_default(value, node):
            out[word] = value
    return out


def _is_default(value: Any, node: AnyNode | None) -> bool:
    return isinstance(node, Leaf) and node.default is not None and tree.same(value, node.default)


def require_place(document: Any, path: Path) -> None:
    """Let pass a path at which something stands, or may stand.

    Raises:
        NotFound: there is no such place.
    """
    if tree.get(document, path, tree.MISSING) is tree.MISSING:
        try:
            locate(path)
        except UnknownPath as error:
            raise NotFound(problems=error.problems) from None


def value_at(document: Any, path: Path) -> Any:
    """What stands at `path`; an empty mapping for a known part of the tree in which nothing is.

    Raises:
        NotFound: nothing does, or there is no such place.
    """
    value = tree.get(document, path, tree.MISSING)
    if value is not tree.MISSING:
        return value
    require_place(document, path)
    located = locate(path)
    if path and not (located.entry is False and hasattr(located.node, "children")):
        raise NotFound("isn't configured", path=path, hint="with defaults, default values are shown")
    return {}
