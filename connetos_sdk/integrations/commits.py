"""Commits that frameworks of wanted states make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connetos_sdk.errors import Unsupported
from connetos_sdk.results import CommitResult


def commit(do: Callable[..., CommitResult], *, test: bool, **options: Any) -> CommitResult:
    """Make a change, or with `test` only plan it.

    It is planned first: a commit that changes nothing would still confirm an earlier one that waits for it. What a
    switch can't plan, such as the rollback of a vendor's, is done at once.

    Args:
        do: gets `options` and `dry_run`.
        test: whether only to plan.
        options: `comment`, `confirm`; what is None isn't given.

    Raises:
        Unsupported: with `test`, for what the switch can't plan.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        planned = do(dry_run=True, **given)
    except Unsupported:
        if test:
            raise
        return do(**given)
    return do(**given) if planned.changed and not test else planned
