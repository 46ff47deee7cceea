"""Asks the switches that a flow is likely to pass all at once, before it is known what each gets from the one before.

An answer counts only where its question was, in every respect, the one that the walk comes to: port, VLAN tag, MAC
addresses and time to live. So foresight saves time and changes no answer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connetos_sdk.cabling import End
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.results import NavmeshResult, Path

if TYPE_CHECKING:
    from connetos_sdk.switch import Switch

MOST_QUESTIONS = 16
"""Where more switches are as likely as these, they are asked one after the other."""


@dataclass(frozen=True)
class Frame:
    """What arrives at a port; no `vlan` is an untagged frame, empty addresses aren't known."""

    ttl: int = 64
    vlan: int | None = None
    source_mac: str = ""
    destination_mac: str = ""

    def arguments(self) -> dict[str, Any]:
        """As arguments of the operation `navmesh`."""
        given = {
            "ingress_vlan": self.vlan, "source_mac": self.source_mac or None,
            "destination_mac": self.destination_mac or None,
        }  # fmt: skip
        return {"ttl": self.ttl} | {name: value for name, value in given.items() if value is not None}


class Foresight:
    """Answers to come.

    Args:
        switches: whom to ask.
        flow: about what.
    """

    def __init__(self, switches: Mapping[str, Switch], flow: FiveTuple) -> None:
        self._switches = switches
        self._flow = flow
        self._asked: dict[End, tuple[int, Future[NavmeshResult]]] = {}

    def look(self, far: Mapping[End, End], begin: str, end: str, ttl: int) -> None:
        """Ask the switches on all shortest ways from `begin`, where the flow has this time to live, to `end`.

        Each is taken for a router; whoever isn't one gets another frame than foreseen, and is asked again.
        """
        likely = list(_likely(far, begin, end))
        if len(likely) > MOST_QUESTIONS:
            return
        for at, distance in likely:
            if at.switch in self._switches and ttl > distance:
                self._ask(at, ttl - distance)

    def _ask(self, at: End, ttl: int) -> None:
        future: Future[NavmeshResult] = Future()
        self._asked[at] = (ttl, future)
        switch = self._switches[at.switch]

        def ask() -> None:
            try:
                future.set_result(switch.navmesh(self._flow, ingress_port=at.port, ttl=ttl))
            except Exception as error:  # told where the answer is used, if it is
                future.set_exception(error)

        # Nobody waits for a switch that isn't on the way after all, not even the end of the program.
        threading.Thread(target=ask, name=f"navmesh {at}", daemon=True).start()

    def answer(self, at: End, frame: Frame) -> NavmeshResult | None:
        """What the switch does with `frame`; None if exactly that wasn't asked.

        Raises:
            ConnetosError: it was asked and didn't answer.
        """
        ttl, future = self._asked.get(at, (0, None))
        if future is None or ttl != frame.ttl:
            return None
        answer = future.result()
        return answer if all(_is_about(path, frame) for path in answer.paths) else None


def _is_about(path: Path, frame: Frame) -> bool:
    """Whether a path begins with this very frame."""
    if path.ingress is None or path.ingress.tagged != (frame.vlan is not None):
        return False
    if frame.vlan is not None and path.ingress.vlan != frame.vlan:
        return False
    before = {change.field: change.before for change in path.changes}
    came = (
        before.get("source-mac", path.frame.get("source_mac")),
        before.get("destination-mac", path.frame.get("destination_mac")),
    )
    return came == (frame.source_mac, frame.destination_mac)


def _likely(far: Mapping[End, End], begin: str, end: str) -> Iterator[tuple[End, int]]:
    """Ports at which the shortest ways enter a switch, and over how many switches they come there."""
    from_begin, to_end = _distances(far, begin), _distances(far, end)
    length = from_begin.get(end)
    if length is None:
        return
    for leaving, entering in far.items():
        before, after = from_begin.get(leaving.switch), to_end.get(entering.switch)
        if before is not None and after is not None and before + 1 + after == length:
            yield entering, before + 1


def _distances(far: Mapping[End, End], begin: str) -> dict[str, int]:
    neighbors: dict[str, set[str]] = {}
    for at, end in far.items():
        neighbors.setdefault(at.switch, set()).add(end.switch)
    found, waiting = {begin: 0}, deque([begin])
    while waiting:
        name = waiting.popleft()
        for other in neighbors.get(name, ()):
            if other not in found:
                found[other] = found[name] + 1
                waiting.append(other)
    return found
