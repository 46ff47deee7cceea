"""Navmesh on one switch and across the fabric: what it says, and what it says when it can't know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, InvalidValue, NotFound, NotRealisable
from connetos_sdk.navmesh import End, Fabric, FiveTuple, Link
from tests.navmesh.conftest import Site

pytestmark = [pytest.mark.ovs, pytest.mark.usefixtures("talking")]
FLOW = FiveTuple("198.18.1.1", "198.18.2.1", "tcp", 40123, 443)


@contextmanager
def changed(switch: Switch, lines: str) -> Iterator[None]:
    before = switch.revision()
    switch.apply_lines(lines)
    try:
        yield
    finally:
        switch.rollback(revision=before)


def test_one_switch_names_ports_tables_entries_and_changes(site: Site) -> None:
    leaf1 = site.switches["leaf1"]
    answer = leaf1.navmesh(FLOW)
    assert answer.exact
    (path,) = answer.paths
    assert (path.fate, path.ingress and path.ingress.port) == ("forwarded", "te-1/1/1")
    assert path.out in (("te-1/1/7",), ("te-1/1/8",))
    assert {step.table for step in path.steps} >= {"route", "neighbour", "mac", "vlan", "openflow"}
    route = next(step for step in path.steps if step.key == "198.18.2.1 in 198.18.2.0/24")
    assert "one of 2 next hops" in route.entry
    assert "set protocols static route 198.18.2.0/24 next-hop 198.18.111.2" in route.configuration
    changes = {change.field: (change.before, change.after) for change in path.changes}
    assert changes["ttl"] == (64, 63)
    assert changes["source-mac"] == (site.fabric.hosts["h1"].mac, leaf1.vlan_interfaces()["vlan1"].mac)


def test_different_source_ports_take_both_spines(site: Site) -> None:
    flows = [FiveTuple("198.18.1.1", "198.18.2.1", "udp", 30000 + n, 7000) for n in range(32)]
    out = {port for flow in flows for path in site.switches["leaf1"].navmesh(flow).paths for port in path.out}
    assert out == {"te-1/1/7", "te-1/1/8"}


def test_the_member_of_an_aggregate_is_named(site: Site) -> None:
    members = set()
    for number in range(48):
        trip = site.fabric.follow(FiveTuple("198.18.1.1", "198.18.4.1", "udp", 31000 + number, 7000), "h1")
        assert len(trip.branches) == 1, trip
        members |= {egress for switch, _, egress in trip.branches[0].ports if switch == "spine2"}
    assert members == {"te-1/1/4", "te-1/1/5"}


def test_where_the_kernel_doesnt_tell_all_ways_are_named(site: Site) -> None:
    answer = site.switches["leaf1"].navmesh(FiveTuple("198.18.1.1", "198.18.2.1", 132, 1, 2))
    assert not answer.exact
    assert sorted(port for path in answer.paths for port in path.out) == ["te-1/1/7", "te-1/1/8"]
    assert "isn't known for this protocol" in str(answer)


def test_the_documented_command(site: Site) -> None:
    line = "show navmesh source-ipv4 198.18.1.1 dest-ipv4 198.18.2.1 l4-source-port 40123 l4-dest-port 443 protocol 6"
    assert re.fullmatch(
        "The Flow Information :\n"
        "  Source ipv4 address          : 198.18.1.1\n"
        "  Destination ipv4 address     : 198.18.2.1\n"
        "  L4 source port               : 40123\n"
        "  L4 destination port          : 443\n"
        "  IP protocol                  : 6\n"
        "The forwarding path :\n"
        "   Ingress Port   Egress Port\n"
        "   ------------   ------------\n"
        "   te-1/1/1       te-1/1/[78]\n",
        site.switches["leaf1"].cli(line),
    )
    nowhere = site.switches["leaf1"].cli(line.replace("dest-ipv4 198.18.2.1", "dest-ipv4 203.0.113.1"))
    assert "   te-1/1/1       none\n" in nowhere
    assert "Dropped: no route covers 203.0.113.1." in nowhere
    for wrong in ("protocol 6x", "protocol 300"):
        with pytest.raises(BadRequest, match=r"6x isn't|300"):
            site.switches["leaf1"].cli(line.replace("protocol 6", wrong))


def test_traffic_of_the_last_seconds_is_looked_at_too(site: Site) -> None:
    source, destination = "198.18.1.1", "198.18.2.1"
    site.lab.host("h1").ping(destination, count=5)
    seen = site.switches["leaf1"].navmesh(FiveTuple(source, destination, "icmp"), live=True).live
    assert seen is not None
    (one,) = [one for one in seen if one.ingress == "te-1/1/1"]
    told = site.switches["leaf1"].navmesh(FiveTuple(source, destination, "icmp")).paths[0].out
    assert (one.egress, one.dropped) == (told, False)
    assert one.packets >= 5


def test_both_directions_from_host_to_host(site: Site) -> None:
    site.lab.host("h1").ping("198.18.4.1", count=5)
    answer = site.fabric.navmesh("h1", "h4", "udp", 5000, 6000)
    assert answer.delivered
    for trip, first, last in ((answer.forward, "leaf1", "leaf4"), (answer.back, "leaf4", "leaf1")):
        assert trip
        (branch,) = trip.branches
        assert [hop.switch for hop in branch.hops][::2] == [first, last]
        assert branch.hops[1].switch.startswith("spine")


def test_a_host_is_found_by_its_address(site: Site) -> None:
    stranger = Fabric(site.switches, [Link(a, b) for a, b in site.fabric.far.items()])
    trip = stranger.navmesh("198.18.1.1", "198.18.3.1", "udp", 5000, 6000, both=False).forward
    assert trip.branches[0].hops[0].ingress == "te-1/1/1"
    assert trip.outcome == "delivered"
    with pytest.raises(NotFound, match="no switch knows where"):
        stranger.navmesh("192.0.2.99", "198.18.3.1", both=False)


@pytest.mark.parametrize(
    "trouble",
    [
        (
            "spine1",
            "delete interface gigabit-ethernet te-1/1/2 family ethernet-switching vlan members 500",
            ("w2", "w1"),
            "spine1:te-1/1/2",
            "VLAN 500 isn't carried by trunk te-1/1/2",
            "set interface gigabit-ethernet te-1/1/2 family ethernet-switching vlan members 500",
        ),
        (
            "leaf3",
            "set interface gigabit-ethernet te-1/1/1 enable false",
            ("h1", "h3"),
            "leaf3:te-1/1/1",
            "te-1/1/1 leads there, but it is disabled",
            "set interface gigabit-ethernet te-1/1/1 enable false",
        ),
        (
            "leaf3",
            "set firewall term web l4-dest-port range 6000:6010\n"
            "set firewall filter edge matching term web action discard\n"
            "set firewall filter edge output gigabit-ethernet te-1/1/1",
            ("h1", "h3"),
            "leaf3:te-1/1/",
            "filter edge at te-1/1/1 discards it by term web",
            "set firewall filter edge matching term web action discard",
        ),
        (
            "leaf1",
            "set firewall term udp protocol name udp\n"
            "set firewall filter core matching term udp action discard\n"
            "set firewall filter core input vlan-interface vlan1",
            ("h1", "h3"),
            "leaf1:te-1/1/1",
            "filter core at vlan1 discards it by term udp",
            "set firewall filter core input vlan-interface vlan1",
        ),
        ("leaf1", "delete protocols static route 198.18.3.0/24", ("h1", "h3"), "leaf1:te-1/1/1", "no route covers", "route"),
    ],
)  # fmt: skip
def test_it_says_where_a_flow_dies_and_which_line_is_to_blame(
    site: Site, trouble: tuple[str, str, tuple[str, str], str, str, str]
) -> None:
    switch, lines, hosts, where, reason, blamed = trouble
    site.lab.host(hosts[0]).ping(site.fabric.hosts[hosts[1]].ip)
    with changed(site.switches[switch], lines):
        trip = site.fabric.navmesh(*hosts, "udp", 5000, 6000, both=False).forward
    assert trip.outcome == "dropped"
    branch = trip.branches[0]
    assert (branch.where.startswith(where), reason in branch.reason) == (True, True), branch
    assert blamed in "\n".join((*branch.configuration, *branch.missing))


def test_routes_in_a_circle_are_told_as_a_loop(site: Site) -> None:
    site.lab.host("h1").ping("198.18.3.1", count=3)
    circle = "delete protocols static route 198.18.3.0/24\nset protocols static route 198.18.3.0/24 next-hop 198.18."
    with (
        changed(site.switches["spine1"], f"{circle}111.1"),
        changed(site.switches["spine2"], f"{circle}112.1"),
    ):
        trip = site.fabric.navmesh("h1", "h3", "udp", 5000, 6000, both=False).forward
    assert trip.outcome == "loop"
    assert "it comes back to" in trip.branches[0].reason


def test_a_switch_that_doesnt_answer_leaves_a_partial_path(site: Site) -> None:
    site.lab.host("h1").ping("198.18.3.1", count=3)
    without = {name: switch for name, switch in site.switches.items() if not name.startswith("spine")}
    partial = Fabric(without, [Link(a, b) for a, b in site.fabric.far.items()], site.fabric.hosts.values())
    trip = partial.navmesh("h1", "h3", "udp", 5000, 6000, both=False).forward
    assert trip.outcome == "no-answer"
    assert trip.branches[0].hops[0].path is not None
    assert trip.branches[0].where.startswith("spine")
    site.lab.switch("spine1").stop_agent()
    site.lab.switch("spine2").stop_agent()
    try:
        trip = site.fabric.navmesh("h1", "h3", "udp", 5000, 6000, both=False).forward
    finally:
        site.lab.switch("spine1").start_agent()
        site.lab.switch("spine2").start_agent()
    assert trip.outcome == "no-answer"
    assert "can't be reached" in trip.branches[0].reason


def test_ipv6_against_switches_without_is_unknown_not_guessed(site: Site) -> None:
    answer = site.switches["leaf1"].navmesh(FiveTuple("2001:db8:1::1", "2001:db8:2::1", "udp", 1, 2))
    assert [path.fate for path in answer.paths] == ["unknown"]
    routed = site.switches["leaf1"].navmesh(
        FiveTuple("2001:db8:1::1", "2001:db8:2::1", "udp", 1, 2), ingress_port="te-1/1/1",
        source_mac=site.fabric.hosts["h1"].mac, destination_mac=site.fabric.hosts["h1"].gateway_mac,
    ).paths[0]  # fmt: skip
    assert (routed.fate, routed.reason) == ("dropped", "no route covers 2001:db8:2::1")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"protocol": 300}, "no IP protocol 300"),
        ({"protocol": "gre?"}, "no IP protocol gre?"),
        ({"source_port": 0}, "source_port 0 is out of range"),
        ({"destination_port": 70000}, "out of range"),
        ({"source": "198.18.1"}, "isn't an IP address"),
        ({"source": "2001:db8::1"}, "different families"),
    ],
)
def test_what_cant_be_a_flow_is_refused_before_it_is_sent(wrong: dict[str, object], says: str) -> None:
    fields = {
        "source": "198.18.1.1",
        "destination": "198.18.2.1",
        "protocol": 6,
        "source_port": 1,
        "destination_port": 2,
    }
    with pytest.raises(InvalidValue, match=re.escape(says)):
        FiveTuple(**{**fields, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"protocol": 300}, "protocol"),
        ({"source_port": 0}, "from 1 to 65535"),
        ({"destination": "224.0.0.5"}, "one host"),
        ({"source": "0.0.0.0"}, "can't be a sender"),
        ({"source": "2001:db8::1"}, "different families"),
        ({"ingress_port": "te-1/1/99"}, "there is no port te-1/1/99"),
        ({"source_mac": "02:00"}, "MAC address"),
        ({"ingress_vlan": 4095}, "ingress_vlan"),
    ],
)
def test_the_agent_refuses_it_too(site: Site, wrong: dict[str, object], says: str) -> None:
    arguments = {**FLOW.arguments(), **wrong}
    with pytest.raises((BadRequest, NotFound), match=re.escape(says)):
        site.switches["leaf1"].transport.call("navmesh", arguments)


def test_an_unknown_host_is_named_with_those_there_are(site: Site) -> None:
    with pytest.raises(NotFound, match=r"there is no host h9.*h1, h2"):
        site.fabric.navmesh("h9", "h1")


def test_a_neighbour_that_nobody_has_asked_for_is_unknown(site: Site) -> None:
    to_nobody = FiveTuple("198.18.1.1", "198.18.1.77", "udp", 1, 2)
    (path,) = site.switches["leaf1"].navmesh(to_nobody, ingress_port="te-1/1/1").paths
    assert path.fate == "unknown"
    assert path.reason.startswith("to which MAC address 198.18.1.77 is sent isn't known")


def test_asking_changes_nothing(site: Site) -> None:
    node = site.lab.switch("leaf1")
    ask = ["ovs-appctl", "-t", str(node.control), "fdb/stats-show", "br0"]
    before = node.run(ask).stdout
    ghost = FiveTuple("198.18.1.99", "198.18.2.1", "udp", 1, 2)
    frame = {"ingress_port": "te-1/1/1", "source_mac": "02:00:00:00:00:99"}
    site.switches["leaf1"].navmesh(ghost, **frame)
    assert (
        "02:00:00:00:00:99" not in node.run(["ovs-appctl", "-t", str(node.control), "fdb/show", "br0"]).stdout
    )
    assert "total number of moved" not in before or before == node.run(ask).stdout
    assert End("leaf1", "te-1/1/7") in site.fabric.far


def test_the_memory_data_plane_says_that_it_forwards_nothing(switch: Switch) -> None:
    with pytest.raises(NotRealisable, match="forwards nothing"):
        switch.navmesh(FLOW)
    with pytest.raises(NotRealisable, match="no network of its own"):
        switch.ping("198.18.1.1")
