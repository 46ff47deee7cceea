"""A commit: what it is asked, what it did, and how it is carried out in the data plane's thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connetos_agent.config.secrets import settle
from connetos_agent.config.store import Confirmation, Facts, Store
from connetos_agent.config.transaction import Dataplane, Plan
from connetos_sdk.errors import StorageFailed
from connetos_sdk.model import curly, setlines
from connetos_sdk.model.diff import Change
from connetos_sdk.model.tree import Document
from connetos_sdk.model.validation import validate

Edit = Callable[[Document], Document]


@dataclass(frozen=True)
class Running:
    """The running configuration and its revision."""

    revision: int
    document: Document


@dataclass(frozen=True)
class CommitOptions:
    """How to commit.

    Attributes:
        comment: kept with the revision.
        confirm: seconds until the commit rolls back unless it is confirmed; None commits for good.
        dry_run: only say what would happen.
    """

    comment: str = ""
    confirm: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a commit did, or a dry run would do.

    `difference` is for people (grouped by place), `set_lines` leads from the old document to the new one.
    """

    revision: int
    new: Document
    changes: tuple[Change, ...]
    plan: Plan
    difference: str
    set_lines: str
    confirm_deadline: float | None
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form: `revision`, `changed`, `diff`, `set_lines`, `plan`, `confirm_deadline`, `dry_run`."""
        return {
            "revision": self.revision,
            "changed": bool(self.changes),
            "diff": self.difference,
            "set_lines": self.set_lines,
            "plan": [step.to_dict() for step in self.plan.steps] if self.dry_run else len(self.plan.steps),
            "confirm_deadline": self.confirm_deadline,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True)
class Order:
    """A commit to carry out.

    Attributes:
        facts: those of the revision that it makes.
        build: makes the document of it; may raise.
        confirmation: kept until the commit is confirmed; None for one that is for good.
        pending: the confirmation that waits now.
        dry_run: only say what would happen.
    """

    facts: Facts
    build: Callable[[], Document]
    confirmation: Confirmation | None
    pending: Confirmation | None
    dry_run: bool


def carry_out(order: Order, running: Running, store: Store, dataplane: Dataplane) -> Outcome:
    """Validate, plan, record, apply, verify, commit.

    Raises:
        ConnetosError: nothing changed; the error says why.
    """
    facts, confirmation = order.facts, order.confirmation
    old = running.document
    new = settle(old, order.build())
    changes = validate(old, new)
    plan = dataplane.plan(changes, new, old)
    deadline = confirmation.deadline if confirmation and changes else None
    outcome = Outcome(
        revision=facts.id if changes else running.revision,
        new=new if changes else old,
        changes=tuple(changes),
        plan=plan,
        difference=curly.format_difference(old, new),
        set_lines=setlines.format_difference(old, new),
        confirm_deadline=deadline,
        dry_run=order.dry_run,
    )
    if order.dry_run or not changes:
        return outcome
    if confirmation is not None:
        store.write_confirmation(confirmation)
    try:
        store.prepare(facts, outcome.set_lines, new)
        dataplane.run(plan, new, old)
        try:
            store.commit(facts)
        except StorageFailed:
            back = Plan(tuple(step.reverse for step in reversed(plan.steps)), plan.targets, plan.dependents)
            dataplane.run(back, old, new)
            raise
    except BaseException:
        store.abort(facts)
        if confirmation is not None:
            with contextlib.suppress(StorageFailed):
                store.write_confirmation(order.pending)
        raise
    return outcome
