"""The plan of a fabric: its switches, what each is, and how they are cabled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connetos_sdk.atp.provisioning import Provisioning
    from connetos_sdk.cabling import End, Link


@dataclass(frozen=True)
class Role:
    """What several switches have in common.

    Attributes:
        template: path of the Jinja2 template, relative to the plan.
        variables: for the template; those of a switch win.
        packages: to be installed before the configuration is applied: `name` or `name=version`.
    """

    template: str
    variables: Mapping[str, Any]
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedSwitch:
    """A switch as it is going to be.

    Attributes:
        name: also its host name.
        management: its address in the management network.
        mac: of its management port, for a DHCP reservation; empty when it isn't known.
        packages: besides those of its role.
    """

    name: str
    role: str
    management: IPv4Interface
    mac: str
    variables: Mapping[str, Any]
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A plan that is right in itself; whether its templates are is seen when it is built.

    Attributes:
        source: the file it was read from; templates lie beside it.
        management: the management network.
        server: address of the TFTP server, in the management network.
        variables: for all templates; those of a role and of a switch win.
    """

    source: Path
    management: IPv4Network
    server: IPv4Address
    roles: Mapping[str, Role]
    switches: Mapping[str, PlannedSwitch]
    links: tuple[Link, ...]
    variables: Mapping[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """Read and check a plan.

        Raises:
            PlanError: the file can't be read, or something in it is wrong.
        """
        from connetos_sdk.atp.reader import read_plan

        return read_plan(Path(path))

    def build(self) -> Provisioning:
        """Make everything that the switches need; nothing is written yet.

        Raises:
            PlanError: with every switch whose template doesn't give a right configuration.
        """
        from connetos_sdk.atp.build import build

        return build(self)

    def cables(self, switch: str) -> Iterator[tuple[str, End]]:
        """The ports of a switch that have a cable, each with the port at the other end."""
        for link in self.links:
            if link.a.switch == switch:
                yield link.a.port, link.b
            if link.b.switch == switch:
                yield link.b.port, link.a

    def hint(self, switch: str) -> str:
        """The port description that tells a switch who it is: `<name>@<management-ip>@<server>`."""
        return f"{switch}@{self.switches[switch].management.ip}@{self.server}"
