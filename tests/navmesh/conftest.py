"""The fabric, connections to its switches, and what is seen on their ports."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.navmesh import Fabric, FiveTuple
from tests.conftest import connect
from tests.navmesh import fabric


@dataclass(frozen=True)
class Site:
    """A fabric that is up."""

    lab: Lab
    switches: dict[str, Switch]
    fabric: Fabric

    def talk(self) -> None:
        """Have everybody talk to whoever is next to them, so that all addresses are known."""
        for leaf in fabric.LEAVES:
            self.lab.host(f"h{leaf}").ping(f"198.18.{leaf}.254")
            for spine in fabric.SPINES:
                self.switches[f"leaf{leaf}"].ping(f"198.18.{fabric.between(leaf, spine)}.2", count=1)
        for name in ("w2", "w3"):
            self.lab.host(name).ping(self.fabric.hosts["w1"].ip)


@pytest.fixture
def talking(site: Site) -> Site:
    """The fabric with all its addresses known."""
    site.talk()
    return site


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with Lab(fabric.topology(f"mesh-{os.getpid()}")) as lab, contextlib.ExitStack() as stack:
        switches = {node.name: stack.enter_context(connect(node)) for node in lab.switches}
        for name, switch in switches.items():
            switch.apply_lines(fabric.configuration(name))
        mesh = Fabric.of_lab(lab, switches)
        for host in list(mesh.hosts.values()):
            gateway = mesh.first_frame(host, FiveTuple(host.ip, "203.0.113.1", "udp", 1, 1)).destination_mac
            mesh.hosts[host.name] = replace(host, gateway_mac=gateway)  # as a host remembers it
        yield Site(lab, switches, mesh)
