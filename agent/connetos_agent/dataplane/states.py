"""States of data plane objects: what is compared, planned, applied and read back.

Field values are in the units of the configuration (frame sizes in bytes, VLAN IDs), so that a state can be
read next to it. All are frozen; equality is what verification means.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class State:
    """Base of all states."""

    def shown(self) -> dict[str, Any]:
        """The fields for people and logs, without those that are secret."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.repr}


def _plain(value: Any) -> Any:
    return list(map(_plain, value)) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Hostname(State):
    """Name of the host."""

    name: str


@dataclass(frozen=True)
class Account(State):
    """A user that may log in."""

    user_class: str
    password_hash: str = field(repr=False)


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
class Vlan(State):
    """Labels of a VLAN."""

    name: str
    description: str


@dataclass(frozen=True)
class VlanInterface(State):
    """The switch's own port in a VLAN; `mtu_bytes` is the largest IP packet."""

    vlan: int
    mtu_bytes: int


@dataclass(frozen=True)
class VlanInterfaceLink(State):
    """The network device of a VLAN interface: up, with this MTU as the kernel sees it."""

    mtu_bytes: int
    description: str


@dataclass(frozen=True)
class Addresses(State):
    """IPv4 addresses with prefix length of a VLAN interface, in ascending order."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Route(State):
    """Next hops of a static route: (metric, address, interface) in ascending order; equal metrics share the load."""

    next_hops: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class LinkStatus:
    """What a network device is at the moment, besides what is configured."""

    up: bool
    carrier: bool
    mac: str
