"""What ping and traceroute answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from connetos_sdk.errors import Unreachable
from connetos_sdk.results import Result


@dataclass(frozen=True)
class PingProbe(Result):
    """One echo request and what became of it.

    Attributes:
        seq: its number, from 1.
        outcome: `reply`, `duplicate`, `timeout`, `unreachable`, `ttl-exceeded`, `packet-too-big`,
            `parameter-problem`, or `not-sent` when the switch itself couldn't send it.
        sender: who answered; empty for nobody.
        time_ms: from sending to arrival, by the kernel's clock.
        ttl: time to live that was left in the reply.
        code: of `unreachable`, such as `host-unreachable`.
        reason: why it wasn't sent.
        mtu_bytes: of the link that it didn't fit, if a router told.
    """

    seq: int
    outcome: str
    sender: str = ""
    time_ms: float | None = None
    ttl: int | None = None
    code: str = ""
    reason: str = ""
    mtu_bytes: int | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "sender": data.get("from", "")})


@dataclass(frozen=True)
class PingResult(Result):
    """Numbers over all requests; round trip times in milliseconds are None when nobody answered.

    `stddev_ms` is the standard deviation of the whole sample. A request counts as lost when its answer didn't come
    within the time-out.
    """

    host: str
    address: str
    source: str
    interface: str
    size: int
    sent: int
    received: int
    duplicates: int
    loss_percent: float
    min_ms: float | None
    avg_ms: float | None
    max_ms: float | None
    stddev_ms: float | None
    probes: tuple[PingProbe, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "probes": tuple(map(PingProbe.of, data["probes"]))})

    def raise_on_loss(self) -> Self:
        """This result, if every request was answered.

        Raises:
            Unreachable: not all were.
        """
        if self.received < self.sent:
            raise Unreachable(
                f"{self.address} answered {self.received} of {self.sent} requests from {self.source}"
            )
        return self


@dataclass(frozen=True)
class HopAnswer(Result):
    """What one probe found.

    Attributes:
        probe: its number within the hop, from 1.
        kind: `ttl-exceeded` from a router on the way, `reply` or `unreachable` from whoever ends the path, `timeout`
            for no answer, or `not-sent`.
        address: who answered.
        time_ms: from sending to arrival.
        code: of `unreachable`: `port-unreachable` is how a host says that it got the probe.
        return_hops: how many hops the answer came over, if its sender began with a usual time to live; other than
            the hop's number, the way back is another one.
        mtu_bytes: of the link that the probe didn't fit.
    """

    probe: int
    kind: str
    address: str = ""
    time_ms: float | None = None
    code: str = ""
    flag: str = ""
    return_hops: int | None = None
    reason: str = ""
    mtu_bytes: int | None = None


@dataclass(frozen=True)
class Hop(Result):
    """One step of the way: all answers to probes that ended at this time to live."""

    ttl: int
    answers: tuple[HopAnswer, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "answers": tuple(map(HopAnswer.of, data["answers"]))})

    @property
    def addresses(self) -> list[str]:
        """Who answered here, each once."""
        return list(dict.fromkeys(answer.address for answer in self.answers if answer.address))


@dataclass(frozen=True)
class TracerouteResult(Result):
    """The way to `address`; `reached` tells whether the last answer is its own."""

    host: str
    address: str
    source: str
    interface: str
    max_hops: int
    reached: bool
    hops: tuple[Hop, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """See `Result.of`."""
        return super().of({**data, "hops": tuple(map(Hop.of, data["hops"]))})


@dataclass(frozen=True)
class CaptureResult(Result):
    """A capture: `ended_by` names the bound at which it ended, `count`, `seconds` or `max_bytes`."""

    interface: str
    frames: int
    bytes: int
    ended_by: str
