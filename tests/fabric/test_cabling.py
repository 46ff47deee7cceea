"""Cables that LLDP tells of: those that both ends know, and what is said of everything else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk import Switch
from connetos_sdk.cabling import Advertised, Cabling, End, Link, cabling
from connetos_sdk.fleet import Fleet
from connetos_sdk.lab import Lab, Topology
from connetos_sdk.results import LldpNeighbor
from tests.conftest import connect


def hears(at: str, chassis: str, port: str, name: str = "") -> LldpNeighbor:
    return LldpNeighbor(at, chassis, port, port, name, "", [], [], None, 120)


def told(**heard: list[LldpNeighbor]) -> dict[str, Advertised]:
    """Each switch by name; its chassis id is `id-<name>`."""
    return {name: Advertised(f"id-{name}", tuple(neighbors)) for name, neighbors in heard.items()}


def test_a_cable_is_what_both_ends_tell() -> None:
    found = cabling(
        told(a=[hears("te-1/1/1", "id-b", "te-1/1/2")], b=[hears("te-1/1/2", "id-a", "te-1/1/1")])
    )
    assert found == Cabling((Link(End("a", "te-1/1/1"), End("b", "te-1/1/2")),), (), (), {})


def test_what_one_end_tells_is_a_doubt() -> None:
    found = cabling(told(a=[hears("te-1/1/1", "id-b", "te-1/1/2")], b=[]))
    assert found.links == ()
    (doubt,) = found.doubts
    assert (doubt.at, doubt.far) == (End("a", "te-1/1/1"), End("b", "te-1/1/2"))
    assert doubt.reason == "a:te-1/1/1 hears b:te-1/1/2, but b:te-1/1/2 hears nobody"


def test_ends_that_contradict_each_other_are_no_cable() -> None:
    found = cabling(
        told(
            a=[hears("te-1/1/1", "id-b", "te-1/1/2")],
            b=[hears("te-1/1/2", "id-c", "te-1/1/3")],
            c=[hears("te-1/1/3", "id-b", "te-1/1/2")],
        )
    )
    assert found.links == (Link(End("b", "te-1/1/2"), End("c", "te-1/1/3")),)
    assert [doubt.reason for doubt in found.doubts] == [
        "a:te-1/1/1 hears b:te-1/1/2, but b:te-1/1/2 hears c:te-1/1/3"
    ]


def test_several_neighbours_at_a_port_are_no_cable() -> None:
    found = cabling(
        told(
            a=[hears("te-1/1/1", "id-b", "te-1/1/2"), hears("te-1/1/1", "id-x", "eth3", "hub")],
            b=[hears("te-1/1/2", "id-a", "te-1/1/1")],
        )
    )
    assert found.links == ()
    assert "a:te-1/1/1 hears 2 neighbours: b:te-1/1/2, hub:eth3" in found.doubts[0].reason
    assert found.doubts[-1].at == End("b", "te-1/1/2"), "the other end isn't sure of it either"


def test_two_switches_with_one_chassis_id_are_told() -> None:
    twins = {"b": Advertised("id-b", ()), "c": Advertised("id-b", ())}
    found = cabling({**told(a=[hears("te-1/1/1", "id-b", "te-1/1/2")]), **twins})
    assert "b and c all have this chassis id" in found.doubts[0].reason


def test_a_stranger_is_named_with_its_addresses() -> None:
    stranger = LldpNeighbor("te-1/1/4", "id-x", "te-1/1/9", "", "new", "", ["198.18.255.9"], [], None, 120)
    found = cabling(told(a=[stranger]))
    assert [(one.at, one.neighbor.management_addresses) for one in found.strangers] == [
        (End("a", "te-1/1/4"), ["198.18.255.9"])
    ]


PORTS = st.sampled_from([End(switch, f"te-1/1/{n}") for switch in "abc" for n in range(1, 5)])


@given(st.lists(st.tuples(PORTS, PORTS), max_size=12))
def test_no_port_is_in_two_cables_whatever_is_told(pairs: list[tuple[End, End]]) -> None:
    heard: dict[str, list[LldpNeighbor]] = {name: [] for name in "abc"}
    for at, far in pairs:
        heard[at.switch].append(hears(at.port, f"id-{far.switch}", far.port))
    found = cabling(told(**heard))
    ends = [end for link in found.links for end in (link.a, link.b)]
    assert len(ends) == len(set(ends))
    for link in found.links:
        assert (link.a, link.b) in pairs
        assert (link.b, link.a) in pairs
    known = {*ends, *(doubt.at for doubt in found.doubts)}
    assert known == {at for at, _ in pairs}, "everything that is heard is told"


# -- a real lldpd in every switch -----------------------------------------------------------------------

TOPOLOGY: dict[str, Any] = {
    "dataplane": "openvswitch",
    "hosts": {"guest": {"link": "leaf1:te-1/1/1", "address": "198.18.10.1/24"}},
    "switches": {
        name: {"ports": 4, "config": {"protocols": {"lldp": {"advertisement-interval": 5}}}}
        for name in ("leaf1", "leaf2", "spine")
    },
    "links": [
        ["leaf1:te-1/1/2", "spine:te-1/1/1"], ["leaf2:te-1/1/2", "spine:te-1/1/2"], ["leaf1:te-1/1/3", "leaf2:te-1/1/3"],
    ],
}  # fmt: skip
CABLES = {
    "leaf1:te-1/1/2 - spine:te-1/1/1", "leaf2:te-1/1/2 - spine:te-1/1/2", "leaf1:te-1/1/3 - leaf2:te-1/1/3",
}  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    document = {**TOPOLOGY, "name": f"cables-{os.getpid()}"}
    with Lab(Topology.from_document(document, "tests")) as lab:
        yield lab


@pytest.fixture
def switches(lab: Lab) -> Iterator[Mapping[str, Switch]]:
    with ExitStack() as stack:
        yield {node.name: stack.enter_context(connect(node)) for node in lab.switches}


def until(fleet: Fleet, links: set[str]) -> Cabling:
    """The cabling, once it has these cables."""
    deadline = time.monotonic() + 60
    found = fleet.cabling()
    while {str(link) for link in found.links} != links:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
        found = fleet.cabling()
    return found


@pytest.mark.ovs
def test_a_fleet_finds_its_cables(switches: Mapping[str, Switch]) -> None:
    assert until(Fleet(switches), CABLES).doubts == ()


@pytest.mark.ovs
def test_a_switch_that_isnt_asked_is_a_stranger(switches: Mapping[str, Switch]) -> None:
    until(Fleet(switches), CABLES)
    leaves = Fleet({name: switch for name, switch in switches.items() if name != "spine"})
    found = until(leaves, {"leaf1:te-1/1/3 - leaf2:te-1/1/3"})
    assert [(str(one.at), one.neighbor.system_name) for one in found.strangers] == [
        ("leaf1:te-1/1/2", "spine"),
        ("leaf2:te-1/1/2", "spine"),
    ]


@pytest.mark.ovs
def test_a_port_that_only_listens_leaves_a_doubt(switches: Mapping[str, Switch]) -> None:
    leaf2 = switches["leaf2"]
    until(Fleet(switches), CABLES)
    before = leaf2.revision()
    try:
        leaf2.apply_lines("set protocols lldp interface te-1/1/3 status rx-only")
        found = until(Fleet(switches), CABLES - {"leaf1:te-1/1/3 - leaf2:te-1/1/3"})
        assert [doubt.reason for doubt in found.doubts] == [
            "leaf2:te-1/1/3 hears leaf1:te-1/1/3, but leaf1:te-1/1/3 hears nobody"
        ]
    finally:
        leaf2.rollback(revision=before)


@pytest.mark.ovs
def test_cables_to_a_switch_that_cant_be_asked_are_doubts(lab: Lab, switches: Mapping[str, Switch]) -> None:
    until(Fleet(switches), CABLES)
    lab.switch("spine").stop_agent()
    try:
        found = Fleet(switches).cabling()
    finally:
        lab.switch("spine").start_agent()
    assert "can't be reached" in found.silent["spine"]
    assert [str(link) for link in found.links] == ["leaf1:te-1/1/3 - leaf2:te-1/1/3"]
    assert {str(doubt.far) for doubt in found.doubts} == {"spine:te-1/1/1", "spine:te-1/1/2"}


_ADVERTISE = """
import socket, struct
def tlv(kind, value):
    return struct.pack("!H", kind << 9 | len(value)) + value
frame = bytes.fromhex("0180c200000e02000000000788cc") + tlv(1, b"\\x07guest") + tlv(2, b"\\x07\\x1b[2Jeth0")
frame += tlv(3, b"\\x00\\x78") + tlv(5, b"evil\\x07name\\n") + tlv(0, b"")
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
sock.send(frame.ljust(60, b"\\0"))
"""
"""A frame of IEEE 802.1AB: chassis and port ids of subtype 7 (locally assigned), 120 seconds, a name of the system."""


@pytest.mark.ovs
def test_what_a_neighbour_says_cant_move_the_cursor(lab: Lab, switches: Mapping[str, Switch]) -> None:
    sent = lab.host("guest").run([sys.executable, "-c", _ADVERTISE])
    assert sent.returncode == 0, sent.stderr
    deadline = time.monotonic() + 30
    while not (strangers := Fleet(switches).cabling().strangers):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (one,) = strangers
    assert one.at == End("leaf1", "te-1/1/1")
    assert (one.neighbor.port_id, one.neighbor.system_name) == ("?[2Jeth0", "evil?name?")
