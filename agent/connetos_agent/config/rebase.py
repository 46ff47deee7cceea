"""Changes of one candidate laid over what others committed meanwhile."""

from __future__ import annotations

from typing import Any

from connetos_sdk.errors import Conflict, Problem
from connetos_sdk.model import tree
from connetos_sdk.model.diff import Change, diff
from connetos_sdk.model.paths import Path
from connetos_sdk.model.tree import Document


def rebase(base: Document, candidate: Document, running: Document) -> Document:
    """`running` with what `candidate` changed since `base`. Values of leaf-lists are merged one by one.

    Raises:
        Conflict: both changed the same leaf to different values, or one deleted what the other changed.
    """
    if running is base:
        return candidate
    mine, theirs = diff(base, candidate), diff(base, running)
    _raise_conflicts(mine, theirs)
    document = running
    for change in mine:
        document = _apply(document, change)
    return document


def _raise_conflicts(mine: list[Change], theirs: list[Change]) -> None:
    by_path = {change.path: change for change in theirs}
    deleted = {change.path for change in theirs if change.old is True and change.new is None}
    inside: set[Path] = {change.path[:n] for change in theirs for n in range(1, len(change.path) + 1)}
    problems = []
    for change in mine:
        other = by_path.get(change.path)
        differs = (
            other is not None and not tree.same(other.new, change.new) and not isinstance(change.new, list)
        )
        parents = (change.path[:n] for n in range(1, len(change.path)))
        parent_gone = change.new is not None and not deleted.isdisjoint(parents)
        removed = change.old is True and change.new is None
        if differs or parent_gone or (removed and change.path in inside and change.path not in deleted):
            problems.append(change.path)
    if problems:
        raise Conflict(
            problems=[
                Problem(
                    "somebody else changed this since you began",
                    path,
                    "discard, look at the new configuration, and make the change again",
                    Conflict.code,
                )
                for path in problems
            ]
        )


def _apply(document: Document, change: Change) -> Document:
    if change.old is True and change.new is None:
        return (
            tree.delete(document, change.path)
            if tree.get(document, change.path, None) is not None
            else document
        )
    if change.new is True and change.old is None and tree.get(document, change.path, None) is not None:
        return document
    if isinstance(change.old, list) or isinstance(change.new, list):
        present, before, after = (
            set(x or ()) for x in (tree.get(document, change.path, []), change.old, change.new)
        )
        merged: list[Any] = sorted((present - (before - after)) | (after - before))
        return tree.put(document, change.path, merged)
    if change.new is None:
        return tree.put(document, change.path, tree.MISSING)
    is_entry = change.new is True and change.old is None and change.located.entry
    return tree.put(document, change.path, {} if is_entry else change.new)
