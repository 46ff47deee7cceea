"""A flow: five-tuple, and what else a table may look at."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from connetos_sdk.errors import BadRequest, Problem

Address = IPv4Address | IPv6Address

ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
_PORT_FIELDS = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}


@dataclass(frozen=True)
class Flow:
    """A five-tuple; ports are 0 for protocols without, `ttl` is what the packet arrives with."""

    source: Address
    destination: Address
    protocol: int
    source_port: int
    destination_port: int
    ttl: int = 64

    @property
    def has_ports(self) -> bool:
        """Whether the protocol has ports."""
        return self.protocol in _PORT_FIELDS

    def header(self) -> str:
        """The fields of the network and transport header in the way Open vSwitch writes a flow (ovs-fields(7))."""
        if self.source.version == 4:
            text = f"dl_type=0x0800,nw_proto={self.protocol},nw_src={self.source},nw_dst={self.destination}"
        else:
            text = (
                f"dl_type=0x86dd,nw_proto={self.protocol},ipv6_src={self.source},ipv6_dst={self.destination}"
            )
        name = _PORT_FIELDS.get(self.protocol)
        ports = f",{name}_src={self.source_port},{name}_dst={self.destination_port}" if name else ""
        return f"{text},nw_ttl={self.ttl}{ports}"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "source": str(self.source),
            "destination": str(self.destination),
            "protocol": self.protocol,
            "source_port": self.source_port,
            "destination_port": self.destination_port,
        }


def flow_of(arguments: Mapping[str, Any]) -> Flow:
    """The flow that an operation's arguments describe.

    Raises:
        BadRequest: families are mixed, an address isn't one host's, or ports are missing.
    """
    source, destination = (ipaddress.ip_address(arguments[name]) for name in ("source", "destination"))
    problems = []
    if source.version != destination.version:
        problems.append(_problem("source", f"{source} and {destination} are of different families"))
    if source.is_multicast or source.is_unspecified:
        problems.append(_problem("source", f"{source} can't be a sender"))
    if destination.is_multicast or destination.is_unspecified or str(destination) == "255.255.255.255":
        problems.append(_problem("destination", f"{destination} isn't the address of one host"))
    protocol = arguments["protocol"]
    ports = {name: arguments.get(name, 0) for name in ("source_port", "destination_port")}
    if protocol in _PORT_FIELDS:
        problems += [
            _problem(name, f"protocol {protocol} has ports, from 1 to 65535")
            for name, port in ports.items()
            if not port
        ]
    if problems:
        raise BadRequest(problems=problems)
    if protocol not in _PORT_FIELDS:
        ports = dict.fromkeys(ports, 0)
    return Flow(source, destination, protocol, **ports, ttl=arguments.get("ttl", 64))


def _problem(argument: str, reason: str) -> Problem:
    return Problem(reason, (argument,), "", BadRequest.code)
