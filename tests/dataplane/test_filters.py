"""Filters on real Open vSwitch: who gets frames, and who doesn't."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError, NotRealisable, RuleViolation
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.dataplane.packets import frame, reaches, silent, who_hears
from tests.dataplane.streams import assert_hitless
from tests.dataplane.switching import cables_taken, udp
from tests.waiting import until

pytestmark = pytest.mark.ovs

LAB = """\
name: {name}
dataplane: openvswitch
switches:
  leaf: {{ports: 6}}
  other: {{ports: 3}}
hosts:
  h1: {{link: "leaf:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  h2: {{link: "leaf:te-1/1/2", address: 198.18.10.2/24, gateway: 198.18.10.254}}
  h3: {{link: "leaf:te-1/1/3", address: 198.18.20.3/24, gateway: 198.18.20.254}}
  h4: {{link: "other:te-1/1/1", address: 198.18.10.4/24}}
  h5: {{link: "leaf:te-1/1/4"}}
links:
  - [leaf:te-1/1/5, other:te-1/1/2]
  - [leaf:te-1/1/6, other:te-1/1/3]
"""

BASE = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 20
set interface aggregate-ethernet ae1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/5 ether-options 802.3ad ae1
set interface gigabit-ethernet te-1/1/6 ether-options 802.3ad ae1
""".splitlines()

PING = ["set firewall term ping protocol name icmp"]


def at(*places: str, name: str = "edge", term: str = "ping", action: str = "discard") -> list[str]:
    """Lines that put a filter with one term somewhere."""
    lines = [f"set firewall filter {name} matching term {term} action {action}"]
    return lines + [f"set firewall filter {name} {place}" for place in places]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two VLANs with routing between them on one switch, and an aggregate to a second."""
    text = LAB.format(name=f"acl-{os.getpid()}")
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        with connect(lab.switch("leaf")) as leaf, connect(lab.switch("other")) as other:
            leaf.apply_lines(BASE)
            other.apply_lines(
                [
                    "set interface aggregate-ethernet ae1",
                    "set interface gigabit-ethernet te-1/1/2 ether-options 802.3ad ae1",
                    "set interface gigabit-ethernet te-1/1/3 ether-options 802.3ad ae1",
                ]
            )
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> Iterator[Switch]:
    with connect(lab.switch("leaf")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)
        assert switch.system().troubles == []


def everybody_reaches_everybody(lab: Lab) -> None:
    assert reaches(lab, "h1", "198.18.10.2")
    assert reaches(lab, "h1", "198.18.20.3")
    assert reaches(lab, "h1", "198.18.10.4")
    assert reaches(lab, "h1", "198.18.10.254")


@pytest.mark.parametrize(
    ("place", "cut", "open_"),
    [
        ("input gigabit-ethernet te-1/1/1", ["h1>198.18.10.2", "h1>198.18.20.3"], ["h2>198.18.20.3"]),
        ("output gigabit-ethernet te-1/1/2", ["h1>198.18.10.2"], ["h1>198.18.20.3", "h1>198.18.10.4"]),
        ("output gigabit-ethernet te-1/1/3", ["h1>198.18.20.3"], ["h1>198.18.10.2"]),
        ("output gigabit-ethernet ae1", ["h1>198.18.10.4"], ["h1>198.18.10.2"]),
        ("input gigabit-ethernet ae1", ["h4>198.18.10.2", "h4>198.18.10.254"], ["h1>198.18.10.2"]),
        ("input vlan-interface vlan10", ["h1>198.18.20.3", "h1>198.18.10.254"], ["h1>198.18.10.2"]),
        ("output vlan-interface vlan20", ["h1>198.18.20.3"], ["h1>198.18.10.254", "h1>198.18.10.2"]),
        ("output vlan-interface vlan10", ["h3>198.18.10.1", "h1>198.18.10.254"], ["h3>198.18.20.254"]),
    ],
)
def test_a_filter_discards_what_it_is_told_where_it_is_told(
    lab: Lab, leaf: Switch, place: str, cut: Sequence[str], open_: Sequence[str]
) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines([*PING, *at(place)])
    for way in open_:
        assert reaches(lab, *way.split(">")), way
    for way in cut:
        assert silent(lab, *way.split(">")), way
    leaf.delete("firewall")
    for way in cut:
        assert reaches(lab, *way.split(">")), way


def shown_rules(lab: Lab, table: str) -> str:
    node = lab.switch("leaf").node
    return node.run(["ovs-ofctl", "-O", "OpenFlow15", "dump-flows", "br0", f"table={table}"]).stdout


def test_the_first_term_that_is_met_decides(lab: Lab, leaf: Switch) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines(
        [
            *PING,
            "set firewall term term-2 source-ipv4 network 198.18.10.1/32",
            "set firewall filter edge matching term term-2 action forward",
            "set firewall filter edge matching term term-10 action discard",
            "set firewall term term-10 protocol name icmp",
            "set firewall filter edge output gigabit-ethernet te-1/1/3",
        ]
    )
    assert reaches(lab, "h1", "198.18.20.3"), "term-2 comes before term-10"
    assert silent(lab, "h2", "198.18.20.3")


def test_the_conditions_of_a_term_are_alternatives(lab: Lab, leaf: Switch) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines(
        [
            "set firewall term either source-ipv4 network 198.18.10.1/32",
            "set firewall term either dest-ipv4 network 198.18.20.0/24",
            *at("input gigabit-ethernet te-1/1/1", term="either"),
            *at("input gigabit-ethernet te-1/1/2", term="either"),
        ]
    )
    assert silent(lab, "h1", "198.18.10.2"), "met by its source"
    assert silent(lab, "h2", "198.18.20.3"), "met by its destination"
    assert reaches(lab, "h2", "198.18.10.4"), "met by neither"


def test_untagged_frames_are_in_their_ports_native_vlan(lab: Lab, leaf: Switch) -> None:
    def heard(text: str) -> dict[str, list[tuple[int | None, str]]]:
        return who_hears(lab, "h1", [frame(text)], listeners=["h2"], seconds=0.5)

    leaf.apply_lines(
        ["set firewall term ten vlan number 10", *at("input gigabit-ethernet te-1/1/1", term="ten")]
    )
    assert heard("in ten") == {"h2": []}
    leaf.apply_lines(
        [
            f"set interface gigabit-ethernet te-1/1/{n} family ethernet-switching native-vlan-id 20"
            for n in (1, 2)
        ]
    )
    assert heard("in twenty") == {"h2": [(None, "in twenty")]}


def test_an_aggregate_and_a_trunk_are_filtered_by_the_tag(lab: Lab, leaf: Switch) -> None:
    trunk = "interface gigabit-ethernet te-1/1/2 family ethernet-switching"
    leaf.apply_lines(
        [
            f"set {trunk} port-mode trunk",
            f"set {trunk} vlan members 10,20",
            f"set {trunk} native-vlan-id 1",
            "set firewall term ten vlan number 10",
            "set firewall term urgent cos value 5",
            *at("output gigabit-ethernet te-1/1/2", term="ten"),
        ]
    )
    for host, texts in (("h1", []), ("h3", [(20, "from h3")])):
        assert who_hears(lab, host, [frame(f"from {host}")], listeners=["h2"])["h2"] == texts
    leaf.delete("firewall filter edge")
    leaf.apply_lines(at("input gigabit-ethernet te-1/1/2", term="urgent"))
    tagged = [frame(f"cos {cos}", vlan=cos << 13 | 10) for cos in (0, 5)]
    assert who_hears(lab, "h2", tagged, listeners=["h1"])["h1"] == [(None, "cos 0")]


def test_a_mirror_sees_what_comes_in_before_a_filter_and_what_goes_out_behind_it(
    lab: Lab, leaf: Switch
) -> None:
    leaf.apply_lines(
        [
            "set analyzer instance span output te-1/1/4",
            "set analyzer instance span input ingress te-1/1/1",
            "set analyzer instance span input egress te-1/1/2",
            "set firewall term hop source-mac hwaddr 02:00:00:00:00:01",
            *at("input gigabit-ethernet te-1/1/1", term="hop"),
        ]
    )
    heard = who_hears(lab, "h1", [frame("in")], listeners=["h2", "h5"])
    assert heard == {"h2": [], "h5": [(None, "in")]}
    leaf.delete("firewall")
    leaf.apply_lines(
        [*at("output gigabit-ethernet te-1/1/2", term="hop"), "set firewall term hop vlan number 99"]
    )
    leaf.delete("analyzer instance span input ingress")
    heard = who_hears(lab, "h1", [frame("out", source=2)], listeners=["h2", "h5"])
    assert heard["h2"] == [(None, "out")]
    assert [text for _, text in heard["h5"]] == ["out"]
    leaf.apply_lines("set firewall term hop source-mac hwaddr 02:00:00:00:00:02")
    assert who_hears(lab, "h1", [frame("out", source=2)], listeners=["h2", "h5"]) == {"h2": [], "h5": []}


def test_static_addresses_and_the_mac_table_are_behind_the_gate(lab: Lab, leaf: Switch) -> None:
    port = "set interface gigabit-ethernet te-1/1/2"
    leaf.apply_lines(f"{port} static-mac-address 02:00:00:00:00:99")
    to_it = "02000000009902000000000188b5" + b"to 99".hex()
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    assert {e.interface for e in leaf.mac_table() if e.mac_address == "02:00:00:00:00:99"} == {"te-1/1/2"}
    assert who_hears(lab, "h1", [to_it.ljust(120, "0")], listeners=["h2"])["h2"] == [(None, "to 99")]
    leaf.delete("firewall")
    assert {e.interface for e in leaf.mac_table() if e.mac_address == "02:00:00:00:00:99"} == {"te-1/1/2"}
    assert leaf.system().troubles == []


def test_a_filter_is_back_after_a_restart_of_open_vswitch_and_nothing_passes_meanwhile(
    lab: Lab, leaf: Switch
) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    switch = lab.switch("leaf")
    assert switch.ovs is not None
    listener = lab.host("h2").start(["tcpdump", "-nli", "eth0", "icmp[icmptype]=8"])
    sender = lab.host("h1").start(["ping", "-i", "0.01", "-c", "400", "198.18.10.2"])
    switch.run(["kill", "-9", str(switch.ovs.switch_pid)])
    until(lambda: switch.ovs is not None and switch.ovs.switch_pid is None)
    switch.ovs.start()
    sender.wait(timeout=60)
    listener.terminate()
    output, _ = listener.communicate(timeout=10)
    assert "echo request" not in output
    until(lambda: "icmp" in shown_rules(lab, "12"))
    until(lambda: leaf.system().troubles == [])
    assert silent(lab, "h1", "198.18.10.2")
    assert reaches(lab, "h1", "198.18.20.3")


def test_a_restart_of_the_agent_changes_no_flow(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    switch = lab.switch("leaf")
    monitor = switch.node.start(["ovs-ofctl", "-O", "OpenFlow15", "monitor", "br0", "watch:!initial"])
    switch.restart_agent()
    monitor.terminate()
    output, _ = monitor.communicate(timeout=10)
    assert "event=" not in output
    assert silent(lab, "h1", "198.18.10.2")


def test_what_is_edited_by_hand_is_drift(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    switch = lab.switch("leaf")
    switch.run(
        ["ovs-vsctl", f"--db={switch.database}", "remove", "bridge", "br0", "external_ids", "filter-edge"]
    )
    until(lambda: "firewall-filter edge" in json.dumps(leaf.state("system drift")))
    leaf.transport.call("drift/repair", {})
    assert leaf.state("system drift objects") == []
    assert silent(lab, "h1", "198.18.10.2")


@pytest.mark.parametrize(
    ("what", "objects"),
    [
        ((), ["firewall-filter edge", "storm-control te-1/1/1", "rate-limit te-1/1/1"]),
        (("table=12",), ["firewall-filter edge"]),
        (("table=1",), ["rate-limit te-1/1/1"]),
    ],
)
def test_flows_that_are_deleted_by_hand_are_drift(
    lab: Lab, leaf: Switch, what: tuple[str, ...], objects: list[str]
) -> None:
    port = "set interface gigabit-ethernet te-1/1/1"
    leaf.apply_lines(
        [
            *PING,
            *at("output gigabit-ethernet te-1/1/2"),
            f"{port} rate-limiting ingress kilobits 90000",
            f"{port} storm-control broadcast kilobits 9000",
        ]
    )
    node = lab.switch("leaf").node

    def flows() -> list[str]:
        shown = node.run(["ovs-ofctl", "-O", "OpenFlow15", "--no-stats", "dump-flows", "br0"]).stdout
        return sorted(line for line in shown.splitlines() if "cookie=0x636e" in line)

    before = flows()
    assert node.run(["ovs-ofctl", "-O", "OpenFlow15", "del-flows", "br0", *what]).returncode == 0

    def drift() -> set[str]:
        return {entry["object"] for entry in leaf.state("system drift objects")}

    assert until(lambda: set(objects) <= drift()), drift()
    leaf.transport.call("drift/repair", {})
    assert drift() == set()
    assert flows() == before
    assert silent(lab, "h1", "198.18.10.2")


def test_flows_are_watched_again_after_a_restart_of_open_vswitch(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    switch = lab.switch("leaf")
    assert switch.ovs is not None
    switch.run(["kill", "-9", str(switch.ovs.switch_pid)])
    until(lambda: switch.ovs is not None and switch.ovs.switch_pid is None)
    switch.ovs.start()
    until(lambda: "icmp" in shown_rules(lab, "12"))

    def deleted_flows_are_drift() -> bool:
        """The agent listens again from some moment on."""
        switch.node.run(["ovs-ofctl", "-O", "OpenFlow15", "del-flows", "br0", "table=12"])
        return "firewall-filter edge" in json.dumps(leaf.state("system drift"))

    assert until(deleted_flows_are_drift)
    leaf.transport.call("drift/repair", {})
    assert silent(lab, "h1", "198.18.10.2")


@pytest.mark.parametrize(
    ("lines", "error", "reason"),
    [
        (at("input gigabit-ethernet te-1/1/1"), RuleViolation, "there is no firewall term ping"),
        ([*PING, *at("input gigabit-ethernet te-1/1/9")], NotRealisable, "openvswitch: this switch has no port te-1/1/9"),
        ([*PING, *at("input gigabit-ethernet ae2")], RuleViolation, "there is no aggregate ae2"),
        ([*PING, *at("input gigabit-ethernet te-1/1/5")], RuleViolation, "te-1/1/5 is a member of ae1"),
        ([*PING, *at("input vlan-interface vlan99")], RuleViolation, "there is no VLAN interface vlan99"),
        (
            [*PING, *at("input gigabit-ethernet te-1/1/1", "output gigabit-ethernet te-1/1/1")],
            RuleViolation, "filter edge is at te-1/1/1 for input already",
        ),
        (
            [*PING, *at("input gigabit-ethernet te-1/1/1"), *at("input gigabit-ethernet te-1/1/1", name="edge2")],
            RuleViolation, "te-1/1/1 has filter edge for input already",
        ),
        (["set firewall term r l4-dest-port range 20:10"], ConnetosError, "runs backwards"),
        (["set firewall term r l4-dest-port range 1:65536"], ConnetosError, "goes beyond port 65535"),
        (
            ["set firewall term short ether-type number 46", *at("input gigabit-ethernet te-1/1/1", term="short")],
            NotRealisable, "term short: ether-type number 46 is the length of a frame",
        ),
        (
            ["set firewall term ext protocol name fragment", *at("input gigabit-ethernet te-1/1/1", term="ext")],
            NotRealisable, "so it can't tell fragment",
        ),
        (["set firewall forwarder fwd-a match-mode unmatched"], NotRealisable, "openvswitch: frames go by MAC table"),
        (
            [
                "set analyzer instance span output te-1/1/4", "set analyzer instance span input ingress te-1/1/1",
                *PING, *at("output gigabit-ethernet te-1/1/4"),
            ],
            RuleViolation, "te-1/1/4 is the output of analyzer span",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_or_cannot_be_done_is_refused(
    leaf: Switch, lines: list[str], error: type[ConnetosError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        leaf.apply_lines(lines)
    assert leaf.system().troubles == []


def test_more_than_the_tables_hold_is_refused(leaf: Switch) -> None:
    ports = [f"set firewall term many l4-dest-port number {port}" for port in range(1000, 1512)]
    with pytest.raises(NotRealisable, match="need 3072 flows, at most 1280 are allowed"):
        leaf.apply_lines([*ports, *at("output gigabit-ethernet te-1/1/1", term="many")])


def test_packets_pass_all_the_time_while_filters_change(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2", action="forward")])
    assert reaches(lab, "h1", "198.18.10.2")
    sender = lab.host("h1").start(["ping", "-q", "-i", "0.002", "-c", "1500", "198.18.10.2"])
    for port in range(20):
        leaf.apply_lines(f"set firewall term ping l4-dest-port number {port}")
    output, _ = sender.communicate(timeout=60)
    assert "1500 received" in output


@pytest.mark.parametrize(
    "place",
    [
        "input gigabit-ethernet te-1/1/1",
        "output gigabit-ethernet te-1/1/2",
        "output gigabit-ethernet te-1/1/1",
    ],
)
def test_no_packet_is_lost_when_an_interface_gets_its_first_filter_and_loses_its_last(
    lab: Lab, leaf: Switch, place: str
) -> None:
    assert reaches(lab, "h1", "198.18.10.2")

    def change() -> None:
        for _ in range(5):
            leaf.apply_lines([*PING, *at(place)])
            leaf.delete("firewall")

    assert_hitless(lab, "h1", "h2", "198.18.10.2", change)


def test_no_routed_packet_is_lost_when_interfaces_get_their_first_filter_and_lose_their_last(
    lab: Lab, leaf: Switch
) -> None:
    assert reaches(lab, "h1", "198.18.20.3")
    places = (
        "input vlan-interface vlan10", "output vlan-interface vlan20", "input gigabit-ethernet te-1/1/1",
        "output gigabit-ethernet te-1/1/3",
    )  # fmt: skip

    def change() -> None:
        for _ in range(5):
            leaf.apply_lines([*PING, *at(*places)])
            leaf.delete("firewall")

    assert_hitless(lab, "h1", "h3", "198.18.20.3", change)


def test_a_filter_moves_to_another_port_without_a_loss_a_copy_or_a_way_round_filters_and_vlans(
    lab: Lab, leaf: Switch
) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines(
        [
            *PING,
            "set firewall term udp protocol name udp",
            *at("output gigabit-ethernet te-1/1/3", name="guard", term="udp"),
            *at("input gigabit-ethernet te-1/1/1"),
        ]
    )
    ends = ["input gigabit-ethernet te-1/1/1", "output gigabit-ethernet te-1/1/2"]

    def change() -> None:
        for turn in range(10):
            leaf.apply_lines(
                [f"delete firewall filter edge {ends[turn % 2]}", *at(ends[(turn + 1) % 2])],
            )

    # Nothing may come back to the sender, to a port behind a filter that discards it, nor to one in another VLAN.
    listen = ["tcpdump", "-nlUi", "eth0", "-Q", "in", "udp"]
    listeners = {name: lab.host(name).start(listen) for name in ("h1", "h3", "h5")}
    try:
        assert_hitless(lab, "h1", "h2", "198.18.10.2", change)
    finally:
        for process in listeners.values():
            process.terminate()
        heard = {name: process.communicate(timeout=10) for name, process in listeners.items()}
    assert {name: output.strip() for name, (output, _) in heard.items()} == dict.fromkeys(listeners, "")
    assert all("listening on eth0" in errors for _, errors in heard.values()), heard


SEND_UNTIL_TOLD = """
import select, socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
while not select.select([sys.stdin], [], [], 0.001)[0]:
    sock.send(bytes.fromhex(sys.argv[1]))
"""


def test_a_forbidden_vlan_is_no_way_round_while_a_filter_moves(lab: Lab, leaf: Switch) -> None:
    """VLAN 4095 (IEEE 802.1Q, 9.6: reserved) is where what is cut off is."""
    everybody_reaches_everybody(lab)
    ends = ["input gigabit-ethernet te-1/1/1", "output gigabit-ethernet te-1/1/2"]
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/3", name="guard"), *at(ends[0])])
    listen = ["tcpdump", "-nlUi", "eth0", "-Q", "in", "ether src 02:00:00:00:00:77"]
    listeners = {name: lab.host(name).start(listen) for name in ("h3", "h5")}
    sent = frame("round", vlan=4095, source=0x77)
    senders = [lab.host(name).start([sys.executable, "-c", SEND_UNTIL_TOLD, sent]) for name in ("h1", "h2")]
    for turn in range(10):
        leaf.apply_lines([f"delete firewall filter edge {ends[turn % 2]}", *at(ends[(turn + 1) % 2])])
    for sender in senders:
        _, errors = sender.communicate("end\n", timeout=10)
        assert sender.returncode == 0, errors
    for name, listener in listeners.items():
        listener.terminate()
        output, errors = listener.communicate(timeout=10)
        assert "listening on eth0" in errors
        assert output.strip() == "", name


def test_filters_are_shown_as_documented_with_what_met_their_terms(lab: Lab, leaf: Switch) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines(
        [
            "set firewall term term-a dscp value 26",
            "set firewall term web l4-dest-port number 8080",
            "set firewall term web l4-dest-port range 2000:2001",
            "set firewall filter flt-a matching term term-a",
            "set firewall filter flt-a matching term web action discard",
            "set firewall filter flt-a input gigabit-ethernet te-1/1/1",
        ]
    )

    def shown() -> str:
        return leaf.cli("show firewall filter flt-a")

    lab.host("h1").run(["ping", "-q", "-c", "3", "-i", "0.2", "-Q", "104", "198.18.10.2"])
    ends = [("02:00:00:00:00:01", "198.18.10.1", 9), ("ff:ff:ff:ff:ff:ff", "198.18.10.2", 8080)]
    lab.host("h1").run(["ping", "-q", "-c", "2", "-i", "0.2", "198.18.10.2"])
    assert cables_taken(lab, "h1", "leaf", ["te-1-1-1"], [udp(*ends)] * 4) == {}
    until(lambda: "Matched packets : 3\n" in shown() and "Matched packets : 4\n" in shown(), shown)
    text = """\
Total ingress HW Entries    :   5120
Consumed ingress HW Entries :   14
Total egress HW Entries     :   1280
Consumed egress HW Entries  :   0
======================== Policy Based Filtering ====================
Filter : flt-a
    Term : term-a
        Term-size       : 1
        Action          : Forward
        Matched packets : 3
        Match-condition :
            dscp :                    value 26
    Term : web
        Term-size       : 2
        Action          : Discard
        Matched packets : 4
        Match-condition :
            l4-dest-port :            number 8080
            l4-dest-port :            range 2000:2001
    Input interface     : te-1/1/1
"""
    assert shown() == text
    assert leaf.cli("show firewall filter") == text
    state = leaf.state("firewall filter flt-a")
    assert [term["matched-packets"] for term in state["matching"]] == [3, 4]
    lab.switch("leaf").restart_agent()
    assert shown() == text, "counting goes on"
    leaf.cli("clear firewall filter flt-a")
    assert shown().count("Matched packets : 0\n") == 2
    with pytest.raises(ConnetosError, match="there is no filter flt-b"):
        leaf.cli("clear firewall filter flt-b")
    with pytest.raises(ConnetosError, match="there is no filter flt-b"):
        leaf.cli("show firewall filter flt-b")


def test_clearing_one_filter_leaves_the_others_counts(lab: Lab, leaf: Switch) -> None:
    leaf.apply_lines(
        [
            *PING,
            *at("input gigabit-ethernet te-1/1/1", name="one"),
            *at("output gigabit-ethernet te-1/1/2", name="two", action="forward"),
        ]
    )
    assert silent(lab, "h1", "198.18.10.2")
    assert reaches(lab, "h2", "198.18.10.254")

    def counts() -> list[int]:
        filters = leaf.state("firewall filter")
        return [filters[name]["matching"][0]["matched-packets"] for name in ("one", "two")]

    until(lambda: min(counts()) > 0)
    leaf.transport.call("clear/firewall", {"filter": "one"})
    assert counts()[0] == 0
    assert counts()[1] > 0
    leaf.transport.call("clear/firewall", {})
    assert counts()[1] == 0


def vlans_of_ports(lab: Lab) -> str:
    switch = lab.switch("leaf")
    columns = "--columns=name,tag,trunks,vlan_mode,protected"
    return switch.run(["ovs-vsctl", f"--db={switch.database}", "-f", "csv", columns, "list", "port"]).stdout


def test_interfaces_and_their_filters_come_and_go_in_one_commit(lab: Lab, leaf: Switch) -> None:
    before = vlans_of_ports(lab)
    native = "interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id"
    leaf.apply_lines(
        [
            *PING,
            "set vlans vlan-id 30 l3-interface vlan30",
            "set vlan-interface interface vlan30 address 198.18.30.254 prefix-length 24",
            f"set {native} 30",
            *at(
                "input vlan-interface vlan30",
                "output gigabit-ethernet te-1/1/2",
                "input gigabit-ethernet ae1",
            ),
        ]
    )
    assert leaf.system().troubles == []
    for interface in ("te-1-1-2", "vlan30"):
        assert f"\nacl-{interface},30,[],access,false\n" in vlans_of_ports(lab)
    leaf.apply_lines(
        [
            "delete firewall",
            "delete vlan-interface interface vlan30",
            "delete vlans vlan-id 30",
            f"set {native} 10",
            "delete interface gigabit-ethernet te-1/1/5",
            "delete interface gigabit-ethernet te-1/1/6 ether-options",
            "delete interface aggregate-ethernet ae1",
            "set interface gigabit-ethernet te-1/1/5 enable false",
        ]
    )
    assert "acl-" not in vlans_of_ports(lab)
    assert "4095" not in vlans_of_ports(lab)
    leaf.apply_lines([*PING, *at("input gigabit-ethernet te-1/1/5")])
    leaf.apply_lines(
        [
            "delete firewall filter edge input",
            "set interface aggregate-ethernet ae1 family ethernet-switching native-vlan-id 10",
            "set interface gigabit-ethernet te-1/1/5 ether-options 802.3ad ae1",
            "set interface gigabit-ethernet te-1/1/6 ether-options 802.3ad ae1",
            "delete interface gigabit-ethernet te-1/1/5 enable",
            "set firewall filter edge input gigabit-ethernet ae1",
        ]
    )
    assert leaf.system().troubles == []
    assert silent(lab, "h4", "198.18.10.1")
    leaf.delete("firewall")
    assert sorted(vlans_of_ports(lab).splitlines()) == sorted(before.splitlines())
    everybody_reaches_everybody(lab)


def test_a_gate_that_is_taken_apart_by_hand_is_built_again(lab: Lab, leaf: Switch) -> None:
    everybody_reaches_everybody(lab)
    leaf.apply_lines([*PING, *at("output gigabit-ethernet te-1/1/2")])
    whole = vlans_of_ports(lab)
    switch = lab.switch("leaf")
    for command in (
        ["set", "port", "te-1-1-2", "tag=10", "vlan_mode=access", "protected=false"],
        ["del-port", "br0", "acl-te-1-1-2"],
        ["del-port", "br0", "acl-te-1-1-2-back"],
    ):
        switch.run(["ovs-vsctl", f"--db={switch.database}", *command])
        until(lambda: "firewall-filter edge" in json.dumps(leaf.state("system drift")))
        leaf.transport.call("drift/repair", {})
        assert sorted(vlans_of_ports(lab).splitlines()) == sorted(whole.splitlines()), command
        assert silent(lab, "h1", "198.18.10.2")
    assert leaf.system().troubles == []
