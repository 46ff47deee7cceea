"""Whether a document, as a whole, is a configuration: references, required leaves, rules across leaves.

The form of each value is checked when it enters a document (`tree.check`). What is left depends on several
places at once; it is checked here before a commit, and only where something changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from connetos_sdk.errors import BrokenReference, Problem, RuleViolation, raise_problems
from connetos_sdk.model import tree
from connetos_sdk.model.diff import Change, diff
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.ranges import compress_numbers
from connetos_sdk.model.rules import RULES
from connetos_sdk.model.schema import locate, root
from connetos_sdk.model.tree import Document


def validate(old: Document, new: Document) -> list[Change]:
    """The changes from `old`, which is valid, to `new`, after checking that `new` is valid too.

    Raises:
        ConfigError: with every problem found.
    """
    changes = diff(old, new)
    problems = [*_references(new, changes), *_required(new, changes)]
    touched = {change.path[:2] for change in changes}
    for rule in RULES:
        if any(prefix[: len(t)] == t or t[: len(prefix)] == prefix for t in touched for prefix in rule.about):
            problems.extend(rule.check(new))
    raise_problems(_once(problems))
    return changes


def _once(problems: list[Problem]) -> Iterator[Problem]:
    return iter(dict.fromkeys(problems))


@cache
def _referrers() -> tuple[tuple[Path, Path], ...]:
    """Every place that refers to a list: (path with `*` for keys, path of the list)."""

    def search(node: AnyNode, path: Path) -> Iterator[tuple[Path, Path]]:
        if isinstance(node, Leaf | LeafList):
            if node.reference:
                yield path, node.reference
        elif isinstance(node, KeyedList):
            yield from search(node.entry, (*path, "*"))
        elif isinstance(node, Container):
            for name, child in node.children.items():
                yield from search(child, (*path, name))

    return tuple(search(root(), ()))


def _references(new: Document, changes: list[Change]) -> Iterator[Problem]:
    deleted: dict[Path, set[str]] = {}
    for change in changes:
        node = change.located.node
        if change.new is None and change.located.entry:
            deleted.setdefault(change.path[:-1], set()).add(change.path[-1])
        if change.new is not None and isinstance(node, Leaf | LeafList) and node.reference:
            yield from _missing_targets(new, change.path, change.new, node.reference)
    for pattern, target in _referrers():
        if gone := deleted.get(target):
            for path, value in _matches(new, pattern, ()):
                values = value if isinstance(value, list) else [value]
                if not gone.isdisjoint(map(str, values)):
                    yield from _missing_targets(new, path, value, target)


def _missing_targets(document: Document, path: Path, value: Any, target: Path) -> Iterator[Problem]:
    list_node = locate(target).node
    always = list_node.always if isinstance(list_node, KeyedList) else frozenset()
    present = tree.get(document, target, {})
    values = value if isinstance(value, list) else [value]
    missing = [v for v in values if str(v) not in present and str(v) not in always]
    if missing:
        numbers = all(isinstance(v, int) for v in missing)
        names = ", ".join(compress_numbers(missing) if numbers else map(str, missing))
        reason = f"{format_path(target)} {names} isn't configured"
        hint = f"set {format_path(target)} {names.replace(' ', '')} first"
        yield Problem(reason, path, hint, BrokenReference.code)


def _matches(value: Any, pattern: Path, path: Path) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
        return
    words = value if pattern[0] == "*" else (w for w in pattern[:1] if w in value)
    for word in words:
        yield from _matches(value[word], pattern[1:], (*path, word))


def _required(new: Document, changes: list[Change]) -> Iterator[Problem]:
    seen: set[Path] = set()
    for change in changes:
        path = change.path if change.located.entry else change.path[:-1]
        if path in seen:
            continue
        seen.add(path)
        value = tree.get(new, path, None)
        node = change.located.node if change.located.entry else locate(path).node
        if value is None or not isinstance(node, Container):
            continue
        for name in node.missing(value):
            leaf = node.children[name]
            hint = f"set {format_path(path)} {name} ..., {getattr(leaf, 'accepts', '')}"
            yield Problem(f"{name} is missing", path, hint, RuleViolation.code)
