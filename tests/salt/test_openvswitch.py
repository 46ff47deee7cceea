"""States and beacons at a switch that forwards."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.salt.conftest import Failed, Minion, access, start, stop
from tests.waiting import until

pytestmark = pytest.mark.ovs

PORT = "te-1/1/1"
ROUTED = [
    "set vlans vlan-id 10 l3-interface vlan10",
    "set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24",
    *(
        f"set interface gigabit-ethernet te-1/1/{n} family ethernet-switching native-vlan-id 10"
        for n in (1, 2)
    ),
]
ONE_LEAF = """\
name: {name}
dataplane: openvswitch
switches:
  leaf1: {{ports: 2}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24}}
  h2: {{link: "leaf1:te-1/1/2", address: 198.18.10.2/24}}
"""


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("leaf")
    with Lab(topology(ONE_LEAF.format(name=f"salt-{directory.parent.name[-4:]}"), directory)) as lab:
        yield lab


@pytest.fixture(scope="module")
def minion(salt_bin: Path, leaf: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minion]:
    """A masterless minion of `leaf1`."""
    minion = start(salt_bin, tmp_path_factory.mktemp("minion"), access(leaf.switch("leaf1")))
    yield minion
    stop(minion)


@pytest.fixture
def switch(leaf: Lab) -> Iterator[Switch]:
    with connect(leaf.switch("leaf1")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


def test_state_moves_packets_and_test_mode_does_not(minion: Minion, leaf: Lab, switch: Switch) -> None:
    h1 = leaf.host("h1")
    until(lambda: h1.ping("198.18.10.2"))
    switch.apply_lines("set vlans vlan-id 20")
    alone = {"name": PORT, "native_vlan_id": 20}
    planned = minion.state("connetos_l2_interface.present", test=True, **alone)
    assert planned["result"] is None and h1.ping("198.18.10.2")
    done = minion.state("connetos_l2_interface.present", **alone)
    assert done["result"] is True and done["changes"] == planned["changes"]
    assert not h1.ping("198.18.10.2")
    assert minion.state("connetos_l2_interface.absent", name=PORT)["changes"]
    until(lambda: h1.ping("198.18.10.2"))


def test_what_the_hardware_cannot_do_is_said_by_name(minion: Minion, switch: Switch) -> None:
    before = switch.config()
    document = {"interface": {"gigabit-ethernet": {"te-1/1/1": {"speed": "40000"}}}}
    for test in (True, False):
        state = minion.state("connetos_config.managed", test=test, document=document)
        assert (
            state["result"] is False and "speed" in state["comment"] and "Traceback" not in state["comment"]
        )
    assert switch.config() == before


def test_checks_decide_whether_a_change_stays(minion: Minion, switch: Switch) -> None:
    switch.apply_lines(ROUTED)
    before = switch.config()
    away = f"set interface gigabit-ethernet {PORT} family ethernet-switching native-vlan-id 1"
    change, ping = {"connetos_config": "change"}, {"connetos_check": "h1 answers"}
    asked = [{"host": "198.18.10.1"}, {"timeout_ms": 200}, {"interval_ms": 20}, {"require": [change]}]
    sls = {
        "change": {"connetos_config.managed": [{"lines": [away]}, {"confirm": 600}]},
        "h1 answers": {"connetos_check.ping": asked},
        "keep": {"connetos_config.confirmed": [{"onchanges": [change]}, {"require": [ping]}]},
        "back": {"connetos_config.unconfirmed": [{"onfail": [ping]}]},
    }
    until(lambda: minion.state("connetos_check.ping", host="198.18.10.1", count=1)["result"])
    found = minion.apply(sls)
    assert found["change"]["result"] is True and found["h1 answers"]["result"] is False
    assert "answered 0 of 3" in found["h1 answers"]["comment"]
    assert found["keep"]["result"] is False and found["back"]["changes"]
    assert switch.config() == before
    assert minion.state("connetos_check.shows", command="show vlans", contains="Vlan ID")["result"] is True
    nowhere = minion.state("connetos_check.shows", command="show vlans", contains="nowhere")
    assert nowhere["result"] is False and "isn't in the output of show vlans" in nowhere["comment"]


def test_what_a_change_would_do_to_flows(minion: Minion, leaf: Lab, switch: Switch) -> None:
    before = switch.revision()
    lines = [
        "set vlans vlan-id 20",
        f"set interface gigabit-ethernet {PORT} family ethernet-switching native-vlan-id 20",
    ]

    def stopped() -> list[dict[str, Any]]:
        assert leaf.host("h1").ping("198.18.10.2", timeout=5)
        changed = minion.call("connetos_diag.what_if", *lines)["changed"]
        ends = {"source": "198.18.10.1", "destination": "198.18.10.2"}
        flows = [one for one in changed if ends.items() <= one["flow"].items()]
        return [one for one in flows if [end["port"] for end in one["now"]["egress"]] == ["te-1/1/2"]]

    for flow in until(stopped):  # frames with several MAC addresses may be of one flow
        assert flow["then"]["egress"] == [], flow
    nothing = {"changed": [], "unknown": [], "same": 0, "left_out": 0}
    assert minion.call("connetos_diag.what_if", recent=False) == nothing
    named = {"source": "198.18.10.2", "destination": "198.18.10.1", "protocol": "icmp"}
    assert len(minion.call("connetos_diag.what_if", *lines, flows=[named], recent=False)["unknown"]) == 1
    with pytest.raises(Failed, match="isn't an IP address"):
        minion.call("connetos_diag.what_if", *lines, flows=[{**named, "source": "h2"}])
    assert switch.revision() == before


def test_link_beacon(minion: Minion, leaf: Lab, switch: Switch) -> None:
    def look(*ports: str) -> list[dict[str, Any]]:
        valid, events = minion.call("beacon", "connetos_link", [{"ports": list(ports)}] if ports else [])
        assert valid[0] is True
        return list(events)

    until(lambda: switch.interfaces()[PORT].oper == "up")
    look()
    assert look() == []
    leaf.host("h1").run(["ip", "link", "set", "eth0", "down"])
    try:
        (event,) = until(look)
        assert event == {"tag": PORT, "port": PORT, "state": "down", "was": "up", "admin": "up"}
        assert look() == []
    finally:
        leaf.host("h1").run(["ip", "link", "set", "eth0", "up"])
    assert until(lambda: look(PORT))[0]["state"] == "up"


def test_drift_beacon(minion: Minion, leaf: Lab, switch: Switch) -> None:
    def look() -> list[dict[str, Any]]:
        return list(minion.call("beacon", "connetos_drift", [])[1])

    assert look() == []
    node = leaf.switch("leaf1")
    node.run(["ovs-vsctl", f"--db={node.database}", "set", "port", "te-1-1-1", "tag=99"])
    begun = until(look)[0]
    assert begun["tag"] == "begun" and begun["found"] != begun["configured"]
    assert minion.state("connetos_check.as_configured")["result"] is False
    assert look() == []
    switch.transport.call("drift/repair", {})
    ended = until(look)[0]
    assert (ended["tag"], ended["object"]) == ("ended", begun["object"])
    assert minion.state("connetos_check.as_configured")["result"] is True


def test_drops_beacon_tells_what_a_filter_discards(minion: Minion, leaf: Lab, switch: Switch) -> None:
    look = partial(drops, minion)
    h1 = leaf.host("h1")
    until(lambda: h1.ping("198.18.10.2"))
    look()
    assert not [event for event in look() if event["place"] == "filter"]
    switch.apply_lines(
        [
            "set firewall term ping protocol name icmp",
            "set firewall filter edge matching term ping action discard",
            f"set firewall filter edge input gigabit-ethernet {PORT}",
        ]
    )
    assert not h1.ping("198.18.10.2", count=3, timeout=0.2)
    event = until(look)[0]
    assert event == {
        "tag": "filter/edge/ping", "place": "filter", "name": "edge", "reason": "ping", "packets": 3, "total": 3,
    }  # fmt: skip
    assert look() == [] and h1.ping("198.18.10.2", timeout=0.2) is False
    assert until(look)[0] | {"tag": ""} == event | {"tag": "", "packets": 1, "total": 4}
    h1.ping("198.18.10.2", count=2, timeout=0.2)
    switch.transport.call("clear/firewall", {})
    assert look(filters=[]) == []


def test_drops_beacon_tells_frames_that_a_port_refuses(minion: Minion, leaf: Lab, switch: Switch) -> None:
    look = partial(drops, minion)
    h1 = leaf.host("h1")
    until(lambda: h1.ping("198.18.10.2"))
    before = switch.counters()[PORT]["in-discards"]
    look()
    h1.run(["ip", "link", "set", "eth0", "mtu", "4000"])
    try:
        ping = ["ping", "-c", "4", "-i", "0.2", "-W", "0.2", "-M", "do", "-s", "3000", "198.18.10.2"]
        assert "0 received" in h1.run(ping).stdout
        (event,) = until(partial(look, ports=[PORT], packets=4))
        assert (event["tag"], event["name"]) == (f"interface/{PORT}/in-discards", PORT)
        assert 4 <= event["packets"] <= event["total"] - before
        h1.run(ping)
        assert look(packets=100) == [] and look(ports=[]) == []
    finally:
        h1.run(["ip", "link", "set", "eth0", "mtu", "1500"])


@pytest.mark.parametrize(
    ("configured", "reason"),
    [
        ({"packets": 5}, "isn't a list"),
        ([{"packets": 0}], "packets of connetos_drops isn't a number from 1 on"),
        ([{"packets": True}], "packets of connetos_drops isn't a number from 1 on"),
        ([{"ports": "te-1/1/1"}], "ports of connetos_drops isn't a list of names"),
    ],
)
def test_drops_beacon_refuses_what_it_cannot_be_told(configured: Any, reason: str, minion: Minion) -> None:
    valid, why = minion.call("beacon.validate", "connetos_drops", configured)
    assert valid is False and reason in why


def drops(minion: Minion, **configured: Any) -> list[dict[str, Any]]:
    """One look of the beacon."""
    given = [{name: value} for name, value in configured.items()]
    assert minion.call("beacon.validate", "connetos_drops", given)[0] is True
    return list(minion.call("beacon", "connetos_drops", given)[1])


def test_diagnostics(minion: Minion, leaf: Lab, switch: Switch, tmp_path: Path) -> None:
    switch.apply_lines(ROUTED)
    until(lambda: minion.call("connetos_diag.ping", "198.18.10.1", count=1)["received"])
    assert minion.call("connetos_diag.traceroute", "198.18.10.1", max_hops=2)["reached"] is True
    trip = minion.call("connetos_diag.navmesh", "198.18.10.1", "198.18.10.254", "icmp", ingress_port=PORT)
    assert {path["fate"] for path in trip["paths"]} == {"local"}, trip
    pcap = tmp_path / "port.pcap"
    done = minion.call("connetos_diag.capture", PORT, str(pcap), seconds=1)
    assert done["ended_by"] == "seconds" and pcap.read_bytes()[:4] in (
        b"\xd4\xc3\xb2\xa1",
        b"\x4d\x3c\xb2\xa1",
    )
    assert minion.call("connetos_diag.log", rows=5) == switch.log(5)
    assert "leaf1" in minion.call("connetos_diag.tech_support")


def test_counters_and_learned_addresses(minion: Minion, leaf: Lab, switch: Switch) -> None:
    until(lambda: leaf.host("h1").ping("198.18.10.2"))
    assert minion.call("connetos_diag.counters")[PORT]["in-packets"] > 0
    assert minion.call("connetos_diag.clear_counters", PORT) == 1
    assert minion.call("connetos_diag.drops") == []
    leaf.host("h1").ping("198.18.10.2")
    learned = until(lambda: minion.call("connetos.mac_table"))
    assert {entry["interface"] for entry in learned} <= {PORT, "te-1/1/2"}
    assert minion.call("connetos.clear_mac_table") >= 1
