"""What a change would do to flows, said before it is committed, against the ports on which packets are seen after it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, NotFound, NotRealisable
from connetos_sdk.navmesh import FiveTuple, NavmeshResult
from connetos_sdk.navmesh.foresight import Frame
from connetos_sdk.navmesh.what_if import Fate, FlowAt, FlowChange, WhatIf
from tests.navmesh.conftest import Site
from tests.navmesh.fabric import AGGREGATED
from tests.navmesh.test_truth import Case, Sightings, send

pytestmark = [pytest.mark.ovs]

PORT = "interface gigabit-ethernet"
SWITCHING = "family ethernet-switching"
OUTSIDE = "203.0.113.9"


def flows(site: Site) -> list[tuple[str, FiveTuple]]:
    """Flows between hosts, routed and switched, several of each for the ways there are."""
    pairs = [("h1", "h2"), ("h2", "h1"), ("h1", "h4"), ("h4", "h1"), ("w1", "w2"), ("w2", "w1"), ("w1", "w3")]
    found = [
        (here, FiveTuple(site.fabric.hosts[here].ip, site.fabric.hosts[there].ip, "udp", 21000 + n, 7000))
        for here, there in pairs
        for n in range(8 if here.startswith("h") else 2)
    ]
    return [*found, ("h1", FiveTuple(site.fabric.hosts["h1"].ip, OUTSIDE, "udp", 21000, 7000))]


def arriving(site: Site, at: str) -> dict[str, tuple[Case, FlowAt]]:
    """Of the flows those that a switch gets, as it gets them."""
    found = {}
    for number, (host, flow) in enumerate(flows(site)):
        for branch in site.fabric.follow(flow, host).branches:
            frame = site.fabric.first_frame(site.fabric.hosts[host], flow)
            for hop in branch.hops:
                path = hop.path
                if path is None or path.ingress is None:
                    break
                if hop.switch == at:
                    tag = path.ingress.vlan if path.ingress.tagged else None
                    arrives = FlowAt(flow, hop.ingress, tag, frame.source_mac, frame.destination_mac)
                    found[str(flow)] = (Case(flow, host, number), arrives)
                frame = Frame(64, None, path.frame["source_mac"], path.frame["destination_mac"])
    return found


@pytest.fixture
def sightings(talking: Site) -> Iterator[Sightings]:
    watching = Sightings(talking)
    yield watching
    watching.close()


def foretold(switch: Switch, lines: str, asked: Sequence[FiveTuple | FlowAt]) -> WhatIf:
    with switch.configure() as change:
        change.lines(lines)
        answer = change.what_if(asked, recent=False)
        change.discard()
    return answer


def leaving(switch: str, ports: set[str]) -> set[str]:
    """Ports, those of an aggregate by its name."""
    return {"ae1" if port in AGGREGATED.get(switch, ()) else port for port in ports}


def native(switch: str, port: str, vlan: int) -> tuple[str, str]:
    return switch, f"set vlans vlan-id {vlan}\nset {PORT} {port} {SWITCHING} native-vlan-id {vlan}"


CHANGES = {
    "vlan-removed-from-trunk": ("leaf1", f"delete {PORT} te-1/1/7 {SWITCHING} vlan members 500"),
    "vlan-removed-on-the-way": ("spine1", f"delete {PORT} te-1/1/2 {SWITCHING} vlan members 500"),
    "port-disabled": ("leaf1", f"set {PORT} te-1/1/1 enable false"),
    "trunk-disabled": ("spine1", f"set {PORT} te-1/1/2 enable false"),
    "native-vlan-of-a-host": native("leaf1", "te-1/1/2", 999),
    "native-vlan-of-a-link": native("spine1", "te-1/1/2", 999),
    "trunk-becomes-access": (
        "leaf1",
        f"set {PORT} te-1/1/7 {SWITCHING} port-mode access\ndelete {PORT} te-1/1/7 {SWITCHING} vlan",
    ),
    "route-removed": ("leaf1", "delete protocols static route 198.18.2.0/24"),
    "route-added": ("leaf1", "set protocols static route 203.0.113.0/24 next-hop 198.18.112.2"),
    "better-route-added": ("leaf1", "set protocols static route 198.18.2.1/32 next-hop 198.18.112.2"),
    "next-hop-removed": (
        "leaf1",
        "delete protocols static route 198.18.2.0/24 qualified-next-hop 198.18.112.2",
    ),
    "static-mac": ("spine1", f"set {PORT} te-1/1/3 static-mac-address {{w2}} vlan 500"),
    "member-disabled": ("leaf4", f"set {PORT} te-1/1/5 enable false"),
    "all-members-disabled": ("leaf4", f"set {PORT} te-1/1/5 enable false\nset {PORT} te-1/1/8 enable false"),
    "gateway-removed": ("leaf1", "delete vlan-interface interface vlan1 address 198.18.1.254"),
    "name-only": ("leaf1", f"set {PORT} te-1/1/1 description front\nset system hostname leaf-one"),
}
UNTOUCHED = {"name-only", "member-disabled"}
"""Changes after which all flows go the way they went."""


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_foretold_is_what_packets_do(site: Site, sightings: Sightings, name: str) -> None:
    at, lines = CHANGES[name]
    lines = lines.replace("{w2}", site.fabric.hosts["w2"].mac)
    switch, asked = site.switches[at], arriving(site, at)
    cases = [case for case, _ in asked.values()]
    told = foretold(switch, lines, [arrives for _, arrives in asked.values()])
    before = {key: switch.navmesh(arrives.flow, **_frame(arrives)) for key, (_, arrives) in asked.items()}
    revision = switch.revision()
    switch.apply_lines(lines)
    try:
        back = [
            Case(c.flow.reverse, _host_of(site, c.flow.destination), 0)
            for c in cases
            if c.flow.destination != OUTSIDE
        ]
        send(site, [*cases, *back])  # what was flushed is learned again
        sightings.settle()
        sightings.seen.clear()
        send(site, cases)
        sightings.settle()
    finally:
        switch.rollback(revision=revision)
    changes = {str(one.flow): one for one in told.changed}
    unknown = {str(one.flow): one.then.reason for one in told.unknown}
    wrong = []
    for key, (case, arrives) in asked.items():
        seen = sightings.seen.get(case.key, set())
        out = leaving(at, {port for where, port, way in seen if (where, way) == (at, "out")})
        if key in unknown or (at, arrives.ingress_port, "in") not in seen:
            continue
        one = changes.get(key)
        fate, ports = (one.then.fate, set(one.then.ports)) if one else _now(at, before[key])
        right = out <= ports and len(out) == 1 if fate == "forwarded" else out == ports
        if not right:
            wrong.append(
                f"{key}: {'changed' if one else 'stays'}, {fate} to {sorted(ports)}; seen {sorted(out)}"
            )
    assert not wrong, "\n".join(wrong)
    assert not unknown
    assert bool(told.changed) != (name in UNTOUCHED), told


def _host_of(site: Site, address: str) -> str:
    return next(host.name for host in site.fabric.hosts.values() if host.ip == address)


def _frame(arrives: FlowAt) -> dict[str, Any]:
    return {name: value for name, value in vars(arrives).items() if name != "flow" and value}


def _now(at: str, answer: NavmeshResult) -> tuple[str, set[str]]:
    ports = {port for path in answer.paths for port in path.out}
    return answer.paths[0].fate, leaving(at, ports)


# -- what is said ---------------------------------------------------------------------------------------


def only(answer: WhatIf) -> FlowChange:
    (one,) = (*answer.changed, *answer.unknown)
    return one


@pytest.mark.usefixtures("talking")
def test_a_flow_that_would_stop_says_why(site: Site) -> None:
    flow = FiveTuple("198.18.1.1", "198.18.2.1", "udp", 21000, 7000)
    one = only(foretold(site.switches["leaf1"], "delete protocols static route 198.18.2.0/24", [flow]))
    assert one.flow == flow
    assert one.arrives
    assert (one.arrives.port, one.arrives.vlan_tag) == ("te-1/1/1", None)
    assert one.now.fate == "forwarded"
    assert one.then == Fate("dropped", (), "no route covers 198.18.2.1")


@pytest.mark.usefixtures("talking")
def test_what_isnt_known_is_said_to_be_unknown(site: Site) -> None:
    leaf1 = site.switches["leaf1"]
    flow = FiveTuple("198.18.1.1", "198.18.2.1", "udp", 21000, 7000)
    nobody = "delete protocols static route 198.18.2.0/24\nset protocols static route 198.18.2.0/24 next-hop 198.18.111.77"
    one = only(foretold(leaf1, nobody, [flow]))
    assert (one.then.fate, one.then.reason) == (
        "unknown",
        "nobody has asked yet for 198.18.111.77 on vlan111",
    )
    stranger = only(foretold(leaf1, nobody, [FiveTuple("198.51.100.1", "198.18.2.1", "udp", 1, 2)]))
    assert stranger.arrives is None
    assert "where 198.51.100.1 is isn't known" in stranger.now.reason


@pytest.mark.usefixtures("talking")
def test_a_port_that_is_enabled_may_or_may_not_get_a_link(site: Site) -> None:
    leaf1 = site.switches["leaf1"]
    revision = leaf1.revision()
    flow = FiveTuple("198.18.2.1", "198.18.1.1", "udp", 21000, 7000)
    leaf1.apply_lines(f"set {PORT} te-1/1/1 enable false")
    try:
        answer = foretold(leaf1, f"set {PORT} te-1/1/1 enable true", [flow])
    finally:
        leaf1.rollback(revision=revision)
    assert {one.then.reason for one in answer.unknown} == {
        "whether te-1/1/1 has a link once it is enabled isn't known"
    }


@pytest.mark.usefixtures("talking")
def test_flows_of_the_last_seconds_are_found(site: Site) -> None:
    site.lab.host("w1").ping("198.18.50.2", count=3)
    leaf1 = site.switches["leaf1"]
    with leaf1.configure() as change:
        change.delete(f"{PORT} te-1/1/7 {SWITCHING} vlan members 500")
        answer = change.what_if()
        change.discard()
    pairs = {(one.flow.source, one.flow.destination): one for one in answer.changed}
    there, back = pairs["198.18.50.1", "198.18.50.2"], pairs["198.18.50.2", "198.18.50.1"]
    assert (there.now.ports, there.then.fate) == (("te-1/1/7",), "dropped")
    assert back.arrives
    assert (back.arrives.port, back.arrives.vlan_tag) == ("te-1/1/7", 500)
    assert back.then.reason == "te-1/1/7 doesn't take frames of VLAN 500"


@pytest.mark.usefixtures("talking")
def test_commit_check_flows_at_the_command_line(site: Site) -> None:
    site.lab.host("w1").ping("198.18.50.2", count=3)
    node = site.lab.switch("leaf1")
    before = site.switches["leaf1"].revision()
    typed = (
        f"configure\ndelete {PORT} te-1/1/7 {SWITCHING} vlan members 500\ncommit check flows\ndiscard\nexit\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "connetos_cli", "--socket", str(node.directory / "run" / "cli.sock")],
        input=typed, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "Configuration check succeeds." in done.stdout, done.stdout + done.stderr
    assert "icmp 198.18.50.1 -> 198.18.50.2 at te-1/1/2: would change" in done.stdout
    assert "  now:  forwarded to te-1/1/7 (VLAN 500, tagged)\n" in done.stdout
    assert site.switches["leaf1"].revision() == before


def test_what_cant_be_asked_is_explained(site: Site, switch: Switch) -> None:
    leaf1 = site.switches["leaf1"]
    with leaf1.configure() as change:
        call = leaf1.transport.call
        for flows_given, says in (
            ({"a": {"source": "198.18.1.1", "destination": "198.18.2.1"}}, "protocol isn't given"),
            ({"a": {"source": "198.18.1.1", "destination": "198.18.2.1", "protocol": 300}}, "300"),
            ({"a": {"source": "198.18.1.1", "destination": "198.18.2.1", "protocol": 6}}, "has ports"),
            ({str(n): {} for n in range(300)}, "too many"),
        ):
            with pytest.raises(BadRequest, match=says):
                call(
                    "what-if",
                    {
                        "session": change.source.partition("/")[2],
                        "flows": json.loads(json.dumps(flows_given)),
                    },
                )
        change.discard()
    with pytest.raises(NotFound, match="no such configuration session"):
        leaf1.transport.call("what-if", {"session": "nobody's"})
    with switch.configure() as change, pytest.raises(NotRealisable, match="forwards nothing"):
        change.what_if()
