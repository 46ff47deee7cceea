"""`connetos_ping`, `connetos_traceroute` and `connetos_navmesh` on switches that forward packets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Play, play_with
from tests.waiting import until

pytestmark = pytest.mark.ovs

ROUTED = [
    "set vlans vlan-id 10 l3-interface vlan10",
    "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10",
]
TRUNK = [
    "set interface gigabit-ethernet te-1/1/4 family ethernet-switching port-mode trunk",
    "set interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10",
]
LINK = ["leaf1:te-1/1/4", "leaf2:te-1/1/4"]


def ping(**options: Any) -> dict[str, Any]:
    return {
        "connetos.connetos.connetos_ping": {"interval_ms": 20, "timeout_ms": 500, **options},
        "when": "inventory_hostname == 'leaf1'",
        "ignore_errors": True,
    }


def trace(**options: Any) -> dict[str, Any]:
    return {
        "connetos.connetos.connetos_traceroute": {"queries": 1, "timeout_ms": 500, **options},
        "when": "inventory_hostname == 'leaf1'",
        "ignore_errors": True,
    }


def navmesh(**options: Any) -> dict[str, Any]:
    return {
        "connetos.connetos.connetos_navmesh": {
            "source": "h1",
            "destination": "h3",
            "links": [LINK],
            **options,
        },
        "ignore_errors": True,
    }


@pytest.fixture
def play(two_leaves: Lab, leaves: tuple[Switch, Switch], tmp_path: Path) -> Play:
    for number, leaf in enumerate(leaves):
        address = f"set vlan-interface interface vlan10 address 198.18.10.{254 - number} prefix-length 24"
        leaf.apply_lines([*ROUTED, *TRUNK, address])
    return play_with(two_leaves.directory / "inventory.yml", tmp_path)


def test_ping_and_traceroute(play: Play) -> None:
    run = play(
        ping(host="198.18.10.1", count=3),
        ping(dest="198.18.10.253", count=2, source="198.18.10.254", state="absent"),
        ping(host="198.18.10.77", count=2),
        ping(host="198.18.10.77", count=1, state="absent"),
        ping(host="no.such.host.invalid"),
        ping(host="198.18.10.1", count=0),
        trace(host="198.18.10.1"),
        trace(host="198.18.10.253", through=["198.18.10.9"]),
        trace(host="198.18.10.77", max_hops=2),
    )
    fine, absent, lost, really, unknown, wrong, way, other, nowhere = run.results
    assert fine["received"] == 3 and fine["probes"][0]["outcome"] == "reply" and not fine["changed"], (
        run.output
    )
    assert absent["msg"].endswith("answered 2 of 2 requests from 198.18.10.254, and none should be answered")
    assert "answered 0 of 2 requests" in lost["msg"], lost
    assert "msg" not in really and run.output.count("...ignoring") == 6
    assert "no.such.host.invalid" in unknown["msg"] and "count" in wrong["msg"]
    assert way["reached"] and way["way"] == [["198.18.10.1"]]
    assert other["msg"] == "the way to 198.18.10.253 isn't through 198.18.10.9"
    assert "isn't reached in" in nowhere["msg"]
    assert "Traceback" not in run.output


def test_a_flow_across_two_switches(play: Play, two_leaves: Lab, leaves: tuple[Switch, Switch]) -> None:
    assert two_leaves.host("h1").ping("198.18.10.3", count=2)
    attached = [
        {
            "name": name, "port": f"{leaf}:te-1/1/1", "address": f"198.18.10.{number}/24",
            "mac": two_leaves.host(name).run(["cat", "/sys/class/net/eth0/address"]).stdout.strip(),
        }
        for name, leaf, number in (("h1", "leaf1", 1), ("h3", "leaf2", 3))
    ]  # fmt: skip
    right = play(
        navmesh(attached=attached),
        navmesh(attached=attached, expected="not-delivered"),
        navmesh(attached=attached, links=[["leaf1:te-1/1/4"]]),
        navmesh(attached=attached, destination="h9"),
    )
    there, unexpected, half, unknown = right.results
    assert there["delivered"] and "te-1/1/4" in "\n".join(there["report"]), right.output
    assert unexpected["msg"].endswith("is delivered through leaf1 - leaf2")
    assert "needs two ends" in half["msg"] and "there is no host h9" in unknown["msg"]
    leaves[1].apply_lines(
        "delete interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10"
    )
    (wrong,) = play(navmesh(attached=attached)).results
    assert " is dropped at leaf2:te-1/1/4" in wrong["msg"], wrong["msg"]
    assert "set interface gigabit-ethernet te-1/1/4" in wrong["msg"]


def test_a_change_that_stops_a_flow_is_taken_back(
    play: Play, two_leaves: Lab, leaves: tuple[Switch, Switch]
) -> None:
    for leaf in leaves:
        leaf.apply_lines(["set protocols lldp enable true", "set protocols lldp advertisement-interval 5"])
    until(lambda: two_leaves.host("h1").ping("198.18.10.3"))
    before = leaves[1].config()
    ends = {"source": "198.18.10.1@leaf1:te-1/1/1", "destination": "198.18.10.3@leaf2:te-1/1/1"}
    flows = [{**ends, "protocol": "icmp"}]
    cut = "delete interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10"
    fabric = "connetos.connetos.connetos_fabric"
    run = play(
        {fabric: {"lines": ["set vlans vlan-id 30"], "flows": flows, "settle": 20}},
        {
            fabric: {
                "lines": {"leaf1": ["set vlans vlan-id 31"], "leaf2": [cut]},
                "flows": flows,
                "settle": 2,
            },
            "ignore_errors": True,
        },
    )
    assert len(run.results) == 2, run.output
    kept, back = run.results
    assert kept["changed"] and [check["passed"] for check in kept["checks"]] == [True, True], run.output
    assert "is dropped at leaf2:te-1/1/4" in back["msg"], run.output
    assert 30 in leaves[1].vlans() and 31 not in leaves[0].vlans()
    assert leaves[1].config("interface") == before["interface"]
