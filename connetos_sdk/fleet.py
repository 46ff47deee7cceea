"""Many switches: the same work on each, several at once, in waves that stop when something fails.

    fleet = Fleet({name: lambda name=name: Switch(f"https://{name}", username="ops", password=password) for name in names})
    result = fleet.run(lambda switch: switch.packages.upgrade("zabbix-agent"), wave=5)
    for name, outcome in result.failed.items():
        print(name, outcome.error)

A wave is begun when the one before has ended without more failures than are allowed; switches of later waves are
left alone otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from connetos_sdk.cabling import Cabling, advertised, cabling
from connetos_sdk.errors import BadRequest, ConnetosError
from connetos_sdk.switch import Switch

if TYPE_CHECKING:
    from connetos_sdk.navmesh.trips import FabricResult

T = TypeVar("T")
Work = Callable[[Switch], T]
"""What is done on each switch; a health check is work that raises."""
Member = Switch | Callable[[], Switch]
"""A switch, or what connects to it; a connection made for the work is closed after it."""


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of one switch.

    Attributes:
        state: `done`, `failed`, or `skipped` when a wave before had too many failures.
        value: what the work returned.
        error: what it raised.
        wave: which wave the switch belongs to, from 1.
    """

    name: str
    state: Literal["done", "failed", "skipped"]
    wave: int
    value: T | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class FleetResult(Generic[T]):
    """What came of all switches, by name, in the order of the waves."""

    outcomes: Mapping[str, Outcome[T]]

    @property
    def done(self) -> dict[str, Outcome[T]]:
        """Switches whose work succeeded."""
        return self._of("done")

    @property
    def failed(self) -> dict[str, Outcome[T]]:
        """Switches whose work failed."""
        return self._of("failed")

    @property
    def skipped(self) -> dict[str, Outcome[T]]:
        """Switches that were left alone."""
        return self._of("skipped")

    def _of(self, state: str) -> dict[str, Outcome[T]]:
        return {name: outcome for name, outcome in self.outcomes.items() if outcome.state == state}

    def check(self) -> None:
        """Raise if any switch failed.

        Raises:
            ConnetosError: names those that failed, each with its reason, and how many were left alone.
        """
        if self.failed:
            told = "; ".join(f"{name}: {outcome.error}" for name, outcome in self.failed.items())
            left = f"{len(self.skipped)} switches were left alone" if self.skipped else ""
            raise ConnetosError(
                f"{len(self.failed)} of {len(self.outcomes)} switches failed: {told}", hint=left
            )


class Fleet:
    """Some switches.

    Args:
        members: switches by name, or functions that connect to them.
        parallel: at how many the work is done at once, at most.
    """

    def __init__(self, members: Mapping[str, Member], *, parallel: int = 20) -> None:
        if parallel < 1:
            raise BadRequest(f"{parallel} at once is nothing", hint="at least 1")
        self._members = dict(members)
        self._parallel = parallel

    def run(
        self,
        work: Work[T],
        *,
        wave: int | Sequence[int] | None = None,
        max_failures: int = 0,
        progress: Callable[[Outcome[T]], None] | None = None,
    ) -> FleetResult[T]:
        """Do `work` on every switch.

        Args:
            work: gets the switch; what it raises is that switch's failure.
            wave: how many switches a wave has; several numbers for the first waves (`(1, 5, 20)`: a canary first),
                the last of them for all further ones. All at once by default.
            max_failures: with more of them no further wave is begun.
            progress: told each outcome as it is there; called from several threads.
        """
        outcomes: dict[str, Outcome[T]] = {}
        failures = 0
        with ThreadPoolExecutor(self._parallel, thread_name_prefix="fleet") as threads:
            for number, names in enumerate(self._waves(wave), 1):
                if failures > max_failures:
                    found = [Outcome[T](name, "skipped", number) for name in names]
                else:
                    found = list(
                        threads.map(lambda name, n=number: self._one(name, n, work, progress), names)
                    )
                failures += sum(outcome.state == "failed" for outcome in found)
                outcomes.update((outcome.name, outcome) for outcome in found)
        return FleetResult(outcomes)

    def cabling(self) -> Cabling:
        """How the switches are cabled, as LLDP tells it now; all are asked at once."""
        told = self.run(advertised)
        return cabling(
            {name: outcome.value for name, outcome in told.done.items() if outcome.value is not None},
            {name: str(outcome.error) for name, outcome in told.failed.items()},
        )

    def navmesh(
        self, source: str, destination: str, protocol: int | str = "tcp", source_port: int = 40000,
        destination_port: int = 443, *, both: bool = True,
    ) -> FabricResult:  # fmt: skip
        """Where a flow between two hosts goes through the switches, and where and why it stops.

        Cables are those that LLDP tells of at both ends; hosts are found in the switches' MAC and ARP tables.

        Args:
            source, destination: an IP address, a MAC address, `switch:port`, or an IP address, `@` and one of these.
            protocol: number or name.
            source_port, destination_port: of TCP, UDP or SCTP.
            both: follow the answers, too.

        Raises:
            NotFound: a host isn't known, or the tables tell several things of it.
            InvalidValue: this can't be a flow, or a host isn't given in a way that is understood.
        """
        from connetos_sdk.navmesh.fabric import Fabric

        with ExitStack() as stack:
            switches = {
                name: member if isinstance(member, Switch) else stack.enter_context(member())
                for name, member in self._members.items()
            }
            fabric = Fabric.surveyed(switches)
            return fabric.navmesh(source, destination, protocol, source_port, destination_port, both=both)

    def _waves(self, wave: int | Sequence[int] | None) -> Iterator[list[str]]:
        sizes = [len(self._members) or 1] if wave is None else [wave] if isinstance(wave, int) else list(wave)
        if not sizes or min(sizes) < 1:
            raise BadRequest(f"a wave of {wave} switches is nothing", hint="at least 1")
        names = list(self._members)
        while names:
            size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
            yield names[:size]
            names = names[size:]

    def _one(
        self, name: str, wave: int, work: Work[T], progress: Callable[[Outcome[T]], None] | None
    ) -> Outcome[T]:
        member = self._members[name]
        try:
            if isinstance(member, Switch):
                value = work(member)
            else:
                with member() as switch:
                    value = work(switch)
            outcome = Outcome(name, "done", wave, value)
        except Exception as error:  # one switch's failure is told, the others go on
            outcome = Outcome(name, "failed", wave, error=error)
        if progress is not None:
            progress(outcome)
        return outcome
