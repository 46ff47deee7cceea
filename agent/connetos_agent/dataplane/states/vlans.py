"""States of VLANs and of the switch's own ports in them."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


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
