"""What a lab consists of: switches, hosts, and the cables between them.

    topology = Topology.load("examples/labs/two-leaf.yaml")
    topology.switches["leaf1"].port_names[0]        # "te-1/1/1"

Everything here is plain, frozen data; `topology_reader` turns a YAML document into it and explains mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

DEFAULT_MANAGEMENT = IPv4Network("198.18.255.0/24")
DEFAULT_PORTS = 48


class Dataplane(StrEnum):
    """What moves the packets of a lab's switches."""

    AUTO = "auto"
    OPENVSWITCH = "openvswitch"
    MEMORY = "memory"


@dataclass(frozen=True, order=True)
class PortRef:
    """One port of one switch, written `leaf1:te-1/1/3` in a topology."""

    switch: str
    port: str

    @property
    def netdev(self) -> str:
        """Name of the Linux interface behind the port, inside the switch's namespace."""
        return netdev_name(self.port)

    def __str__(self) -> str:
        return f"{self.switch}:{self.port}"


@dataclass(frozen=True)
class Route:
    """A static route of a host."""

    to: IPv4Network
    via: IPv4Address


@dataclass(frozen=True)
class SwitchSpec:
    """One virtual switch; `config` is merged over the configuration that the lab generates.

    With `xrl` its agent has a finder and XRL targets, on the loopback of its own namespace. With `ssh` it has
    an SSH server, which the host reaches at 127.0.0.1. `packages` is a directory with a Debian system, such as
    debootstrap(8) makes, whose packages are the switch's. A `blank` one is as out of its box: it starts without any
    configuration. `settings` are tables of the agent's settings besides those that the lab writes.
    """

    name: str
    ports: int
    management: IPv4Interface
    config: Mapping[str, Any] = field(default_factory=dict)
    xrl: bool = False
    ssh: bool = False
    packages: str = ""
    blank: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def port_names(self) -> tuple[str, ...]:
        """Every port, in order: `te-1/1/1`, `te-1/1/2`, …"""
        return tuple(port_name(number) for number in range(1, self.ports + 1))


@dataclass(frozen=True)
class HostSpec:
    """One virtual host: a network namespace with a single interface, `eth0`."""

    name: str
    link: PortRef
    address: IPv4Interface | None = None
    gateway: IPv4Address | None = None
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Link:
    """A cable between two switch ports."""

    a: PortRef
    b: PortRef


@dataclass(frozen=True)
class Provisioning:
    """A provisioning server in the management network: TFTP, and DHCP if `dhcp` says so."""

    dhcp: bool = False


@dataclass(frozen=True)
class Topology:
    """A whole lab. `source` names the file it came from, for messages."""

    name: str
    dataplane: Dataplane
    management: IPv4Network
    switches: Mapping[str, SwitchSpec]
    hosts: Mapping[str, HostSpec]
    links: tuple[Link, ...]
    provisioning: Provisioning | None = None
    source: str = field(default="<topology>", compare=False)

    @classmethod
    def load(cls, path: str | Path) -> Topology:
        """Read a topology file.

        Raises:
            TopologyError: the file cannot be read, is not YAML, or describes something that cannot be built.
        """
        from connetos_sdk.lab.topology_reader import read_file

        return read_file(Path(path))

    @classmethod
    def from_document(cls, document: object, source: str = "<topology>") -> Topology:
        """Build a topology from an already parsed document.

        Raises:
            TopologyError: the document describes something that cannot be built.
        """
        from connetos_sdk.lab.topology_reader import read_document

        return read_document(document, source)

    @property
    def management_address(self) -> IPv4Interface:
        """The lab's own address on the management bridge: the first of the network."""
        return IPv4Interface((self.management.network_address + 1, self.management.prefixlen))

    def to_document(self) -> dict[str, Any]:
        """Return the topology as a document that `from_document` reads back as an equal topology."""
        extra = {} if self.provisioning is None else {"provisioning": {"dhcp": self.provisioning.dhcp}}
        return {
            "name": self.name,
            "dataplane": self.dataplane.value,
            "management": str(self.management),
            "switches": {name: _switch_document(switch) for name, switch in self.switches.items()},
            "hosts": {name: _host_document(host) for name, host in self.hosts.items()},
            "links": [[str(link.a), str(link.b)] for link in self.links],
            **extra,
        }


def port_name(number: int) -> str:
    """Return the switch's name for its `number`-th port (from 1)."""
    return f"te-1/1/{number}"


def netdev_name(port: str) -> str:
    """Return the Linux interface name for a switch port: slashes are not allowed there."""
    return port.replace("/", "-")


def _switch_document(switch: SwitchSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"ports": switch.ports, "management": str(switch.management)}
    if switch.config:
        document["config"] = dict(switch.config)
    if switch.xrl:
        document["xrl"] = True
    if switch.ssh:
        document["ssh"] = True
    if switch.packages:
        document["packages"] = switch.packages
    if switch.blank:
        document["blank"] = True
    if switch.settings:
        document["settings"] = {name: dict(table) for name, table in switch.settings.items()}
    return document


def _host_document(host: HostSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"link": str(host.link)}
    if host.address:
        document["address"] = str(host.address)
    if host.gateway:
        document["gateway"] = str(host.gateway)
    if host.routes:
        document["routes"] = [{"to": str(route.to), "via": str(route.via)} for route in host.routes]
    return document
