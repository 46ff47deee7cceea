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
