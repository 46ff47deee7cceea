"""How switches are cabled, as LLDP tells it.

    cabling = Fleet(members).cabling()
    for link in cabling.links:
        print(link.a, link.b)
    for doubt in cabling.doubts:
        print(doubt.at, doubt.reason)

A cable is one that both its ends tell of (IEEE 802.1AB advertises from a port to its neighbour, so each end knows the
other). What only one end tells, or what the ends tell otherwise, is a doubt and no cable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connetos_sdk import results
from connetos_sdk.model.ranges import port_order
from connetos_sdk.results import LldpNeighbor, Result

if TYPE_CHECKING:
    from connetos_sdk.switch import Switch


@dataclass(frozen=True, order=True)
class End:
    """One end of a cable: a port of a switch, written `leaf1:te-1/1/3`."""

    switch: str
    port: str

    def __str__(self) -> str:
        return f"{self.switch}:{self.port}"


@dataclass(frozen=True)
class Link:
    """A cable between two switches."""

    a: End
    b: End

    def __str__(self) -> str:
        return f"{self.a} - {self.b}"


@dataclass(frozen=True)
class Advertised(Result):
    """What LLDP has on one switch.

    Attributes:
        chassis_id: the switch's own; empty while LLDP is disabled.
        neighbors: whom it hears, in the order of its ports.
    """

    chassis_id: str
    neighbors: tuple[LldpNeighbor, ...]


@dataclass(frozen=True)
class Doubt(Result):
    """What can't be taken for a cable.

    Attributes:
        at: the port that hears something.
        far: the port that it hears, if it is one of a switch that is known.
        reason: why it is doubtful.
    """

    at: End
    far: End | None
    reason: str


@dataclass(frozen=True)
class Stranger(Result):
    """A neighbour at a port that isn't one of the switches."""

    at: End
    neighbor: LldpNeighbor


@dataclass(frozen=True)
class Cabling(Result):
    """How switches are cabled.

    Attributes:
        links: cables that both ends tell of, by switch and port; `a` is the lesser end.
        doubts: what one end tells, or what contradicts itself.
        strangers: neighbours that aren't among the switches, with the addresses by which they may be reached.
        silent: switches that couldn't be asked, each with the reason.
    """

    links: tuple[Link, ...]
    doubts: tuple[Doubt, ...]
    strangers: tuple[Stranger, ...]
    silent: Mapping[str, str]


def advertised(switch: Switch) -> Advertised:
    """What LLDP has on a switch; in what neighbours say of themselves `?` is what isn't printable.

    Raises:
        ConnetosError: it can't be asked.
    """
    state = switch.state("lldp")
    neighbors = (
        replace(
            one,
            chassis_id=_printable(one.chassis_id),
            port_id=_printable(one.port_id),
            port_description=_printable(one.port_description),
            system_name=_printable(one.system_name),
            system_description=_printable(one.system_description),
        )
        for one in results.lldp_neighbors(state["neighbor"])
    )
    return Advertised(state["local"].get("chassis-id", ""), tuple(neighbors))


def _printable(text: str) -> str:
    """Anybody with a cable may send it, and it gets to terminals, pictures and inventories."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def cabling(told: Mapping[str, Advertised], silent: Mapping[str, str] | None = None) -> Cabling:
    """The cables between switches.

    Args:
        told: what each switch has by LLDP, by the name that it shall have in the answer.
        silent: switches that couldn't be asked, with the reasons.
    """
    return _Puzzle(told, silent or {}).solved()


class _Puzzle:
    def __init__(self, told: Mapping[str, Advertised], silent: Mapping[str, str]) -> None:
        self._silent = silent
        self._by_chassis: dict[str, list[str]] = {}
        for name, one in told.items():
            if one.chassis_id:
                self._by_chassis.setdefault(one.chassis_id, []).append(name)
        self._heard: dict[End, list[LldpNeighbor]] = {}
        for name, one in told.items():
            for neighbor in one.neighbors:
                self._heard.setdefault(End(name, neighbor.local_port), []).append(neighbor)

    def solved(self) -> Cabling:
        links: set[tuple[End, End]] = set()
        doubts: list[Doubt] = []
        strangers: list[Stranger] = []
        for at in sorted(self._heard, key=_order):
            for neighbor in self._heard[at]:
                far = self._end(neighbor)
                if reason := self._doubt(at, neighbor, far):
                    doubts.append(Doubt(at, far, reason))
                elif far is None:
                    strangers.append(Stranger(at, neighbor))
                else:
                    first, second = sorted((at, far), key=_order)
                    links.add((first, second))
        ordered = sorted(links, key=lambda ends: (_order(ends[0]), _order(ends[1])))
        return Cabling(
            tuple(Link(a, b) for a, b in ordered), tuple(doubts), tuple(strangers), dict(self._silent)
        )

    def _end(self, neighbor: LldpNeighbor) -> End | None:
        """The port that a neighbour is, if its switch is known; a silent one by the name that it advertises."""
        names = self._by_chassis.get(neighbor.chassis_id, [])
        if len(names) == 1:
            return End(names[0], neighbor.port_id)
        if not names and neighbor.system_name in self._silent:
            return End(neighbor.system_name, neighbor.port_id)
        return None

    def _doubt(self, at: End, neighbor: LldpNeighbor, far: End | None) -> str:
        """Why this isn't a cable; empty if it is one, or if it leads to a stranger."""
        same = self._by_chassis.get(neighbor.chassis_id, [])
        if len(same) > 1:
            return f"{at} hears {neighbor.chassis_id}, and {' and '.join(same)} all have this chassis id"
        here = self._heard[at]
        if len(here) > 1:
            names = ", ".join(self._called(one) for one in here)
            return f"{at} hears {len(here)} neighbours: {names}; a cable has one at its end"
        return "" if far is None else self._unanswered(at, far)

    def _unanswered(self, at: End, far: End) -> str:
        """Why the other end doesn't bear it out; empty if it does."""
        if far == at:
            return f"{at} hears itself"
        if far.switch in self._silent:
            return f"{at} hears {far}, and {far.switch} can't be asked: {self._silent[far.switch]}"
        there = self._heard.get(far, [])
        if [self._end(one) for one in there] == [at]:
            return ""
        said = ", ".join(self._called(one) for one in there) or "nobody"
        return f"{at} hears {far}, but {far} hears {said}"

    def _called(self, neighbor: LldpNeighbor) -> str:
        far = self._end(neighbor)
        return str(far) if far else f"{neighbor.system_name or neighbor.chassis_id}:{neighbor.port_id}"


def _order(end: End) -> tuple[str, tuple[str | int, ...]]:
    return end.switch, port_order(end.port)
