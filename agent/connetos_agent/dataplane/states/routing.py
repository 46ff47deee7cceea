"""States of loopbacks, addresses and routes."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class Loopback(State):
    """The network device of a loopback interface, which is up."""

    description: str


@dataclass(frozen=True)
class Addresses(State):
    """IPv4 addresses with prefix length of a VLAN interface or a loopback, in ascending order."""

    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Route(State):
    """Next hops of a static route: (metric, address, interface) in ascending order; equal metrics share the load."""

    next_hops: tuple[tuple[int, str, str], ...]
