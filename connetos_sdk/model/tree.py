"""Documents: nested dictionaries in the shape of the configuration tree.

A document is never changed in place: each edit returns a new one that shares everything untouched with the
old one. So keeping many documents costs little, `is` tells that a subtree is unchanged, and a reader never
sees half an edit.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Set
from typing import Any

from connetos_sdk.errors import NotFound, Problem, RuleViolation, raise_problems
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.schema import locate, root

Document = Mapping[str, Any]
"""A configuration: nested mappings; leaves are scalars, leaf-lists are sorted lists. Never mutated."""

MISSING: Any = object()
"""Stands where a document has nothing."""

_REQUIRED: Any = object()


def get(document: Document, path: Path, default: Any = _REQUIRED) -> Any:
    """What stands at `path`.

    Raises:
        NotFound: nothing does and no `default` is given.
    """
    value: Any = document
    for word in path:
        if not isinstance(value, Mapping) or word not in value:
            if default is _REQUIRED:
                raise NotFound("isn't configured", path=path)
            return default
        value = value[word]
    return value


def check(value: Any, path: Path = ()) -> Any:
    """`value` as it may stand at `path`, in normal form.

    Raises:
        ConfigError: with every problem found (bounded), each with its own path.
    """
    problems: list[Problem] = []
    checked = locate(path).node.check(value, path, problems)
    raise_problems(problems)
    return checked


def put(document: Document, path: Path, value: Any) -> Document:
    """`document` with `value` at `path`; `value` is in normal form. Empty containers on the way disappear."""
    return _put(document, path, MISSING if value == [] else value, root())


def _put(document: Document, path: Path, value: Any, node: AnyNode) -> Document:
    if not path:
        return value if isinstance(value, Mapping) else {}
    word, rest = path[0], path[1:]
    child = node.entry if isinstance(node, KeyedList) else _child(node, word)
    old = document.get(word, MISSING)
    if value is MISSING and old is MISSING:
        return document
    new = value if not rest else _put(old if old is not MISSING else {}, rest, value, child)
    empty = new is MISSING or (new in ({}, []) and not isinstance(node, KeyedList))
    if empty and old is MISSING:
        return document
    if new is old or (not empty and old is not MISSING and not rest and same(new, old)):
        return document
    changed = dict(document)
    if empty:
        del changed[word]
    else:
        changed[word] = new
        if old is MISSING and isinstance(node, KeyedList):
            changed = _in_order(changed, {word})
    return changed


def _in_order(entries: dict[str, Any], new: Set[str]) -> dict[str, Any]:
    """Entries of a list in the order of their keys; all but the `new` ones stand in order already."""
    keys = [key for key in entries if key not in new]
    if len(new) > len(keys):
        return {key: entries[key] for key in sorted(entries, key=port_order)}
    for key in new:
        insort(keys, key, key=port_order)
    return {key: entries[key] for key in keys}


def _child(node: AnyNode, word: str) -> AnyNode:
    if not isinstance(node, Container):
        raise TypeError(f"no child {word} below a leaf")
    return node.children[word]


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal and of equal type (`1` isn't `true`)."""
    return a is b or (type(a) is type(b) and a == b)


def delete(document: Document, path: Path, value: Any = MISSING) -> Document:
    """`document` without what stands at `path`; with `value`, without that value of the leaf-list at `path`.

    Raises:
        NotFound: nothing stands there.
        RuleViolation: the path is the root.
    """
    if not path:
        raise RuleViolation("the whole configuration can't be deleted", hint="name what to delete")
    present = get(document, path)
    if value is MISSING:
        return put(document, path, MISSING)
    drop = set(value if isinstance(value, list) else [value])
    absent = sorted(drop - set(present))
    if absent:
        raise NotFound(f"{', '.join(map(str, absent[:5]))} isn't configured", path=path)
    return put(document, path, [item for item in present if item not in drop])


def merge(document: Document, fragment: Any, path: Path = ()) -> Document:
    """`document` with `fragment` laid over what stands at `path`: leaves are set, lists gain entries and values.

    `fragment` is in normal form (see `check`).
    """
    node = locate(path).node
    old = get(document, path, MISSING)
    return put(document, path, _merge(old, fragment, node))


def _merge(old: Any, fragment: Any, node: AnyNode) -> Any:
    if old is MISSING:
        return fragment
    if isinstance(node, LeafList):
        combined = sorted({*old, *fragment})
        return old if combined == old else combined
    if not isinstance(node, Container | KeyedList):
        return old if same(old, fragment) else fragment
    changed: dict[str, Any] | None = None
    new_key = False
    for word, value in fragment.items():
        child = node.entry if isinstance(node, KeyedList) else _child(node, word)
        before = old.get(word, MISSING)
        after = _merge(before, value, child)
        if after is not before:
            changed = dict(old) if changed is None else changed
            changed[word] = after
            new_key = new_key or before is MISSING
    if changed is None:
        return old
    if new_key and isinstance(node, KeyedList):
        return _in_order(changed, changed.keys() - old.keys())
    return changed


def replace(document: Document, value: Any, path: Path = ()) -> Document:
    """`document` with `value` instead of what stands at `path`; subtrees that are equal stay the same objects."""
    old = get(document, path, MISSING)
    return put(document, path, reuse(old, value))


def reuse(old: Any, new: Any) -> Any:
    """`new`, but with every equal part taken from `old`, so that later comparisons end at once."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        merged = {word: reuse(old.get(word, MISSING), value) for word, value in new.items()}
        if len(merged) == len(old) and all(old.get(w, MISSING) is v for w, v in merged.items()):
            return old
        return merged
    return old if same(old, new) else new


def with_defaults(document: Document, path: Path = ()) -> Any:
    """What stands at `path`, with the defaults of all leaves that aren't set filled in.

    Entries that exist by themselves (VLAN 1) appear; entries of other lists are those of the document.
    """
    return _fill(get(document, path, MISSING), locate(path).node)


def _fill(value: Any, node: AnyNode) -> Any:
    if isinstance(node, KeyedList):
        entries = {} if value is MISSING else value
        keys = sorted({*entries, *node.always}, key=port_order)
        return {key: _fill(entries.get(key, MISSING), node.entry) for key in keys}
    if isinstance(node, Container):
        present = {} if value is MISSING else value
        filled = {name: _fill(present.get(name, MISSING), child) for name, child in node.children.items()}
        return {name: item for name, item in filled.items() if item is not MISSING and item != {}}
    if value is not MISSING:
        return value
    default = getattr(node, "default", None)
    return MISSING if default is None else default


def effective(document: Document, path: Path) -> Any:
    """Value of the leaf at `path`: what is set, else its default, else None."""
    value = get(document, path, MISSING)
    return getattr(locate(path).node, "default", None) if value is MISSING else value


def walk(document: Document) -> Iterator[tuple[Path, AnyNode, Any]]:
    """Each leaf, leaf-list and list entry of the document, with its path and node, in the schema's order."""
    return _walk(document, (), root())


def _walk(value: Any, path: Path, node: AnyNode) -> Iterator[tuple[Path, AnyNode, Any]]:
    if isinstance(node, KeyedList):
        for key, entry in value.items():
            yield (*path, key), node, entry
            yield from _walk(entry, (*path, key), node.entry)
    elif isinstance(node, Container):
        for name, child in node.children.items():
            if name in value:
                yield from _walk(value[name], (*path, name), child)
    else:
        yield path, node, value


def describe(path: Path) -> str:
    """The path for a message: words as on a CLI line, or `the configuration` for the root."""
    return format_path(path) or "the configuration"
