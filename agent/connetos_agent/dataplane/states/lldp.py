"""States of LLDP."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class Lldp(State):
    """LLDP of the switch; delays and intervals in seconds, `tlvs` are those it sends besides the mandatory ones."""

    advertisement_interval: int
    hold_time_multiplier: int
    reinit_delay: int
    transmit_delay: int
    tlvs: tuple[str, ...]
    system_name: str


@dataclass(frozen=True)
class LldpPort(State):
    """LLDP of a port: `status` as configured, what it sends as description, and its native VLAN (0: not sent)."""

    status: str
    description: str
    pvid: int
