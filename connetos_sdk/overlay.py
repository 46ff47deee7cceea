"""Changes that are worked out from what is configured, and made only if that hasn't changed meanwhile.

overlay(switch, {"vlans": {"vlan-id": {"10": {}}}}, purge=["vlans"])    # VLAN 10, and no other
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connetos_sdk.errors import Conflict, PreconditionFailed, Unsupported
from connetos_sdk.model import tree
from connetos_sdk.model.paths import Path
from connetos_sdk.model.schema import locate
from connetos_sdk.model.text import PathLike, as_path
from connetos_sdk.model.tree import MISSING, Document
from connetos_sdk.results import CommitResult
from connetos_sdk.switch import Switch

ATTEMPTS = 5
"""How often a change is worked out anew when others change the configuration at the same time."""
EVERY = "*"
"""Stands in a path to purge for every entry of a list."""


@dataclass(frozen=True)
class Rework:
    """What stood at a path, what was put in its place, and what the commit did. Secrets that were there are masked."""

    before: Any
    after: Any
    commit: CommitResult


def rework(switch: Switch, make: Callable[[Any], Any], path: PathLike = (), **options: Any) -> Rework:
    """Put what `make` makes of what stands at `path` in its place, in one transaction.

    Args:
        switch: where.
        make: gets the value at `path`, `{}` if nothing stands there; secrets are masked, and masks keep them.
        path: the root by default.
        options: as for `Switch.merge`; with `if_revision` it isn't tried again.

    Raises:
        Conflict: others changed the configuration each time before this change was made.
        Locked: the switch doesn't number its revisions, and others are configuring it.
    """
    where, fixed = as_path(path), options.pop("if_revision", None)
    for _ in range(ATTEMPTS):
        try:
            revision = switch.revision() if fixed is None else fixed
        except Unsupported:
            return _alone(switch, make, where, **options)
        before = tree.get(switch.config(), where, {})
        after = make(before)
        try:
            done = switch.replace(after, where, if_revision=revision, **options)
        except PreconditionFailed:
            if fixed is not None:
                raise
            continue
        return Rework(before, after, done)
    raise Conflict("others change the configuration all the time", path=where, hint="try again")


def _alone(
    switch: Switch, make: Callable[[Any], Any], where: Path, *, dry_run: bool = False, **options: Any
) -> Rework:
    """The same where revisions have no numbers: in a candidate while nobody else may configure.

    Only what differs is typed there: such a switch may have configuration below `where` that can't be given back to it,
    as masked secrets.
    """
    from connetos_sdk.transports.rcc.lines import edits  # needs the extra `rcc`, which whoever comes here has

    with switch.configure(exclusive=True, **options) as change:
        before = tree.get(change.config(), where, {})
        after = make(before)
        if lines := edits(_at(where, before), _at(where, after)):
            change.lines(lines)
        done = change.check()
        if done.changed and not dry_run:
            done = change.commit()
        change.close()
    return Rework(before, after, done)


def _at(where: Path, value: Any) -> Any:
    for word in reversed(where):
        value = {word: value}
    return value


def overlay(
    switch: Switch, document: Mapping[str, Any], purge: Iterable[PathLike] = (), **options: Any
) -> CommitResult:
    """Lay `document` over the configuration; below the paths in `purge` nothing else stays.

    Args:
        switch: where.
        document: in the shape of the configuration tree.
        purge: paths in which a word may be `*` for every entry of a list, such as
            `interface gigabit-ethernet * family`.
        options: as for `Switch.merge`.

    Raises:
        UnknownPath: a path of `purge` isn't in the tree.
    """
    given, paths = tree.check(document), [as_path(path) for path in purge]
    for path in paths:
        locate(path, EVERY)
    return rework(switch, lambda present: _laid(present, given, paths), **options).commit


def _laid(present: Document, given: Document, purge: Iterable[Path]) -> Document:
    kept = present
    for path in purge:
        for place in list(_places(kept, path)):
            kept = tree.put(kept, place, MISSING)
    return tree.merge(kept, given)


def _places(value: Any, path: Path) -> Iterator[Path]:
    """What a path with wildcards means where `value` stands."""
    if not path:
        yield ()
    elif isinstance(value, Mapping):
        for word in value if path[0] == EVERY else (path[0],):
            if word in value:
                yield from ((word, *rest) for rest in _places(value[word], path[1:]))
