"""States of ports."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class Management(State):
    """Addressing of the management port; None where there is none."""

    address: str | None
    gateway: str | None
    dhcp: bool


@dataclass(frozen=True)
class Link(State):
    """A port's network device. `frame_bytes` is the largest frame with header and checksum (18 bytes)."""

    enabled: bool
    frame_bytes: int
    description: str


@dataclass(frozen=True)
class Port(State):
    """A port's VLANs: `mode` is access or trunk; `vlans` are those it carries, the native one among them."""

    mode: str
    native_vlan: int
    vlans: tuple[int, ...]


@dataclass(frozen=True)
class LinkStatus:
    """What a network device is at the moment, besides what is configured."""

    up: bool
    carrier: bool
    mac: str
    index: int | None = None
    """Number of the device in the kernel; None for a port that is no device."""


@dataclass(frozen=True)
class MacEntry:
    """One entry of the MAC table: which port an address is behind; `age_seconds` since it was heard of last."""

    vlan: int
    mac: str
    port: str
    static: bool
    age_seconds: int


@dataclass(frozen=True)
class LacpEnd:
    """One end of a link that LACP runs on; `state` are the flags of IEEE 802.1AX, 6.4.2.3, by their first letters."""

    system: str
    system_priority: int
    port: int
    port_priority: int
    key: int
    state: str


@dataclass(frozen=True)
class LacpMember:
    """A member of an aggregate as LACP sees it; `counters` by their names in the documented layout."""

    aggregate: str
    port: str
    actor: LacpEnd
    partner: LacpEnd
    counters: dict[str, int]
