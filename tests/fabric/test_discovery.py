"""Switches that LLDP leads to from one that is known."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from connetos_sdk import Switch
from connetos_sdk.discovery import discover
from connetos_sdk.errors import InvalidValue, Unreachable
from connetos_sdk.lab import Lab, Topology
from tests.conftest import connect

NAMES = ("leaf1", "spine1", "leaf2")
MANAGEMENT = "198.18.255.0/24"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three switches in a row that tell of themselves by LLDP."""
    document = {
        "name": f"find-{os.getpid()}",
        "dataplane": "openvswitch",
        "switches": {
            name: {"ports": 2, "management": f"198.18.255.{number}/24"}
            for number, name in enumerate(NAMES, 11)
        },
        "links": [["leaf1:te-1/1/2", "spine1:te-1/1/1"], ["spine1:te-1/1/2", "leaf2:te-1/1/1"]],
    }
    with Lab(Topology.from_document(document, "tests")) as lab:
        with ExitStack() as stack:
            switches = [stack.enter_context(connect(lab.switch(name))) for name in NAMES]
            for switch in switches:
                switch.apply_lines(
                    ["set protocols lldp enable true", "set protocols lldp advertisement-interval 5"]
                )
            deadline = time.monotonic() + 90
            while [len(switch.lldp_neighbors()) for switch in switches] != [1, 2, 1]:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield lab


def at(lab: Lab, where: str) -> Switch:
    """A lab switch by name or by its management address."""
    for name in NAMES:
        if where in (name, str(lab.switch(name).spec.management.ip)):
            return connect(lab.switch(name))
    raise Unreachable(f"there is nobody at {where}")


@pytest.mark.ovs
def test_neighbours_are_found_one_after_the_other(chain: Lab) -> None:
    found = discover(["leaf1"], lambda where: at(chain, where), networks=[MANAGEMENT])
    assert found.switches == {"leaf1": "leaf1", "spine1": "198.18.255.12", "leaf2": "198.18.255.13"}
    assert [str(link) for link in found.cabling.links] == [
        "leaf1:te-1/1/2 - spine1:te-1/1/1", "leaf2:te-1/1/1 - spine1:te-1/1/2"
    ]  # fmt: skip
    assert not found.cabling.doubts and not found.cabling.silent


@pytest.mark.ovs
def test_who_is_in_no_permitted_network_is_never_asked(chain: Lab) -> None:
    asked: list[str] = []

    def noted(where: str) -> Switch:
        asked.append(where)
        return at(chain, where)

    found = discover(["leaf1", "leaf1"], noted, networks=["192.0.2.0/24"])
    assert asked == ["leaf1"] == list(found.switches)
    assert [str(one.at) for one in found.cabling.strangers] == ["leaf1:te-1/1/2"]


@pytest.mark.ovs
def test_bounds_and_silent_switches(chain: Lab) -> None:
    two = discover(["leaf1"], lambda where: at(chain, where), networks=[MANAGEMENT], limit=2)
    assert list(two.switches) == ["leaf1", "spine1"]
    other = discover(["leaf1", "198.18.255.11", "gone"], lambda where: at(chain, where))
    assert other.switches == {"leaf1": "leaf1"} and "nobody at gone" in other.cabling.silent["gone"]
    with pytest.raises(InvalidValue, match="isn't a network"):
        discover([], lambda where: at(chain, where), networks=["198.18.255.1/24"])
