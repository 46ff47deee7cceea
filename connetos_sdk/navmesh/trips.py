"""Where flows went: hosts, the switches on the way, every way there is, and how each ends."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_sdk.cabling import End
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.results import Path
from connetos_sdk.results import Result

DELIVERED, DROPPED, UNKNOWN = "delivered", "dropped", "unknown"
LOOP, LEFT, FLOODED, NO_ANSWER, LOCAL = "loop", "left", "flooded", "no-answer", "local"


@dataclass(frozen=True)
class Attachment:
    """Where a host is: its port, and what is known of it; empty is not known.

    `address` has a prefix length, if it is known. `gateway_mac` is what the host's ARP table has for its gateway; by
    default it is that of the switch that has the gateway's address. `vlan` is the one that it is in, and `tagged`
    whether its frames say so; `also` are the other ports of its aggregate.
    """

    name: str
    end: End
    address: str = ""
    gateway: str = ""
    mac: str = ""
    gateway_mac: str = ""
    vlan: int | None = None
    tagged: bool = False
    also: tuple[End, ...] = ()

    @property
    def ends(self) -> tuple[End, ...]:
        """All ports by which it may be reached."""
        return (self.end, *self.also)

    @property
    def ip(self) -> str:
        """Its address without the length."""
        return self.address.partition("/")[0]


@dataclass(frozen=True)
class Hop(Result):
    """One switch on the way; `path` is what it does, None if it didn't answer."""

    switch: str
    ingress: str
    path: Path | None
    egress: str = ""


@dataclass(frozen=True)
class Branch(Result):
    """One way from the sender on, to its end.

    Attributes:
        hops: the switches, in order.
        outcome: `delivered`, `dropped`, `local` (to a switch itself), `left` (out of a port behind which something
            else is), `flooded` (the same, in the hope that it is there), `loop`, `no-answer` or `unknown`.
        reason: why, unless delivered.
        where: the switch, or the switch and port, where it ends.
        configuration: lines of that switch's configuration to blame.
        missing: a line that would help there.
    """

    hops: tuple[Hop, ...]
    outcome: str
    reason: str
    where: str
    configuration: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ports(self) -> list[tuple[str, str, str]]:
        """Each switch with the ports of ingress and egress; an egress of nothing is empty."""
        return [(hop.switch, hop.ingress, hop.egress) for hop in self.hops]


@dataclass(frozen=True)
class Trip(Result):
    """One direction: every way that the flow may take, exactly one where the tables decide it."""

    flow: FiveTuple
    source: str
    destination: str
    branches: tuple[Branch, ...]
    stray: tuple[Branch, ...] = ()
    """Where a flooded frame gets to besides, when it gets to the destination."""

    @property
    def outcome(self) -> str:
        """`delivered` if every branch is, `partly` if some are, else that of the first."""
        outcomes = {branch.outcome for branch in self.branches}
        if outcomes == {DELIVERED}:
            return DELIVERED
        return "partly" if DELIVERED in outcomes else self.branches[0].outcome


@dataclass(frozen=True)
class FabricResult(Result):
    """Both directions; `back` is None when it wasn't asked for.

    `remarks` are what is doubtful about the cabling of the switches on the way.
    """

    forward: Trip
    back: Trip | None
    remarks: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether the hosts can talk."""
        return self.forward.outcome == DELIVERED and (self.back is None or self.back.outcome == DELIVERED)

    @property
    def stopped(self) -> str:
        """Where it ends first, why, and what is to blame, in a sentence; empty if it is delivered."""
        for trip in (self.forward, self.back):
            for branch in trip.branches if trip else ():
                if branch.outcome != DELIVERED:
                    blamed = [*branch.configuration, *(f"lacks: {line}" for line in branch.missing)]
                    reason = (
                        f"{trip.flow if trip else ''} is {branch.outcome} at {branch.where}: {branch.reason}"
                    )
                    return reason + (f" ({'; '.join(blamed)})" if blamed else "")
        return ""
