"""What is wrong with a plan."""

from __future__ import annotations

from pathlib import Path

from connetos_sdk.errors import ConnetosError, Problem


class PlanError(ConnetosError):
    """A plan can't be built as written; nothing was made. Each reason names the file and the place in it."""

    code = "plan-error"


def mistake(source: Path, place: str, reason: str, hint: str = "") -> Problem:
    """One mistake in the plan that was read from `source`; `place` is empty for the plan as a whole."""
    where = f"{source}: {place}" if place else str(source)
    return Problem(f"{where}: {reason}", (), hint, PlanError.code)
