"""Which flows a candidate would send another way: what `Change.what_if` answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.results import Result


@dataclass(frozen=True)
class FlowAt:
    """A flow that arrives at a port, with a frame of which something is known; None and empty are not known."""

    flow: FiveTuple
    ingress_port: str
    ingress_vlan: int | None = None
    source_mac: str = ""
    destination_mac: str = ""

    def arguments(self) -> dict[str, Any]:
        """As arguments of the operation `what-if`."""
        frame = {name: value for name, value in vars(self).items() if name != "flow" and value}
        return {**self.flow.arguments(), **frame}


@dataclass(frozen=True)
class LeavingPort(Result):
    """A port or aggregate by which a frame leaves."""

    port: str
    vlan: int
    tagged: bool


@dataclass(frozen=True)
class Fate(Result):
    """What becomes of a frame.

    Attributes:
        fate: `forwarded`, `flooded`, `local`, `dropped` or `unknown`.
        egress: where it leaves; one of them, chosen by a hash, where a forwarded one has several.
        reason: why it is dropped, flooded or unknown.
    """

    fate: str
    egress: tuple[LeavingPort, ...]
    reason: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "egress": tuple(map(LeavingPort.of, data["egress"]))})

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports by which it leaves."""
        return tuple(one.port for one in self.egress)


@dataclass(frozen=True)
class Arrival(Result):
    """The frame that is looked at; `vlan_tag` is None for an untagged one."""

    port: str
    vlan_tag: int | None
    source_mac: str
    destination_mac: str


@dataclass(frozen=True)
class FlowChange(Result):
    """One flow, now and after the change; `arrives` is None where it isn't known how it comes in."""

    flow: FiveTuple
    arrives: Arrival | None
    now: Fate
    then: Fate

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        arrives = data["arrives"]
        return cls(
            FiveTuple.seen(**data["flow"]),
            None if arrives is None else Arrival.of(arrives),
            Fate.of(data["now"]),
            Fate.of(data["then"]),
        )


@dataclass(frozen=True)
class WhatIf(Result):
    """What a change does to flows.

    Attributes:
        changed: flows that would go another way, or stop, or get there at last.
        unknown: flows of which it isn't known; the reason is in the fate that is unknown.
        same: how many stay as they are.
        left_out: how many of the last seconds weren't looked at, because there are too many.
    """

    changed: tuple[FlowChange, ...]
    unknown: tuple[FlowChange, ...]
    same: int
    left_out: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        lists = {name: tuple(map(FlowChange.of, data[name])) for name in ("changed", "unknown")}
        return super().of({**data, **lists})
