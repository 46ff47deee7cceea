"""States of what forwards frames besides ports and VLANs: aggregates, limits, static entries, mirrors."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class LagHash(State):
    """How the members of all aggregates share the load.

    Attributes:
        keys: header fields that decide, by their documented names.
        algorithm: which of several equally good hashes.
        symmetric: both directions of a conversation take the same member.
        tunnel: which headers count, `outer` or `inner`.
    """

    keys: tuple[str, ...]
    algorithm: int
    symmetric: bool
    tunnel: str


@dataclass(frozen=True)
class Aggregate(State):
    """A link aggregation group.

    Attributes:
        members: ports, in the order of the panel.
        lacp: LACP decides which members carry frames; otherwise every one with a carrier does.
        min_selected: with fewer members that can carry frames, none does.
        forwarding: it carries frames the way it should; what is wanted is always true.
    """

    members: tuple[str, ...]
    lacp: bool
    min_selected: int
    keys: tuple[str, ...]
    algorithm: int
    symmetric: bool
    description: str
    forwarding: bool = True


@dataclass(frozen=True)
class StormControl(State):
    """Most of each sort of frame that a port takes in, in kbit/s; None is no limit."""

    broadcast: int | None
    multicast: int | None
    unicast: int | None


@dataclass(frozen=True)
class RateLimit(State):
    """Most that a port takes in and sends, in kbit/s; None is no limit."""

    ingress: int | None
    egress: int | None


@dataclass(frozen=True)
class StaticMacs(State):
    """Addresses that are always behind this port: (VLAN, MAC address) in ascending order."""

    entries: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class MacAging(State):
    """When an address that isn't heard of any more is forgotten."""

    seconds: int


@dataclass(frozen=True)
class Mirror(State):
    """A copy of what ports take in and send, to one port."""

    ingress: tuple[str, ...]
    egress: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Setting(State):
    """One setting that isn't at its default."""

    value: str


@dataclass(frozen=True)
class LinkSpeed(State):
    """A port's fixed speed."""

    megabits: int


@dataclass(frozen=True)
class EcmpHash(State):
    """How next hops of equal metric share the load."""

    keys: tuple[str, ...]
    algorithm: int
    tunnel: str
