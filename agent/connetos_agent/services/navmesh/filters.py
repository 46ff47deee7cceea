"""What filters do to a frame."""

from __future__ import annotations

from connetos_agent.services.navmesh.bridge import Verdict
from connetos_agent.services.navmesh.path import DROPPED, Path
from connetos_agent.services.navmesh.tables import Tables


def note(path: Path, verdict: Verdict, tables: Tables) -> None:
    """Note the terms of filters that the frame meets."""
    for term in verdict.terms:
        if met := tables.met(term):
            key = f"filter {met.name} term {met.term.name} at {met.interface}"
            entry = "discards it" if term.discarded else "lets it pass"
            path.step("filter", key, entry, tables.filter_lines(met))


def discard(path: Path, verdict: Verdict, tables: Tables) -> Path | None:
    """The end of a frame that a filter discards; None if none does."""
    met = next((tables.met(term) for term in verdict.terms if term.discarded), None)
    if met is None:
        return None
    path.egress.clear()  # what is left there is down
    reason = f"filter {met.name} at {met.interface} discards it by term {met.term.name}"
    return path.end(DROPPED, reason, tables.filter_lines(met))
