"""Timing of two sides in turn, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Progress = Callable[[str], None]
"""Told in a few words what is going on."""


def milliseconds(work: Callable[[], object]) -> float:
    """How long `work` takes, in milliseconds of wall time."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def medians(
    ours: Callable[[int], object],
    peer: Callable[[int], object],
    *,
    runs: int,
    warm_up: int,
    progress: Progress,
    between: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Median milliseconds of `ours` and of `peer`, run in turn: ours, peer, ours, peer, …

    Args:
        ours: one run of our side; gets the number of the run.
        peer: one run of the peer's.
        runs: how many of each count.
        warm_up: how many of each go before and don't count.
        progress: told before each run.
        between: puts both sides back before each pair; not measured.
    """
    taken: list[tuple[float, float]] = []
    for number in range(warm_up + runs):
        progress(f"run {number + 1} of {warm_up + runs}")
        between()
        taken.append((milliseconds(lambda n=number: ours(n)), milliseconds(lambda n=number: peer(n))))  # type: ignore[misc]
    counted = taken[warm_up:]
    return statistics.median(own for own, _ in counted), statistics.median(other for _, other in counted)
