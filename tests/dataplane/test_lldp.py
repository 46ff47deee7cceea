"""LLDP: a real lldpd in every switch; what one says is what the other hears."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import NotRealisable
from connetos_sdk.lab import Lab
from connetos_sdk.lab.processes import wait_gone
from connetos_sdk.results import LldpNeighbor
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

TOPOLOGY = """\
name: {name}
dataplane: openvswitch
switches:
  leaf1: {{ports: 3}}
  leaf2: {{ports: 3}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24}}
links:
  - [leaf1:te-1/1/2, leaf2:te-1/1/3]
"""
Leaves = tuple[Switch, Switch]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(name=f"lldp-{os.getpid()}"), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaves(lab: Lab) -> Iterator[Leaves]:
    with connect(lab.switch("leaf1")) as leaf1, connect(lab.switch("leaf2")) as leaf2:
        before = leaf1.revision(), leaf2.revision()
        yield leaf1, leaf2
        leaf1.rollback(revision=before[0])
        leaf2.rollback(revision=before[1])


def at(switch: Switch, port: str) -> LldpNeighbor | None:
    return next((n for n in switch.lldp_neighbors() if n.local_port == port), None)


def heard(switch: Switch, port: str, **facts: object) -> Callable[[], bool]:
    def look() -> bool:
        neighbor = at(switch, port)
        return neighbor is not None and all(getattr(neighbor, n) == v for n, v in facts.items())

    return look


def lldpd_pid(switch: Switch) -> int:
    return int(switch.state("daemons lldpd pid"))


def test_lldp_runs_before_anything_is_configured(leaves: Leaves) -> None:
    leaf1, _ = leaves
    neighbor = until(lambda: at(leaf1, "te-1/1/2"))
    assert neighbor.port_id == "te-1/1/3"
    assert neighbor.port_description == "te-1/1/3"
    assert neighbor.system_name == "leaf2"
    assert neighbor.system_description.startswith("ConnetOS switch software, Release version ")
    assert neighbor.capabilities == ["Bridge", "Router"]
    assert neighbor.ttl_s == 120
    assert neighbor.chassis_id.count(":") == 5
    until(heard(leaf1, "te-1/1/2", native_vlan_id=1))
    assert at(leaf1, "te-1/1/1") is None, "a host that doesn't speak LLDP"


def test_the_neighbour_hears_description_native_vlan_and_name(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    leaf2.apply_lines(
        "set interface gigabit-ethernet te-1/1/3 description leaf1@198.18.0.7@198.18.0.250\n"
        "set vlans vlan-id 77\n"
        "set interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 77\n"
        "set system hostname spine-9\n"
    )
    until(
        heard(
            leaf1,
            "te-1/1/2",
            port_description="leaf1@198.18.0.7@198.18.0.250",
            native_vlan_id=77,
            system_name="spine-9",
        )
    )


def test_a_member_of_an_aggregate_advertises_the_native_vlan_of_the_aggregate(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    leaf2.apply_lines(
        "set vlans vlan-id 88:89\n"
        "set interface aggregate-ethernet ae1 family ethernet-switching native-vlan-id 88\n"
        "set interface gigabit-ethernet te-1/1/3 ether-options 802.3ad ae1\n"
    )
    until(heard(leaf1, "te-1/1/2", native_vlan_id=88))
    leaf2.apply_lines("set interface aggregate-ethernet ae1 family ethernet-switching native-vlan-id 89")
    until(heard(leaf1, "te-1/1/2", native_vlan_id=89))
    leaf2.apply_lines("delete interface gigabit-ethernet te-1/1/3 ether-options 802.3ad")
    until(heard(leaf1, "te-1/1/2", native_vlan_id=1))


def test_intervals_make_the_time_to_live(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    leaf2.apply_lines(
        "set protocols lldp advertisement-interval 7\nset protocols lldp hold-time-multiplier 9\n"
    )
    until(heard(leaf1, "te-1/1/2", ttl_s=63))
    leaf2.apply_lines("set protocols lldp advertisement-interval 7281\n")
    until(heard(leaf1, "te-1/1/2", ttl_s=65529))


def test_who_comes_is_told_at_once_whatever_the_interval(leaves: Leaves) -> None:
    _, leaf2 = leaves
    for leaf in leaves:
        leaf.apply_lines("set protocols lldp advertisement-interval 3000")
    until(heard(leaf2, "te-1/1/3", ttl_s=12000))
    leaf2.apply_lines("set protocols lldp enable false")
    assert at(leaf2, "te-1/1/3") is None
    leaf2.apply_lines("set protocols lldp enable true")
    until(lambda: at(leaf2, "te-1/1/3"))  # leaf1 has heard a neighbour that is new


def test_a_port_that_comes_up_speaks_at_once_whatever_the_interval(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    for leaf in leaves:
        leaf.apply_lines("set protocols lldp advertisement-interval 3000")
    until(heard(leaf2, "te-1/1/3", ttl_s=12000))
    leaf1.apply_lines("set interface gigabit-ethernet te-1/1/2 enable false")
    for leaf in leaves:
        leaf.transport.call("clear/lldp-entries", {})
    leaf1.apply_lines("set interface gigabit-ethernet te-1/1/2 enable true")
    until(lambda: at(leaf1, "te-1/1/2"))
    until(lambda: at(leaf2, "te-1/1/3"))


def test_what_is_not_selected_is_not_sent(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    names = ("system-name", "system-description", "system-capabilities", "management-address", "port-vlan")
    leaf2.apply_lines([f"set protocols lldp tlv-select {name} enable false" for name in names])
    until(
        heard(
            leaf1,
            "te-1/1/2",
            system_name="",
            system_description="",
            capabilities=[],
            management_addresses=[],
            native_vlan_id=None,
        )
    )
    assert leaf2.state("lldp settings tlvs") == ["port-description", "mac-phy-cfg"]
    leaf2.apply_lines([f"delete protocols lldp tlv-select {name}" for name in names])
    until(heard(leaf1, "te-1/1/2", system_name="leaf2", native_vlan_id=1, capabilities=["Bridge", "Router"]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("tlv-select mac-phy-cfg enable false", "lldpd always sends the mac-phy-cfg TLV"),
        ("tlv-select port-description enable false", "lldpd always sends the port-description TLV"),
        ("advertisement-interval 32768", "a time to live of 32768 x 4 s doesn't fit"),
        ("reinit-delay 5", "lldpd has no adjustable reinit-delay"),
        ("transmit-delay 7", "lldpd has no adjustable transmit-delay"),
    ],
)
def test_what_lldpd_cannot_do_is_refused(leaves: Leaves, line: str, reason: str) -> None:
    before = leaves[0].revision()
    with pytest.raises(NotRealisable, match=f"lldp: {reason}"):
        leaves[0].apply_lines(f"set protocols lldp {line}")
    assert leaves[0].revision() == before


def test_status_of_a_port_says_who_speaks_and_who_listens(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    until(lambda: at(leaf1, "te-1/1/2"))
    until(lambda: at(leaf2, "te-1/1/3"))
    leaf1.apply_lines("set protocols lldp interface te-1/1/2 status rx-only")
    leaf1.apply_lines("set system hostname silent")
    leaf2.apply_lines("set protocols lldp interface te-1/1/3 status tx-only\nset system hostname talker\n")
    assert leaf1.state("lldp interface te-1/1/2 status") == "rx-only"
    leaf1.transport.call("clear/lldp-statistics", {"interface": "te-1/1/2"})
    until(heard(leaf1, "te-1/1/2", system_name="talker"))
    leaf1.apply_lines("set protocols lldp tlv-select port-vlan enable false")  # a reason to send
    assert leaf1.state("lldp interface te-1/1/2 statistics transmitted") == 0
    assert leaf2.state("lldp interface te-1/1/3 status") == "tx-only"
    neighbor = at(leaf2, "te-1/1/3")
    assert neighbor is None or neighbor.system_name != "silent"


def test_lldp_off_ends_lldpd_and_on_starts_it(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    until(lambda: at(leaf1, "te-1/1/2"))
    leaf2.apply_lines("set protocols lldp enable false")
    assert leaf2.lldp_neighbors() == []
    assert leaf2.state("lldp enabled") is False
    assert "lldpd" not in leaf2.state("daemons")
    until(lambda: at(leaf1, "te-1/1/2") is None)  # lldpd says good bye
    leaf2.apply_lines("set protocols lldp enable true")
    until(heard(leaf1, "te-1/1/2", port_id="te-1/1/3", native_vlan_id=1))


def test_events_tell_of_neighbours_that_go_come_and_change(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    until(lambda: at(leaf1, "te-1/1/2"))
    heard_events: list[tuple[str, str, str]] = []

    def listen() -> None:
        for event in leaf1.events():
            if event.kind == "lldp":
                neighbor = event.data["neighbor"]
                heard_events.append((event.data["action"], event.data["port"], neighbor["system-name"]))
                if neighbor["system-name"] == "renamed":
                    return

    listener = Thread(target=listen, daemon=True)
    listener.start()
    time.sleep(0.5)
    leaf2.apply_lines("set protocols lldp enable false")
    until(lambda: ("removed", "te-1/1/2", "leaf2") in heard_events)
    leaf2.apply_lines("set protocols lldp enable true")
    until(lambda: at(leaf1, "te-1/1/2"))
    leaf2.apply_lines("set system hostname renamed")
    listener.join(30)
    assert not listener.is_alive()
    actions = [action for action, _, _ in heard_events]
    assert actions[actions.index("removed") : actions.index("removed") + 2] == ["removed", "added"]
    assert heard_events[-1] == ("changed", "te-1/1/2", "renamed")


def test_clearing_forgets_until_the_neighbour_is_heard_again(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    leaf1.apply_lines("set interface gigabit-ethernet te-1/1/2 description stays")
    until(lambda: at(leaf1, "te-1/1/2"))
    assert leaf1.transport.call("clear/lldp-entries", {"interface": "te-1/1/2"}) == {"cleared": 1}
    leaf2.apply_lines("set system hostname again")
    until(heard(leaf1, "te-1/1/2", system_name="again"))
    assert leaf1.state("lldp interface te-1/1/2 port-description") == "stays"
    leaf1.transport.call("clear/lldp-statistics", {})
    assert leaf1.state("lldp interface te-1/1/2 statistics received") == 0


def test_lldpd_outlives_the_agent(lab: Lab) -> None:
    node = lab.switch("leaf1")
    with connect(node) as leaf1:
        leaf1.apply_lines("set interface gigabit-ethernet te-1/1/2 description kept")
        pid = lldpd_pid(leaf1)
    for stop in (signal.SIGTERM, signal.SIGKILL):
        agent = node.agent.pid
        assert agent is not None
        os.kill(agent, stop)
        assert wait_gone(agent, 20)
        assert Path(f"/proc/{pid}").exists()
        node.agent.start()
        with connect(node) as leaf1:
            assert lldpd_pid(leaf1) == pid
            assert leaf1.state("lldp interface te-1/1/2 port-description") == "kept"
    with connect(node) as leaf1:
        leaf1.apply_lines("delete interface gigabit-ethernet te-1/1/2 description")


def test_a_killed_lldpd_comes_back_as_configured(leaves: Leaves) -> None:
    leaf1, leaf2 = leaves
    leaf2.apply_lines("set interface gigabit-ethernet te-1/1/3 description survivor")
    pid = lldpd_pid(leaf2)
    os.kill(pid, signal.SIGKILL)
    until(lambda: leaf2.state("daemons lldpd pid") not in (None, pid))
    until(lambda: leaf2.state("lldp interface").get("te-1/1/3", {}).get("port-description") == "survivor")
    until(heard(leaf1, "te-1/1/2", port_description="survivor"))
