"""One walk along the cables, from the port of the sending host on: each switch says where it sends the flow.

Each is told what its predecessor sends: VLAN tag, MAC addresses and time to live. Where a switch has several ways the
walk takes them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connetos_sdk.cabling import Doubt, End
from connetos_sdk.errors import ConnetosError
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.foresight import Foresight, Frame
from connetos_sdk.navmesh.results import NavmeshResult, Path
from connetos_sdk.navmesh.trips import (
    DELIVERED,
    DROPPED,
    FLOODED,
    LEFT,
    LOCAL,
    LOOP,
    NO_ANSWER,
    UNKNOWN,
    Attachment,
    Branch,
    Hop,
)

if TYPE_CHECKING:
    from connetos_sdk.switch import Switch

MAX_HOPS = 64
MAX_QUESTIONS = 1024


@dataclass(frozen=True)
class Map:
    """Where a walk may go.

    Attributes:
        switches: connections by name.
        far: the other end of the cable at each port that leads to a switch.
        doubts: ports of which it isn't known what is at the other end.
        silent: switches that didn't answer, with the reasons.
        behind: what is behind a port that leads to no switch.
    """

    switches: Mapping[str, Switch]
    far: Mapping[End, End]
    doubts: Mapping[End, Doubt] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    behind: Mapping[End, str] = field(default_factory=dict)


class Walk:
    """Follows one flow.

    Args:
        place: the switches and cables.
        flow: which.
        destination: where its destination is, if that is known.
        foresight: what was asked before.
    """

    def __init__(
        self, place: Map, flow: FiveTuple, destination: Attachment | None, foresight: Foresight
    ) -> None:
        self.branches: list[Branch] = []
        self._place = place
        self._flow = flow
        self._destination = destination
        self._foresight = foresight
        self._questions = 0

    def go(
        self,
        at: End,
        frame: Frame,
        hops: tuple[Hop, ...] = (),
        been: frozenset[tuple[End, int | None]] = frozenset(),
    ) -> None:
        """Follow the flow from where `frame` arrives; `branches` has the ends of all ways then."""
        here = (*hops, Hop(at.switch, at.port, None))
        self._questions += 1
        if (at, frame.vlan) in been:
            self.branches.append(Branch(hops, LOOP, f"it comes back to {at}", str(at)))
            return
        if len(hops) >= MAX_HOPS or self._questions > MAX_QUESTIONS:
            reason = "too many switches on the way: not followed further"
            self.branches.append(Branch(hops, UNKNOWN, reason, str(at)))
            return
        if at.switch not in self._place.switches:
            self.branches.append(Branch(here, NO_ANSWER, f"{at.switch} isn't among the switches", at.switch))
            return
        try:
            answer = self._ask(at, frame)
        except ConnetosError as error:
            self.branches.append(Branch(here, NO_ANSWER, str(error), at.switch))
            return
        for path in answer.paths:
            ahead = self._onward(Hop(at.switch, at.port, path), frame, hops)
            for far, sent, taken in ahead:
                self.go(far, sent, taken, been | {(at, frame.vlan)})

    def _ask(self, at: End, frame: Frame) -> NavmeshResult:
        foreseen = self._foresight.answer(at, frame)
        if foreseen is not None:
            return foreseen
        switch = self._place.switches[at.switch]
        return switch.navmesh(self._flow, ingress_port=at.port, **frame.arguments())

    def _onward(
        self, hop: Hop, frame: Frame, hops: tuple[Hop, ...]
    ) -> Iterator[tuple[End, Frame, tuple[Hop, ...]]]:
        """Where a switch sends it on: the far end, the frame, and the hops until there; ends of the way are noted."""
        path = hop.path
        assert path is not None  # noqa: S101 - the switch has answered
        if path.fate not in ("forwarded", "flooded") or not path.out:
            outcome = path.fate if path.fate in (DROPPED, LOCAL) else UNKNOWN
            reason = path.reason or f"{self._flow.destination} is an address of {hop.switch}"
            where = f"{hop.switch}:{path.egress[0].port if path.egress else hop.ingress}"
            self.branches.append(
                Branch((*hops, hop), outcome, reason, where, path.configuration, path.missing)
            )
            return
        for egress in (one for one in path.egress if one.up):
            taken = (*hops, replace(hop, egress=egress.port))
            leaving = End(hop.switch, egress.port)
            far = self._place.far.get(leaving)
            if far is None:
                self.branches.append(self._arrived(leaving, path, taken))
                continue
            sent = Frame(
                ttl=path.frame.get("ttl", frame.ttl),
                vlan=egress.vlan if egress.tagged else None,
                source_mac=path.frame.get("source_mac", frame.source_mac),
                destination_mac=path.frame.get("destination_mac", frame.destination_mac),
            )
            yield far, sent, taken

    def _arrived(self, at: End, path: Path, hops: tuple[Hop, ...]) -> Branch:
        """It leaves by a port that no cable to a switch is known at."""
        if self._destination is not None and at in self._destination.ends:
            return Branch(hops, DELIVERED, "", str(at))
        if doubt := self._place.doubts.get(at):
            outcome = NO_ANSWER if doubt.far and doubt.far.switch in self._place.silent else UNKNOWN
            return Branch(hops, outcome, f"where it gets to isn't known: {doubt.reason}", str(at))
        behind = self._place.behind.get(at, "")
        if self._destination is None and not behind and not path.next_hop and path.fate == "forwarded":
            return Branch(hops, DELIVERED, "", str(at))
        outcome = FLOODED if floods(hops) else LEFT
        lines = tuple(line for step in path.steps if step.table == "route" for line in step.configuration)
        reason = f"it goes out of {at}, behind which is {behind or 'nothing that is known'}"
        return Branch(hops, outcome, reason, str(at), lines)


def floods(hops: tuple[Hop, ...]) -> bool:
    """Whether a frame got this far only because a switch didn't know better."""
    return any(hop.path is not None and hop.path.fate == "flooded" for hop in hops)
