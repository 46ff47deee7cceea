"""A router between two subnets, for the tests of what it does as a router."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology

TOPOLOGY = """\
name: router-{pid}
dataplane: openvswitch
switches:
  r1: {{ports: 4}}
hosts:
  h1: {{link: "r1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  h2: {{link: "r1:te-1/1/2", address: 198.18.20.2/24, gateway: 198.18.20.254}}
"""
ROUTING = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id 20
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
"""


@pytest.fixture(scope="module")
def lines() -> str:
    """What `r1` is configured with beside its two subnets, for files that want more."""
    return ""


@pytest.fixture(scope="module")
def lab(lines: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`r1` routes between VLAN 10 with `h1` and VLAN 20 with `h2`."""
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        with connect(lab.switch("r1")) as router:
            router.apply_lines(ROUTING + lines)
        yield lab


@pytest.fixture
def router(lab: Lab) -> Iterator[Switch]:
    """A connection to `r1`; its configuration is put back afterwards."""
    with connect(lab.switch("r1")) as router:
        before = router.revision()
        yield router
        router.rollback(revision=before)
