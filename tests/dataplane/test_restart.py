"""Restarting, killing and rebooting: what is right stays untouched, what isn't is brought back."""

from __future__ import annotations

import json
import time

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.nodes import LabSwitch
from tests.conftest import connect
from tests.dataplane.packets import reaches, silent

pytestmark = pytest.mark.ovs
Leaves = tuple[Switch, Switch]

SETUP = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20
set interface gigabit-ethernet te-1/1/1:2 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/4 family ethernet-switching port-mode trunk
set interface gigabit-ethernet te-1/1/4 family ethernet-switching vlan members 10,20
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set protocols static route 203.0.113.0/24 next-hop 198.18.10.2
"""


def fingerprint(node: LabSwitch) -> dict[str, str]:
    """Everything that a restart may not touch: rows of Open vSwitch (their versions), devices, addresses, routes."""
    tables = ("Bridge", "Port", "Interface")
    found = {
        table: node.run(
            ["ovs-vsctl", f"--db={node.database}", "--columns=_uuid,_version,name", "list", table]
        ).stdout
        for table in tables[:2]
    }
    found["next_cfg"] = node.run(
        ["ovs-vsctl", f"--db={node.database}", "get", "open", ".", "next_cfg"]
    ).stdout
    for what in (["link"], ["-4", "address"], ["-4", "route"]):
        found[" ".join(what)] = node.run(["ip", *what]).stdout
    found["vswitchd"] = str(node.ovs_pid)
    return found


def reconciled(node: LabSwitch) -> list[dict[str, object]]:
    lines = (node.directory / "agent.log").read_text().splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    return [entry for entry in entries if entry["message"] == "data plane reconciled"]


def test_a_restart_touches_nothing_that_is_right(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines(SETUP)
    node = two_leaves.switch("leaf1")
    before = fingerprint(node)
    revision = leaf1.revision()
    for restart in (node.restart_agent, lambda: (node.kill_agent(), node.start_agent())):
        restart()
        assert reconciled(node)[-1]["changes"] == 0
        assert fingerprint(node) == before
        assert leaf1.revision() == revision


def test_what_was_changed_behind_the_agents_back_is_brought_back_at_start(
    two_leaves: Lab, leaves: Leaves
) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines(SETUP)
    node = two_leaves.switch("leaf1")
    state = leaf1.state()
    node.stop_agent()
    node.run(["ovs-vsctl", f"--db={node.database}", "set", "port", "te-1-1-1", "tag=20"])
    node.run(["ip", "address", "del", "198.18.10.254/24", "dev", "vlan10"])
    node.run(["ip", "address", "add", "198.18.99.1/24", "dev", "vlan10"])
    node.run(["ip", "link", "set", "te-1-1-2", "down"])
    node.run(["tc", "qdisc", "del", "dev", "te-1-1-3", "clsact"])
    node.start_agent()
    after = leaf1.state()
    # Other areas tell the time and count packets.
    for area in ("vlans", "vlan-interface", "route", "fib"):
        assert after[area] == state[area]
    for port, entry in state["interface"]["gigabit-ethernet"].items():
        now = after["interface"]["gigabit-ethernet"][port]
        for name in ("admin", "oper", "mtu", "description", "port-mode", "native-vlan-id", "vlans"):
            assert now[name] == entry[name]
    assert leaf1.system().troubles == []
    assert reaches(two_leaves, "h1", "198.18.10.2")


def test_a_reboot_loads_startup_and_the_way_back_is_rollback_1(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    leaf1.apply_lines("set vlans vlan-id 10")
    leaf1.save()
    leaf1.apply_lines("set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10")
    assert silent(two_leaves, "h1", "198.18.10.2")
    node = two_leaves.switch("leaf1")
    node.reboot()
    assert leaf1.config("vlans") == {"vlan-id": {"10": {}}}
    assert "gigabit-ethernet" not in leaf1.config("interface")
    assert reaches(two_leaves, "h1", "198.18.10.2")
    leaf1.rollback(1)
    assert silent(two_leaves, "h1", "198.18.10.2")


def test_a_confirmed_commit_rolls_back_although_the_agent_was_killed(two_leaves: Lab, leaves: Leaves) -> None:
    leaf1, _ = leaves
    before = leaf1.config()
    leaf1.apply_lines("set interface gigabit-ethernet te-1/1/1 enable false", confirm=2)
    assert silent(two_leaves, "h1", "198.18.10.2")
    node = two_leaves.switch("leaf1")
    node.kill_agent()
    time.sleep(2)  # the deadline passes while no agent runs
    node.start_agent()
    with connect(node) as again:
        end = time.monotonic() + 5
        while again.config() != before:
            assert time.monotonic() < end, "the commit nobody confirmed is still there"
            time.sleep(0.05)
    assert reaches(two_leaves, "h1", "198.18.10.2")


def test_an_unusable_startup_configuration_is_told_and_the_switch_still_comes_up(
    two_leaves: Lab, leaves: Leaves
) -> None:
    node = two_leaves.switch("leaf2")
    path = node.directory / "state" / "config" / "connetos.boot"
    good = path.read_text()
    try:
        path.write_text(good.replace("system {", "system {\n    hostname: 7 8", 1))
        node.reboot()
        local = Switch(f"unix://{node.directory}/run/agent.sock")
        with local:
            assert "startup configuration" in local.system().troubles[0]
            assert "line" in local.system().troubles[0]
    finally:
        path.write_text(good)
        node.reboot()
    assert leaves[1].system().troubles == []
