"""VLAN interfaces as they are shown, and their counters."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology

pytestmark = pytest.mark.ovs

TOPOLOGY = """\
name: {name}
dataplane: openvswitch
switches:
  r1: {{ports: 2}}
hosts:
  h1: {{link: "r1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
"""
BASE = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan10 address 198.18.11.254 prefix-length 24
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    text = TOPOLOGY.format(name=f"vifs-{os.getpid()}")
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        with connect(lab.switch("r1")) as router:
            router.apply_lines(BASE)
        yield lab


@pytest.fixture
def router(lab: Lab) -> Iterator[Switch]:
    with connect(lab.switch("r1")) as router:
        yield router


def packets(router: Switch) -> int:
    count: int = router.state("statistics vlan10 in-packets")
    return count


def test_every_form_of_show_tells_what_rest_tells(router: Switch) -> None:
    state = router.state("vlan-interface interface vlan10")
    mac = state["mac"].upper()
    one = router.cli("show vlan-interface vlan10")
    assert one == (
        "Interface  Status  VLAN ID  MTU    MAC                Address\n"
        "---------  ------  -------  -----  -----------------  ------------------\n"
        f"vlan10     Up      10       1500   {mac}  198.18.10.254/24\n"
        f"vlan10     Up      10       1500   {mac}  198.18.11.254/24\n"
    )
    assert state["address"] == ["198.18.10.254/24", "198.18.11.254/24"]
    assert (
        router.cli("show vlan-interface").removeprefix(one) == f"vlan20     Up      20       1500   {mac}\n"
    )
    with pytest.raises(ConnetosError, match="there is no VLAN interface vlan30"):
        router.cli("show vlan-interface vlan30")


def test_counters_begin_at_zero_when_cleared_and_stay_so_over_a_restart(lab: Lab, router: Switch) -> None:
    assert lab.host("h1").ping("198.18.10.254", count=20)
    assert packets(router) >= 20
    router.cli("clear vlan-interface statistics vlan10")
    assert packets(router) < 20
    assert router.state("statistics te-1/1/1 in-packets") >= 20, "the port's are its own"
    lab.switch("r1").restart_agent()
    assert packets(router) < 20
    with pytest.raises(ConnetosError, match="there is no VLAN interface te-1/1/1"):
        router.cli("clear vlan-interface statistics te-1/1/1")
