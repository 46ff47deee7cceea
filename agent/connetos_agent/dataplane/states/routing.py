"""States of loopbacks, addresses, routes and the DHCP relay."""

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


@dataclass(frozen=True)
class DhcpRelay(State):
    """(The switch's address in the hosts' VLAN, server) in ascending order. The server answers to that address (giaddr,
    RFC 2131) and chooses the subnet by it."""

    relays: tuple[tuple[str, str], ...]
