"""What a switch answers about a flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from connetos_sdk.results import Result


@dataclass(frozen=True)
class Ingress(Result):
    """Where a flow comes in. `interface` is `local`, and `port` empty, for what the switch itself sends.

    Nothing gets in at a port that isn't `up`.
    """

    port: str
    interface: str
    vlan: int | None
    tagged: bool
    up: bool


@dataclass(frozen=True)
class Egress(Result):
    """A port that a flow leaves by; nothing gets out of one that isn't `up`."""

    port: str
    vlan: int | None
    tagged: bool
    up: bool


@dataclass(frozen=True)
class Step(Result):
    """A table that decided: what was looked up, the entry found, and the lines of the configuration behind it.

    `table` is `vlan`, `openflow`, `mac`, `route`, `neighbour`, `lag` or `sender`.
    """

    table: str
    key: str
    entry: str
    configuration: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "configuration": tuple(data.get("configuration", ()))})


@dataclass(frozen=True)
class FieldChange(Result):
    """What the switch changes in a frame: `vlan-tag`, `source-mac`, `destination-mac` or `ttl`."""

    field: str
    before: Any
    after: Any

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "before": data.get("from"), "after": data.get("to")})


@dataclass(frozen=True)
class Path(Result):
    """One way through a switch.

    Attributes:
        ingress: where it comes in; None where that isn't known.
        egress: where it goes out; several when it is flooded.
        fate: `forwarded`, `flooded`, `local` (to the switch itself), `dropped` or `unknown`.
        reason: why it is dropped, or isn't known.
        steps: the tables and entries that decided, in order.
        changes: what is changed in the frame.
        configuration: the lines of the configuration that are to blame for a drop.
        missing: a line that would help.
        next_hop: the router it is sent to; empty if it isn't routed to another one.
        frame: `ttl`, `source_mac` and `destination_mac` that it leaves with.
    """

    ingress: Ingress | None
    egress: tuple[Egress, ...]
    fate: str
    reason: str
    steps: tuple[Step, ...]
    changes: tuple[FieldChange, ...]
    configuration: tuple[str, ...]
    missing: tuple[str, ...]
    next_hop: str
    frame: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of(
            {
                **data,
                "ingress": None if data["ingress"] is None else Ingress.of(data["ingress"]),
                "egress": tuple(map(Egress.of, data["egress"])),
                "steps": tuple(map(Step.of, data["steps"])),
                "changes": tuple(map(FieldChange.of, data["changes"])),
                "configuration": tuple(data["configuration"]),
                "missing": tuple(data["missing"]),
            }
        )

    @property
    def out(self) -> tuple[str, ...]:
        """Names of the ports that it really leaves by."""
        return tuple(one.port for one in self.egress if one.up)


@dataclass(frozen=True)
class Seen(Result):
    """Traffic of the last seconds that may be the flow; `exact` when the datapath tells it apart from others."""

    ingress: str
    egress: tuple[str, ...]
    packets: int
    used_s: float
    exact: bool
    dropped: bool

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "egress": tuple(data["egress"])})


@dataclass(frozen=True)
class NavmeshResult(Result):
    """What one switch does with a flow: exactly one path (`exact`), or those that are possible."""

    flow: Mapping[str, Any]
    exact: bool
    paths: tuple[Path, ...]
    live: tuple[Seen, ...] | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        live = data.get("live")
        return super().of(
            {
                **data,
                "paths": tuple(map(Path.of, data["paths"])),
                "live": None if live is None else tuple(map(Seen.of, live)),
            }
        )
