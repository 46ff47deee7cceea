"""Somebody edits the switch behind the agent's back; links go up and down."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.lab.processes import wait_gone
from connetos_sdk.results import Event
from tests.conftest import connect, topology
from tests.dataplane.packets import reaches, silent
from tests.waiting import until

pytestmark = pytest.mark.ovs

TOPOLOGY = """\
name: {name}
dataplane: openvswitch
switches:
  s1: {{ports: 4}}
hosts:
  h1: {{link: "s1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  h2: {{link: "s1:te-1/1/2", address: 198.18.10.2/24}}
  h3: {{link: "s1:te-1/1/3", address: 198.18.20.3/24, gateway: 198.18.20.254}}
"""
BASE = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set interface gigabit-ethernet te-1/1/1:2 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 20
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
set protocols static route 203.0.113.0/24 next-hop 198.18.10.1
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(name=f"drift-{os.getpid()}"), tmp_path_factory.mktemp("lab"))) as lab:
        with connect(lab.switch("s1")) as switch:
            switch.apply_lines(BASE)
        yield lab


@pytest.fixture
def node(lab: Lab) -> LabSwitch:
    return lab.switch("s1")


@pytest.fixture
def switch(node: LabSwitch) -> Iterator[Switch]:
    with connect(node) as switch:
        yield switch
        switch.transport.call("drift/repair", {})
        until(lambda: objects(switch) == {})


def objects(switch: Switch) -> dict[str, Any]:
    return {entry["object"]: entry for entry in switch.state("system drift objects")}


def vsctl(node: LabSwitch, *words: str) -> None:
    node.run(["ovs-vsctl", f"--db=unix:{node.files.ovs_socket}", "--timeout=10", *words])


@contextmanager
def listening(node: LabSwitch, kind: str) -> Iterator[Callable[..., Event]]:
    """Events of one kind; the block gets a function that waits for the next one."""
    heard: queue.Queue[Event] = queue.Queue()

    def listen() -> None:
        with suppress(ConnetosError), connect(node) as switch:  # until the lab is taken down
            for event in switch.events():
                if event.kind == kind:
                    heard.put(event)

    Thread(target=listen, daemon=True).start()
    time.sleep(0.5)
    yield lambda timeout=30: heard.get(timeout=timeout)


def test_a_vlan_changed_with_ovs_vsctl_is_told(node: LabSwitch, switch: Switch) -> None:
    with listening(node, "drift") as next_event:
        vsctl(node, "set", "port", "te-1-1-1", "tag=20")
        event = next_event()
    entry = {"object": "port te-1/1/1", "driver": "openvswitch"}
    found, configured = {"native_vlan": 20, "vlans": [20]}, {"native_vlan": 10, "vlans": [10]}
    assert event.data["objects"] == [{**entry, "found": found, "configured": configured}]
    assert objects(switch)["port te-1/1/1"]["found"] == found
    text = switch.cli("show system drift")
    assert "port te-1/1/1 (openvswitch), since " in text
    assert "  native_vlan: 20, configured: 10\n" in text
    assert '"message":"drift"' in node.agent.daemon.files.log.read_text()


def test_what_is_put_back_by_hand_is_no_drift_any_more(node: LabSwitch, switch: Switch) -> None:
    vsctl(node, "set", "port", "te-1-1-1", "tag=20")
    until(lambda: "port te-1/1/1" in objects(switch))
    with listening(node, "drift-ended") as next_event:
        vsctl(node, "set", "port", "te-1-1-1", "tag=10")
        assert next_event().data["objects"][0]["object"] == "port te-1/1/1"
    assert switch.cli("show system drift") == "No drift: everything is as configured.\n"


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("ip link set te-1-1-4 mtu 1400", "link te-1/1/4"),
        ("ip link set te-1-1-4 down", "link te-1/1/4"),
        ("ip address add 198.18.77.1/24 dev vlan10", "addresses vlan10"),
        ("ip route del 203.0.113.0/24", "route 203.0.113.0/24"),
        ("ip route add 203.0.113.128/25 via 198.18.10.2 proto 14", "route 203.0.113.128/25"),
        ("ip address del 198.18.10.254/24 dev vlan10", "route 203.0.113.0/24"),
        ("ip link set vlan10 alias rack-7", "vlan-interface-link vlan10"),
        ("tc qdisc del dev te-1-1-4 clsact", "link te-1/1/4"),
    ],
)
def test_what_is_changed_with_ip_or_tc_is_told_and_repaired_on_request(
    node: LabSwitch, switch: Switch, command: str, target: str
) -> None:
    node.run(command.split())
    until(lambda: target in objects(switch))
    assert switch.transport.call("drift/repair", {})["repaired"] >= 1
    until(lambda: objects(switch) == {})


def test_a_rate_limit_that_is_taken_away_is_told_and_repaired(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines("set interface gigabit-ethernet te-1/1/4 rate-limiting egress kilobits 20000")
    node.run(["tc", "qdisc", "del", "dev", "te-1-1-4", "root"])
    until(lambda: "rate-limit te-1/1/4" in objects(switch))
    assert switch.transport.call("drift/repair", {})["repaired"] == 1
    until(lambda: objects(switch) == {})
    switch.rollback(1)


def test_a_commit_that_touches_it_repairs_it(node: LabSwitch, switch: Switch) -> None:
    vsctl(node, "set", "port", "te-1-1-2", "tag=20")
    until(lambda: "port te-1/1/2" in objects(switch))
    switch.apply_lines("set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id 20")
    until(lambda: objects(switch) == {})
    switch.rollback(1)


def test_commits_are_no_drift(node: LabSwitch, switch: Switch) -> None:
    with listening(node, "drift") as next_event:
        for mtu in (1600, 1700, 1518):
            switch.apply_lines(
                f"set interface gigabit-ethernet te-1/1/4 mtu {mtu}\n"
                f"set vlans vlan-id {mtu} l3-interface v{mtu}\n"
                f"set vlan-interface interface v{mtu} address 198.18.99.1 prefix-length 24\n"
                "set interface gigabit-ethernet te-1/1/4 family ethernet-switching port-mode trunk\n"
            )
            switch.rollback(1)
        assert objects(switch) == {}
        with pytest.raises(queue.Empty):
            next_event(timeout=1)


def test_a_deleted_bridge_is_made_again(lab: Lab, node: LabSwitch, switch: Switch) -> None:
    assert reaches(lab, "h1", "198.18.20.3")
    vsctl(node, "del-br", "br0")
    until(lambda: reaches(lab, "h1", "198.18.20.3"))
    assert reaches(lab, "h1", "198.18.10.2")
    until(lambda: objects(switch) == {} and switch.system().troubles == [])


def test_a_device_that_comes_back_is_a_port_again(lab: Lab, node: LabSwitch, switch: Switch) -> None:
    node.run(["ip", "link", "del", "te-1-1-4"])
    until(lambda: "link te-1/1/4" in objects(switch) or switch.system().troubles)
    node.run(["ip", "link", "add", "te-1-1-4", "type", "veth", "peer", "name", "elsewhere"])
    until(lambda: objects(switch) == {} and switch.system().troubles == [])
    assert switch.interfaces()["te-1/1/4"].admin == "up"


def test_a_restarted_ovsdb_server_is_found_again_and_what_it_missed(
    lab: Lab, node: LabSwitch, switch: Switch
) -> None:
    pid = node.ovsdb_pid
    assert pid is not None
    assert node.ovs is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_gone(pid, 20)
    node.ovs.start()
    until(lambda: switch.system().troubles == [] and objects(switch) == {})
    switch.apply_lines("set interface gigabit-ethernet te-1/1/4 mtu 1600")
    switch.rollback(1)
    until(lambda: reaches(lab, "h1", "198.18.10.2"))


def test_links_that_go_down_and_up_are_told(lab: Lab, node: LabSwitch, switch: Switch) -> None:
    with listening(node, "link") as next_event:
        lab.host("h1").run(["ip", "link", "set", "eth0", "down"])
        assert next_event().data == {"port": "te-1/1/1", "state": "down", "admin": "up"}
        lab.host("h1").run(["ip", "link", "set", "eth0", "up"])
        assert next_event().data == {"port": "te-1/1/1", "state": "up", "admin": "up"}
        switch.apply_lines("set interface gigabit-ethernet te-1/1/2 enable false")
        assert next_event().data == {"port": "te-1/1/2", "state": "down", "admin": "down"}
        switch.rollback(1)


def test_policy_repair_brings_back_at_once(lab: Lab, node: LabSwitch) -> None:
    settings = node.files.agent_config
    text = settings.read_text()
    node.agent.stop()
    settings.write_text('drift = "repair"\n' + text)
    node.agent.daemon.start()
    try:
        with connect(node) as switch:
            assert switch.state("system drift policy") == "repair"
            with listening(node, "restored") as next_event:
                vsctl(node, "set", "port", "te-1-1-1", "tag=20")
                assert next_event().data["objects"][0]["object"] == "port te-1/1/1"
            assert not silent(lab, "h1", "198.18.10.2")
            assert objects(switch) == {}
    finally:
        node.agent.stop()
        node.agent.start()
