"""Checks of a fabric for `FabricChange`, that wait a moment for it to settle: cables by LLDP, pings, navmesh."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from connetos_sdk.cabling import Link
from connetos_sdk.errors import ConnetosError
from connetos_sdk.fabric import MAX_WORKERS, Check
from connetos_sdk.fleet import Fleet
from connetos_sdk.planned_cabling import compare
from connetos_sdk.switch import Switch

WITHIN_S = 30.0
"""How long a fabric may take to be as it should be, by default: LLDP advertises every 30 s."""
PAUSE_S = 0.5


@dataclass(frozen=True)
class Ping:
    """A ping from `switch` to `address`, from its address `source` or the nearest one."""

    switch: str
    address: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.switch} to {self.address}" + (f" from {self.source}" if self.source else "")


@dataclass(frozen=True)
class Flow:
    """A flow between two hosts; see `Fleet.navmesh`."""

    source: str
    destination: str
    protocol: int | str = "tcp"
    source_port: int = 40000
    destination_port: int = 443


def cabling_check(links: Sequence[Link], *, within_s: float = WITHIN_S) -> Check:
    """The switches are cabled as planned, and not otherwise."""

    def run(switches: Mapping[str, Switch]) -> str:
        ends = {end.switch for link in links for end in (link.a, link.b)}
        asked = {name: switch for name, switch in switches.items() if name in ends}

        def look() -> str:
            found = compare(links, Fleet(asked).cabling())
            silent = (f"{name} can't be asked: {reason}" for name, reason in found.silent.items())
            return "; ".join([*(difference.text for difference in found.differences), *silent])

        return _settled(look, within_s)

    return Check("cables are as planned", run)


def pings_check(pings: Sequence[Ping], *, within_s: float = WITHIN_S) -> Check:
    """Every ping is answered; they are sent side by side, and again where there was no answer."""

    def run(switches: Mapping[str, Switch]) -> str:
        waiting = list(pings)

        def one(ping: Ping) -> str:
            options: dict[str, Any] = {"source": ping.source} if ping.source else {}
            try:
                found = switches[ping.switch].ping(ping.address, count=1, timeout_ms=1000, **options)
            except ConnetosError as error:
                return f"{ping}: {error}"
            return "" if found.received else f"{ping}: no answer"

        def look() -> str:
            with ThreadPoolExecutor(min(MAX_WORKERS, len(waiting)), thread_name_prefix="pings") as pool:
                answers = list(zip(waiting, pool.map(one, waiting), strict=True))
            waiting[:] = [ping for ping, wrong in answers if wrong]
            return "; ".join(wrong for _, wrong in answers if wrong)

        return _settled(look, within_s) if waiting else ""

    return Check(f"{len(pings)} pings are answered", run)


def flows_check(flows: Sequence[Flow], *, within_s: float = WITHIN_S) -> Check:
    """Navmesh says that every flow is delivered, and its answers are; nothing is sent."""

    def run(switches: Mapping[str, Switch]) -> str:
        fleet = Fleet(switches)
        return _settled(
            lambda: "; ".join(filter(None, (fleet.navmesh(**vars(flow)).stopped for flow in flows))), within_s
        )

    return Check(f"{len(flows)} flows are delivered", run)


def _settled(look: Callable[[], str], within_s: float) -> str:
    """What is wrong when the time is over; nothing as soon as all is well."""
    end = time.monotonic() + within_s
    while True:
        try:
            wrong = look()
        except ConnetosError as error:
            wrong = str(error)
        if not wrong or time.monotonic() + PAUSE_S > end:
            return wrong
        time.sleep(PAUSE_S)
