"""A lab of three routers in a row between two hosts; several tests share it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology

ROW = """\
name: {name}
dataplane: openvswitch
switches:
  r1: {{ports: 4}}
  r2: {{ports: 4}}
  r3: {{ports: 4}}
hosts:
  web: {{link: "r1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  db: {{link: "r3:te-1/1/1", address: 198.18.30.1/24, gateway: 198.18.30.254}}
links:
  - [r1:te-1/1/4, r2:te-1/1/3]
  - [r2:te-1/1/4, r3:te-1/1/3]
"""


def router(access: dict[str, tuple[int, str]], routes: dict[str, str]) -> str:
    """Lines of a router: ports with VLAN and address of its interface, routes with next hop."""
    lines = []
    for port, (vlan, address) in access.items():
        ip, _, length = address.partition("/")
        lines += [
            f"set vlans vlan-id {vlan} l3-interface vlan{vlan}",
            f"set vlan-interface interface vlan{vlan} address {ip} prefix-length {length}",
            f"set interface gigabit-ethernet {port} family ethernet-switching native-vlan-id {vlan}",
        ]
    lines += [f"set protocols static route {prefix} next-hop {hop}" for prefix, hop in routes.items()]
    return "\n".join(lines)


CONFIGURATION = {
    "r1": router(
        {"te-1/1/1": (10, "198.18.10.254/24"), "te-1/1/4": (12, "198.18.12.1/24")},
        {"198.18.30.0/24": "198.18.12.2", "198.18.23.0/24": "198.18.12.2"},
    ),
    "r2": router(
        {"te-1/1/3": (12, "198.18.12.2/24"), "te-1/1/4": (23, "198.18.23.2/24")},
        {"198.18.30.0/24": "198.18.23.3", "198.18.10.0/24": "198.18.12.1"},
    ),
    "r3": router(
        {"te-1/1/1": (30, "198.18.30.254/24"), "te-1/1/3": (23, "198.18.23.3/24")},
        {"198.18.10.0/24": "198.18.23.2", "198.18.12.0/24": "198.18.23.2"},
    ),
}


@pytest.fixture(scope="package")
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`web` - r1 - r2 - r3 - `db`, with static routes both ways."""
    with Lab(topology(ROW.format(name=f"row-{os.getpid()}"), tmp_path_factory.mktemp("lab"))) as lab:
        for name, lines in CONFIGURATION.items():
            with connect(lab.switch(name)) as switch:
                switch.apply_lines(lines)
        yield lab


@pytest.fixture
def r1(row: Lab) -> Iterator[Switch]:
    """A connection to `r1`; its configuration is put back afterwards."""
    with connect(row.switch("r1")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)
