"""Planned and real cables: every difference is named once, and only differences are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.atp import Plan
from connetos_sdk.cabling import Advertised, cabling
from connetos_sdk.planned_cabling import compare
from connetos_sdk.results import LldpNeighbor

SWITCHES = ("spine1", "leaf1", "leaf2")
PLAN = """
management: 198.18.255.0/24
server: 198.18.255.1
roles: {any: {template: t.j2}}
switches:
  spine1: {role: any, management: 198.18.255.11}
  leaf1: {role: any, management: 198.18.255.21}
  leaf2: {role: any, management: 198.18.255.22}
links:
  - [spine1:te-1/1/1, leaf1:te-1/1/1]
  - [spine1:te-1/1/2, leaf2:te-1/1/1]
"""
AS_PLANNED = (("spine1:1", "leaf1:1"), ("spine1:2", "leaf2:1"))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    directory = tmp_path_factory.mktemp("plan")
    (directory / "t.j2").touch()
    path: Path = directory / "rack.yaml"
    path.write_text(PLAN)
    return Plan.load(path)


def hears(at: str, far: str) -> tuple[str, LldpNeighbor]:
    switch, _, port = at.partition(":")
    name, _, far_port = far.partition(":")
    chassis = f"02:00:00:00:00:{SWITCHES.index(name):02}" if name in SWITCHES else "02:00:00:00:00:99"
    return switch, LldpNeighbor(
        f"te-1/1/{port}", chassis, f"te-1/1/{far_port}", "", name, "", [], [], None, 120
    )


def differences(
    plan: Plan,
    cables: Iterable[tuple[str, str]],
    silent: Iterable[str] = (),
    only_one_end: Iterable[tuple[str, str]] = (),
) -> list[str]:
    heard: dict[str, list[LldpNeighbor]] = {name: [] for name in SWITCHES}
    pairs = [*cables, *((b, a) for a, b in cables), *only_one_end]
    for at, far in pairs:
        switch, neighbor = hears(at, far)
        heard.setdefault(switch, []).append(neighbor)
    quiet = dict.fromkeys(silent, "no route to host")
    told = {
        name: Advertised(f"02:00:00:00:00:{number:02}", tuple(heard[name]))
        for number, name in enumerate(SWITCHES)
        if name not in quiet
    }
    report = compare(plan.links, cabling(told, quiet))
    assert report.confirmed <= 2
    assert report.as_planned == (not report.differences and not report.unseen)
    return [difference.text for difference in report.differences]


def test_as_planned(plan: Plan) -> None:
    assert differences(plan, AS_PLANNED) == []


def test_two_cables_in_each_others_ports(plan: Plan) -> None:
    one, two = differences(plan, [("spine1:2", "leaf1:1"), ("spine1:1", "leaf2:1")])
    assert one.startswith("leaf1:te-1/1/1 is cabled to spine1:te-1/1/2, planned is spine1:te-1/1/1 (and ")
    assert one.endswith("(and leaf2:te-1/1/1 at spine1:te-1/1/2)")
    assert two.startswith("leaf2:te-1/1/1 is cabled to spine1:te-1/1/1, planned is spine1:te-1/1/2 (and ")


def test_two_neighbours_at_one_port_are_told_once(plan: Plan) -> None:
    found = differences(plan, AS_PLANNED, only_one_end=[("spine1:1", "server:1")])
    assert [text.partition(":te-1/1/1 hears 2 neighbours")[0] for text in found if "hears 2" in text] == [
        "spine1"
    ]


def test_a_cable_in_a_port_that_the_plan_leaves_empty(plan: Plan) -> None:
    assert differences(plan, [AS_PLANNED[1], ("spine1:4", "leaf1:1")]) == [
        "leaf1:te-1/1/1 is cabled to spine1:te-1/1/4, planned is spine1:te-1/1/1"
    ]


def test_a_cable_too_many(plan: Plan) -> None:
    assert differences(plan, [*AS_PLANNED, ("leaf1:3", "leaf2:3")]) == [
        "leaf1:te-1/1/3 is cabled to leaf2:te-1/1/3, planned is no cable there"
    ]


def test_a_cable_too_few(plan: Plan) -> None:
    assert differences(plan, AS_PLANNED[:1]) == [
        "spine1:te-1/1/2 hears no neighbour, planned is leaf2:te-1/1/1"
    ]


def test_something_else_at_the_other_end(plan: Plan) -> None:
    found = differences(
        plan, AS_PLANNED[1:], only_one_end=[("spine1:1", "printer:7"), ("spine1:8", "server:1")]
    )
    assert found == ["spine1:te-1/1/1 is cabled to te-1/1/7 of printer, planned is leaf1:te-1/1/1"]


def test_ends_that_tell_different_things(plan: Plan) -> None:
    found = differences(plan, AS_PLANNED[1:], only_one_end=[("spine1:1", "leaf1:1")])
    assert found == ["spine1:te-1/1/1 hears leaf1:te-1/1/1, but leaf1:te-1/1/1 hears nobody"]


def test_a_switch_that_does_not_answer_is_believed_what_its_neighbours_hear(plan: Plan) -> None:
    assert differences(plan, AS_PLANNED, silent=["leaf1"]) == []
    assert differences(plan, [AS_PLANNED[1], ("spine1:4", "leaf1:1")], silent=["leaf1"]) == [
        "leaf1:te-1/1/1 is cabled to spine1:te-1/1/4, planned is spine1:te-1/1/1"
    ]


def test_cables_that_nobody_can_tell_of_are_not_called_missing(plan: Plan) -> None:
    assert differences(plan, AS_PLANNED, silent=SWITCHES) == []
    report = compare(plan.links, cabling({}, dict.fromkeys(SWITCHES, "off")))
    assert len(report.unseen) == 2
    assert not report.as_planned


@given(st.permutations([f"{name}:{port}" for name in SWITCHES for port in range(1, 4)]), st.integers(0, 3))
def test_wrong_cables_are_never_taken_for_right_ones(plan: Plan, ends: list[str], number: int) -> None:
    pairs = zip(ends[: 2 * number : 2], ends[1 : 2 * number : 2], strict=True)
    cables = [(a, b) for a, b in pairs if a.partition(":")[0] != b.partition(":")[0]]
    planned = {frozenset(cable) for cable in AS_PLANNED}
    real = {frozenset(cable) for cable in cables}
    found = differences(plan, cables)
    assert (found == []) == (planned == real)
    assert len([text for text in found if "is cabled to" in text]) == len(real - planned)
