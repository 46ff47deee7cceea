"""Compares the cables that LLDP tells of with those that are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connetos_sdk.cabling import Cabling, End, Link, Stranger
from connetos_sdk.model.ranges import port_order
from connetos_sdk.results import Result

Kind = Literal["elsewhere", "unplanned", "missing", "stranger", "doubtful"]


@dataclass(frozen=True)
class CablingDifference(Result):
    """A cable that isn't as planned.

    Attributes:
        kind: `elsewhere` (the port has a cable to another port than planned), `unplanned` (a cable between ports that
            the plan leaves empty), `missing` (neither end of the planned cable hears a neighbour), `stranger` (what is
            at the other end is no known switch of the plan), `doubtful` (the ends tell different things).
        at: a port of a switch of the plan.
        found: what is at the other end; None when that isn't a known port of a switch of the plan.
        planned: what should be there; None when nothing should.
        text: all of that as a sentence.
    """

    kind: Kind
    at: End
    found: End | None
    planned: End | None
    text: str


@dataclass(frozen=True)
class CablingReport(Result):
    """Planned and real cables.

    Attributes:
        differences: what isn't as planned, by switch and port.
        confirmed: how many cables are as planned.
        unseen: planned cables of which neither end could be asked.
        silent: switches that couldn't be asked, each with the reason.
    """

    differences: tuple[CablingDifference, ...]
    confirmed: int
    unseen: tuple[Link, ...]
    silent: Mapping[str, str]

    @property
    def as_planned(self) -> bool:
        """Whether every planned cable was seen, and no other."""
        return not self.differences and not self.unseen


def compare(planned: Sequence[Link], real: Cabling) -> CablingReport:
    """Compare planned cables with those there are.

    A switch that doesn't answer is believed to be what its neighbours hear by its name; a cable that only one end can
    tell of counts when it is as planned.
    """
    return _Comparison(planned, real).report()


class _Comparison:
    def __init__(self, planned: Sequence[Link], real: Cabling) -> None:
        self._real = real
        self._links = planned
        self._planned = {
            **{link.a: link.b for link in planned},
            **{link.b: link.a for link in planned},
        }
        self._explained: set[End] = set()
        self._confirmed: set[frozenset[End]] = set()
        self._found: list[CablingDifference] = []

    def report(self) -> CablingReport:
        for link in self._real.links:
            self._cable(link.a, link.b)
        for doubt in self._real.doubts:
            if doubt.far is not None and doubt.far.switch in self._real.silent:
                self._cable(doubt.at, doubt.far)
            else:
                self._add("doubtful", doubt.at, doubt.far, doubt.reason)
        for stranger in self._real.strangers:
            if stranger.at in self._planned:
                self._stranger(stranger)
        unseen = tuple(self._missing())
        self._found.sort(key=lambda difference: (difference.at.switch, port_order(difference.at.port)))
        return CablingReport(tuple(self._found), len(self._confirmed), unseen, dict(self._real.silent))

    def _cable(self, a: End, b: End) -> None:
        self._explained |= {a, b}
        if self._planned.get(a) == b:
            self._confirmed.add(frozenset((a, b)))
            return
        at, far = (a, b) if a in self._planned else (b, a)
        if at not in self._planned:
            self._add("unplanned", a, b, f"{a} is cabled to {b}, planned is no cable there")
            return
        text = f"{at} is cabled to {far}, planned is {self._planned[at]}"
        if far in self._planned:
            text += f" (and {self._planned[far]} at {far})"
        self._add("elsewhere", at, far, text)

    def _stranger(self, stranger: Stranger) -> None:
        neighbor = stranger.neighbor
        called = neighbor.system_name or neighbor.chassis_id
        self._add(
            "stranger",
            stranger.at,
            None,
            f"{stranger.at} is cabled to {neighbor.port_id} of {called}, "
            f"planned is {self._planned[stranger.at]}",
        )

    def _missing(self) -> Iterator[Link]:
        """Tell of planned cables that nobody hears; those that nobody could tell of are returned."""
        for link in self._links:
            if link.a in self._explained or link.b in self._explained:
                continue
            if {link.a.switch, link.b.switch} <= self._real.silent.keys():
                yield link
                continue
            at, far = (link.b, link.a) if link.a.switch in self._real.silent else (link.a, link.b)
            self._add("missing", at, None, f"{at} hears no neighbour, planned is {far}")

    def _add(self, kind: Kind, at: End, found: End | None, text: str) -> None:
        self._explained.add(at)
        if all(difference.text != text for difference in self._found):
            self._found.append(CablingDifference(kind, at, found, self._planned.get(at), text))
