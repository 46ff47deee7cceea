"""Things go wrong outside the agent: nothing is lost, it is told, and it heals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ApplyFailed, ConfigError, NotRealisable
from connetos_sdk.lab import Lab
from connetos_sdk.lab.nodes import LabSwitch
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

ONE = "name: trouble-{pid}\ndataplane: openvswitch\nswitches:\n  s1: {{ports: 4}}\n"
TWO_INTERFACES = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set vlan-interface interface vlan10 address 198.18.10.1 prefix-length 24
set vlan-interface interface vlan10 address 198.18.11.1 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.1 prefix-length 24
set protocols static route 203.0.113.0/24 next-hop 198.18.10.9
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(ONE.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def node(lab: Lab) -> LabSwitch:
    return lab.switch("s1")


@pytest.fixture
def switch(node: LabSwitch) -> Iterator[Switch]:
    with connect(node) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


def test_a_route_follows_its_next_hop_to_another_interface(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines(TWO_INTERFACES)
    with switch.configure() as change:
        change.delete("vlan-interface interface vlan10 address 198.18.10.1")
        change.set("vlan-interface interface vlan20 address 198.18.10.1 prefix-length 24")
    routes = node.run(["ip", "-4", "route", "show", "proto", "xorp"]).stdout
    assert "203.0.113.0/24 via 198.18.10.9 dev vlan20" in routes
    assert "dev vlan10" not in routes


def test_a_vlan_interface_whose_device_vanished_is_made_anew(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines(TWO_INTERFACES)
    node.run(["ip", "link", "del", "vlan10"])
    switch.apply_lines("set vlan-interface interface vlan20 mtu 1400")
    assert switch.vlan_interfaces()["vlan20"].mtu_bytes == 1400
    switch.apply_lines("set vlan-interface interface vlan10 mtu 1300")
    assert node.run(["cat", "/sys/class/net/vlan10/mtu"]).stdout.strip() == "1300"


def test_what_could_not_be_undone_is_told_and_heals_by_itself(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines(TWO_INTERFACES)
    assert node.ovs_pid is not None
    os.kill(node.ovs_pid, signal.SIGSTOP)
    try:
        with pytest.raises(ApplyFailed, match="ovs-vswitchd"):
            switch.apply_lines(
                "delete protocols static route 203.0.113.0/24\n"
                "delete vlan-interface interface vlan10\ndelete vlans vlan-id 10"
            )
    finally:
        os.kill(node.ovs_pid, signal.SIGCONT)
    until(lambda: not switch.system().troubles, "the agent doesn't repair what it left behind", 60)
    assert switch.vlan_interfaces()["vlan10"].addresses == ["198.18.10.1/24", "198.18.11.1/24"]
    assert switch.routes()["203.0.113.0/24"].installed


def test_a_dead_port_keeps_nothing_else_from_booting(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines(
        "set interface gigabit-ethernet te-1/1/4 mtu 9018\nset vlans vlan-id 10 vlan-name kept"
    )
    switch.save()
    node.stop_agent()
    node.run(["ip", "link", "set", "te-1-1-4", "name", "away"])
    node.run(["rm", "-f", f"{node.directory}/run/resume"])
    node.start_agent()
    try:
        assert switch.config("vlans vlan-id 10 vlan-name") == "kept", (
            "users and VLANs must survive one dead port"
        )
        assert any("te-1/1/4" in trouble for trouble in switch.system().troubles)
    finally:
        node.run(["ip", "link", "set", "away", "name", "te-1-1-4"])
    until(lambda: not switch.system().troubles, "the port that came back isn't configured", 30)
    assert node.run(["cat", "/sys/class/net/te-1-1-4/mtu"]).stdout.strip() == "9000"
    switch.save("default")


def test_a_device_of_the_host_is_never_taken_over(node: LabSwitch, switch: Switch) -> None:
    node.run(["ip", "link", "add", "mine", "type", "veth", "peer", "name", "minex"])
    try:
        with pytest.raises(NotRealisable, match="mine is the name of another network device"):
            switch.apply_lines("set vlans vlan-id 30 l3-interface mine")
    finally:
        node.run(["ip", "link", "del", "mine"])


@pytest.mark.parametrize(
    "name", ["ovs-system", "ovs-netdev", "genev_sys_6081", "gre_sys", "gre0", "tunl0", "lo"]
)
def test_a_name_that_the_system_keeps_for_itself_is_refused_at_the_check(switch: Switch, name: str) -> None:
    with switch.configure() as change:
        change.set(f"vlans vlan-id 30 l3-interface {name}")
        with pytest.raises(NotRealisable, match=f"keeps the name {name} for itself"):
            change.check()
        change.discard()


@pytest.mark.parametrize("name", ["acl-te-1-1-1", "lag-ae1", "ae1", "te-1-1-1", "br0"])
def test_a_name_of_the_switch_itself_is_refused_at_the_check(switch: Switch, name: str) -> None:
    with switch.configure() as change:
        change.set(f"vlans vlan-id 30 l3-interface {name}")
        with pytest.raises(NotRealisable, match=name):
            change.check()
        change.discard()


def test_a_bridge_of_the_host_and_its_ports_are_never_taken_over(node: LabSwitch, switch: Switch) -> None:
    vsctl = ["ovs-vsctl", f"--db={node.database}"]
    inside = ["--", "add-port", "br-int", "tap7", "--", "set", "interface", "tap7", "type=internal"]
    assert node.run([*vsctl, "add-br", "br-int", *inside]).returncode == 0
    try:
        for name in ("br-int", "tap7"):
            with switch.configure() as change:
                change.set(f"vlans vlan-id 30 l3-interface {name}")
                with pytest.raises(NotRealisable, match=f"{name} is the name of another network device"):
                    change.check()
                change.discard()
    finally:
        node.run([*vsctl, "del-br", "br-int"])


@pytest.mark.parametrize(
    "route",
    [
        "203.0.113.0/24 next-hop 198.18.10.0",
        "203.0.113.0/24 next-hop 198.18.10.255",
        "224.0.0.0/4 next-hop 198.18.10.9",
        "127.0.0.0/8 next-hop 198.18.10.9",
        "198.18.10.1/32 next-hop 198.18.10.9",
    ],
)
def test_routes_that_no_packet_would_take_are_refused(switch: Switch, route: str) -> None:
    switch.apply_lines(TWO_INTERFACES)
    with pytest.raises(ConfigError):
        switch.apply_lines(f"set protocols static route {route}")


def test_a_port_in_another_bridge_is_not_taken_for_ours(node: LabSwitch, switch: Switch) -> None:
    vsctl = ["ovs-vsctl", f"--db={node.database}"]
    node.run(
        [
            *vsctl,
            "del-port",
            "br0",
            "te-1-1-3",
            "--",
            "add-br",
            "other",
            "--",
            "add-port",
            "other",
            "te-1-1-3",
        ]
    )
    try:
        with pytest.raises(ApplyFailed):
            switch.apply_lines(
                "set vlans vlan-id 10\nset interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 10"
            )
    finally:
        node.run([*vsctl, "del-br", "other"])
    until(lambda: not switch.system().troubles, "the port isn't brought back", 30)
    switch.apply_lines("set interface gigabit-ethernet te-1/1/3 description back")


def test_the_way_back_of_a_confirmed_commit_is_kept_however_often_it_is_extended(switch: Switch) -> None:
    before = switch.config()
    for number in range(55):
        switch.apply_lines(f"set vlans vlan-id {100 + number}", confirm=60)
    switch.cancel_confirmed()
    assert switch.config() == before


def test_edits_made_while_the_session_commits_are_kept(switch: Switch) -> None:
    for _ in range(5):
        with switch.configure() as change:
            change.merge({str(vlan): {} for vlan in range(2, 3000)}, "vlans vlan-id")
            commit = threading.Thread(target=change.commit)
            commit.start()
            time.sleep(0.03)
            change.set("vlans vlan-id 3500")
            commit.join()
            assert "3500" in change.config("vlans vlan-id")
            change.discard()
        switch.delete("vlans")


def test_a_damaged_revision_does_not_keep_the_agent_from_starting(node: LabSwitch, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 10")
    good = switch.revision()
    switch.apply_lines("set vlans vlan-id 20")
    newest = node.directory / "state" / "revisions" / f"{switch.revision():08d}.json"
    node.stop_agent()
    newest.write_bytes(newest.read_bytes()[:-20])
    node.start_agent()
    assert switch.config("vlans") == {"vlan-id": {"10": {}}}
    assert "damaged" in switch.system().troubles[0]
    assert switch.revision() == good
    switch.apply_lines("set vlans vlan-id 30")
    newest.unlink()
    node.restart_agent()
    assert switch.config("vlans") == {"vlan-id": {"10": {}, "30": {}}}


def test_another_administrator_may_cancel_a_confirmed_commit(node: LabSwitch, switch: Switch) -> None:
    before = switch.config()
    switch.apply_lines("set vlans vlan-id 10", confirm=60)
    with Switch(f"unix://{node.directory}/run/agent.sock") as root:
        root.cancel_confirmed()
        assert root.config() == before
