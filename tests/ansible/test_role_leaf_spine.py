"""Role `leaf_spine`: a fabric on Open vSwitch from one description, with packets through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible
from tests.conftest import connected, topology
from tests.dataplane.packets import reaches, silent

pytestmark = pytest.mark.ovs

TOPOLOGY = """\
name: roles-{pid}
dataplane: openvswitch
switches:
  spine1: {{ports: 4}}
  spine2: {{ports: 4}}
  leaf1: {{ports: 8}}
  leaf2: {{ports: 8}}
hosts:
  web1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  db2: {{link: "leaf2:te-1/1/1", address: 198.18.20.1/24, gateway: 198.18.20.254}}
  nas1: {{link: "leaf1:te-1/1/2", address: 198.18.30.1/24, gateway: 198.18.30.254}}
  nas2: {{link: "leaf2:te-1/1/2", address: 198.18.30.2/24, gateway: 198.18.30.254}}
links:
  - [leaf1:te-1/1/7, spine1:te-1/1/1]
  - [leaf1:te-1/1/8, spine2:te-1/1/1]
  - [leaf2:te-1/1/7, spine1:te-1/1/2]
  - [leaf2:te-1/1/8, spine2:te-1/1/2]
"""
NAMES = ("spine1", "spine2", "leaf1", "leaf2")
FABRIC: dict[str, Any] = {
    "leaf_spine_transfer": {"network": "198.18.64.0/24"},
    "leaf_spine_spines": [{"name": "spine1", "id": 1}, {"name": "spine2", "id": 2}],
    "leaf_spine_leaves": [
        {
            "name": "leaf1",
            "id": 1,
            "ports": [{"port": "te-1/1/1", "network": "web"}, {"port": "te-1/1/2", "network": "nas"}],
        },
        {
            "name": "leaf2",
            "id": 2,
            "ports": [{"port": "te-1/1/1", "network": "db"}, {"port": "te-1/1/2", "network": "nas"}],
        },
    ],
    "leaf_spine_networks": [
        {"name": "web", "vlan": 10, "gateway": "198.18.10.254/24"},
        {"name": "db", "vlan": 20, "gateway": "198.18.20.254/24"},
        {"name": "nas", "vlan": 30, "gateway": "198.18.30.254/24"},
    ],
    "leaf_spine_links": [
        ["leaf1:te-1/1/7", "spine1:te-1/1/1"],
        ["leaf1:te-1/1/8", "spine2:te-1/1/1"],
        ["leaf2:te-1/1/7", "spine1:te-1/1/2"],
        ["leaf2:te-1/1/8", "spine2:te-1/1/2"],
    ],
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switches(lab: Lab) -> Iterator[dict[str, Switch]]:
    with connected(lab) as switches:
        yield switches


def run(lab: Lab, directory: Path, *arguments: str, **variables: Any) -> Run:
    (directory / "fabric.yml").write_text(yaml.safe_dump(FABRIC | variables))
    return ansible(
        "ansible-playbook", "-v", "-i", str(lab.directory / "inventory.yml"), "-e", "@fabric.yml",
        "connetos.connetos.leaf_spine", *arguments, cwd=directory,
    )  # fmt: skip


def revisions(switches: dict[str, Switch]) -> list[int]:
    return [switch.revision() for switch in switches.values()]


def test_hosts_reach_each_other_across_the_fabric(
    lab: Lab, switches: dict[str, Switch], tmp_path: Path
) -> None:
    before = revisions(switches)
    planned = run(lab, tmp_path, "--check", "--diff")
    assert planned.returncode == 0 and "+   vlan-id 3001" in planned.output, planned.output
    assert revisions(switches) == before and not any(switch.vlan_interfaces() for switch in switches.values())
    done = run(lab, tmp_path)
    assert done.returncode == 0, done.output
    assert revisions(switches) == [revision + 1 for revision in before]
    assert reaches(lab, "web1", "198.18.20.1") and reaches(lab, "nas1", "198.18.30.2")
    assert reaches(lab, "web1", "198.18.30.2") and reaches(lab, "nas2", "198.18.10.1")
    assert len(switches["leaf1"].routes()["198.18.20.0/24"].next_hops) == 2
    again = run(lab, tmp_path)
    assert again.returncode == 0 and "changed=1" not in again.output, again.output
    assert revisions(switches) == [revision + 1 for revision in before]
    for switch in switches.values():
        assert switch.config(source="startup") == switch.config() and not switch.system().troubles

    fewer = deepcopy(FABRIC)
    del fewer["leaf_spine_networks"][2]
    for leaf in fewer["leaf_spine_leaves"]:
        del leaf["ports"][1]
    gone = run(lab, tmp_path, **fewer)
    assert gone.returncode == 0, gone.output
    assert 30 not in switches["spine1"].vlans() and silent(lab, "nas1", "198.18.30.2")
    assert reaches(lab, "db2", "198.18.10.1")


def test_a_cable_in_the_wrong_place_takes_everything_back(
    lab: Lab, switches: dict[str, Switch], tmp_path: Path
) -> None:
    links = deepcopy(FABRIC["leaf_spine_links"])
    links[0][1], links[2][1] = links[2][1], links[0][1]  # planned the other way round at spine1
    before = {name: switch.config() for name, switch in switches.items()}
    done = run(lab, tmp_path, leaf_spine_links=links, leaf_spine_settle=2)
    assert done.returncode != 0, done.output
    assert "leaf1:te-1/1/7 is cabled to spine1:te-1/1/1, planned is spine1:te-1/1/2" in done.output
    assert "pings are answered: FAILED" in done.output
    assert {name: switch.config() for name, switch in switches.items()} == before


def test_what_is_refused_before_any_switch_is_asked(
    lab: Lab, switches: dict[str, Switch], tmp_path: Path
) -> None:
    before = revisions(switches)
    absent = run(lab, tmp_path, "--limit", "leaf1")
    assert absent.returncode != 0, absent.output
    assert "The fabric is changed as one, but spine1, spine2, leaf2 can't be reached" in absent.output
    misspelt = deepcopy(FABRIC)
    misspelt["leaf_spine_leaves"][0]["prots"] = []
    mtu = {"leaf2": {"interface": {"gigabit-ethernet": {"te-1/1/5": {"mtu": 1}}}}}
    for given, words in (
        (
            {"leaf_spine_leaves": [{"name": "leaf1", "id": 0}]},
            "leaves leaf1 id: 0 is not a number from 1 to 128",
        ),
        (misspelt, "leaf_spine_leaves.prots. Supported parameters include: id, name, ports"),
        ({"leaf_spine_extra": mtu}, "leaf2 interface gigabit-ethernet te-1/1/5 mtu"),
    ):
        refused = run(lab, tmp_path, **given)
        assert refused.returncode != 0 and words in refused.output, refused.output
        assert "Traceback" not in refused.output
    assert revisions(switches) == before
