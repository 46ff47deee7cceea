"""What differs between two documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connetos_sdk.model.nodes import MASK, Container, Leaf, LeafList, Located
from connetos_sdk.model.paths import Path
from connetos_sdk.model.schema import root
from connetos_sdk.model.tree import MISSING, Document

__all__ = ["MASK", "Change", "diff"]


@dataclass(frozen=True)
class Change:
    """One leaf, leaf-list or list entry that differs.

    `old` and `new` are values; None where there was or will be nothing. For a list entry they are `True`
    (it is there) or None: what is inside it is told by changes of its own. `located` is the node at `path`: the
    comparison has it at hand, and a large commit would look each path up several times.
    """

    path: Path
    old: Any
    new: Any
    located: Located = field(repr=False, compare=False)

    @property
    def secret(self) -> bool:
        """Whether the values must not be shown."""
        node = self.located.node
        return isinstance(node, Leaf) and node.secret

    @property
    def operation(self) -> str:
        """`create`, `delete` or `modify`."""
        if self.old is None:
            return "create"
        return "delete" if self.new is None else "modify"

    def to_dict(self) -> dict[str, Any]:
        """JSON form; secrets are masked."""
        old, new = self.old, self.new
        if self.secret:
            old, new = (None if v is None else MASK for v in (old, new))
        return {"path": list(self.path), "operation": self.operation, "old": old, "new": new}


def diff(old: Document, new: Document) -> list[Change]:
    """All changes that lead from `old` to `new`, in the schema's order; subtrees that are the same object cost nothing."""
    return list(_diff(old, new, Located(root(), ())))


def _diff(old: Any, new: Any, located: Located) -> Iterator[Change]:
    if old is new:
        return
    node = located.node
    if isinstance(node, Leaf | LeafList):
        if type(old) is not type(new) or old != new:
            before, after = (None if v is MISSING else v for v in (old, new))
            yield Change(located.path, before, after, located)
        return
    before = old if isinstance(old, Mapping) else {}
    after = new if isinstance(new, Mapping) else {}
    if isinstance(node, Container):
        for name in node.children:
            if name in before or name in after:
                yield from _diff(before.get(name, MISSING), after.get(name, MISSING), located.child(name))
        return
    yield from _diff_entries(before, after, located)


def _diff_entries(before: Mapping[str, Any], after: Mapping[str, Any], located: Located) -> Iterator[Change]:
    for key in before:
        if key not in after:
            entry = located.entry_at(key)
            yield Change(entry.path, True, None, entry)
            yield from _diff(before[key], MISSING, entry)
    for key, value in after.items():
        entry = located.entry_at(key)
        if key not in before:
            yield Change(entry.path, None, True, entry)
        yield from _diff(before.get(key, MISSING), value, entry)
