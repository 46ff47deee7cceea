"""What a switch drops: counters of its interfaces, and of the terms of filters that discard.

    before = drop_counters(switch)
    ...
    for dropped in dropped_since(before, drop_counters(switch)):
        print(dropped.place, dropped.name, dropped.reason, dropped.packets)

Storm control and rate limits keep no counters that the agent tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from connetos_sdk.errors import NotFound, Unsupported
from connetos_sdk.results import Result
from connetos_sdk.switch import Switch

COUNTERS = ("in-discards", "out-discards", "in-errors", "out-errors")
"""Counters of an interface that mean a frame got no further."""


class DropCounter(NamedTuple):
    """What is counted: at `interface` `name` a counter of `COUNTERS`, at `filter` `name` one of its terms."""

    place: Literal["interface", "filter"]
    name: str
    reason: str


@dataclass(frozen=True)
class Dropped(Result):
    """Packets dropped between two looks, and in `total` since the counter was cleared; see `DropCounter`."""

    place: str
    name: str
    reason: str
    packets: int
    total: int


def drop_counters(switch: Switch) -> dict[DropCounter, int]:
    """Packets dropped since the counters were cleared; filters are left out where the switch doesn't tell of them."""
    found = {
        DropCounter("interface", name, reason): numbers[reason]
        for name, numbers in switch.counters().items()
        for reason in COUNTERS
        if reason in numbers
    }
    try:
        filters = switch.state("firewall filter")
    except (NotFound, Unsupported):
        return found
    return found | {
        DropCounter("filter", name, term["term"]): term["matched-packets"]
        for name, facts in filters.items()
        for term in facts["matching"]
        if term["action"] == "discard"
    }


def dropped_since(before: Mapping[DropCounter, int], now: Mapping[DropCounter, int]) -> list[Dropped]:
    """What was dropped between two looks.

    A counter that has become smaller was cleared meanwhile. One that wasn't there before began at zero.
    """
    found = []
    for counter, total in now.items():
        last = before.get(counter, 0)
        packets = total - last if total >= last else total
        if packets:
            found.append(Dropped(*counter, packets=packets, total=total))
    return found
