"""States of ARP."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class ArpInterface(State):
    """ARP of a VLAN interface: how many seconds an entry is good, whether the switch answers for others there, and
    static entries, (address, MAC) in ascending order."""

    aging_time: int
    proxy: bool
    entries: tuple[tuple[str, str], ...]
