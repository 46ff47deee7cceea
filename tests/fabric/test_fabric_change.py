"""One change of many switches, and what can go wrong on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest

from connetos_sdk import Switch
from connetos_sdk.fabric import Check, Edit, FabricChange, answers, state_check, text_check
from connetos_sdk.lab import Lab
from tests.conftest import connected, topology

NAMES = ("leaf1", "leaf2", "leaf3")
WEB = ["set vlans vlan-id 10 vlan-name web"]
BROKEN = ["set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    switches = "".join(f"  {name}: {{ports: 4}}\n" for name in NAMES)
    text = f"name: fabric-{os.getpid()}\ndataplane: memory\nswitches:\n{switches}"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switches(lab: Lab) -> Iterator[dict[str, Switch]]:
    with connected(lab) as switches:
        yield switches


def having(switches: Mapping[str, Switch]) -> list[str]:
    return [name for name, switch in switches.items() if 10 in switch.vlans()]


def test_all_have_it_and_a_second_time_nothing_changes(switches: dict[str, Switch]) -> None:
    change = FabricChange(switches, dict.fromkeys(NAMES, WEB), comment="web tier")
    report = change.run(
        checks=[
            answers(),
            text_check("leaf2", "show vlans", "10 "),
            state_check("leaf1", "vlans vlan-id 10 vlan-name", "web"),
        ]
    )
    assert report.ok and report.changed and having(switches) == list(NAMES)
    assert all(
        s.system().confirm is None and s.revisions()[0].comment == "web tier" for s in switches.values()
    )
    assert report.text.splitlines()[:3] == ["done", "", "leaf1, leaf2, leaf3: changed"]
    assert report.text.count('+       vlan-name: "web"') == 1
    again = change.run()
    assert again.ok and not again.changed
    assert {s.outcome for s in again.switches.values()} == {"unchanged"}


def test_a_plan_changes_nothing(switches: dict[str, Switch]) -> None:
    edits = {"leaf1": WEB, "leaf2": Edit("merge", {"vlan-name": "web"}, "vlans vlan-id 10")}
    report = FabricChange(switches, edits).run(dry_run=True)
    assert report.ok and report.changed and having(switches) == []
    assert [s.outcome for s in report.switches.values()] == ["planned", "planned"]
    assert report.switches["leaf1"].commands == report.switches["leaf2"].commands == tuple(WEB)


def test_one_that_cant_leaves_all_alone(switches: dict[str, Switch]) -> None:
    report = FabricChange(switches, {"leaf1": WEB, "leaf2": BROKEN, "leaf3": WEB}).run()
    assert report.reason == f"leaf2 can't do it: {report.switches['leaf2'].error}"
    assert not report.changed and having(switches) == []
    assert {n: s.outcome for n, s in report.switches.items()} == {
        "leaf1": "left alone", "leaf2": "failed", "leaf3": "left alone",
    }  # fmt: skip
    assert "vlans vlan-id 99 isn't configured" in report.switches["leaf2"].error


def test_a_check_that_isnt_content_takes_all_back(switches: dict[str, Switch]) -> None:
    report = FabricChange(switches, dict.fromkeys(NAMES, WEB)).run(
        checks=[answers(), text_check("leaf3", "show vlans", "no such text")]
    )
    assert not report.ok and not report.changed and having(switches) == []
    assert {s.outcome for s in report.switches.values()} == {"rolled back"}
    assert [c.passed for c in report.checks] == [True, False]
    assert "FAILED: 'no such text' isn't there" in report.text


def test_somebody_elses_change_in_between_is_noticed(switches: dict[str, Switch]) -> None:
    class Meddled(Switch):
        """Whose configuration is changed by somebody else right after it was planned."""

        def apply_lines(self, lines, **options):  # type: ignore[no-untyped-def]
            done = super().apply_lines(lines, **options)
            if options.get("dry_run"):
                super().apply_lines("set vlans vlan-id 77")
            return done

    meddled = {**switches, "leaf2": Meddled(transport=switches["leaf2"].transport)}
    report = FabricChange(meddled, dict.fromkeys(NAMES, WEB)).run()
    assert report.reason.startswith("leaf2 didn't do it: ") and having(switches) == []
    assert report.switches["leaf1"].outcome == "rolled back" and "revision" in report.switches["leaf2"].error


def test_a_switch_that_dies_goes_back_by_itself_and_takes_the_others_along(
    lab: Lab, switches: dict[str, Switch]
) -> None:
    def kill(_: Mapping[str, Switch]) -> str:
        lab.switch("leaf2").kill_agent()
        return ""

    change = FabricChange(switches, dict.fromkeys(NAMES, WEB), confirm_s=4)
    report = change.run(checks=[Check("a disaster", kill)])
    assert report.reason.startswith("leaf2 couldn't be told to keep the change: ")
    assert "can't be reached" in report.reason
    assert report.switches["leaf2"].outcome == "rolls back by itself"
    assert {report.switches[n].outcome for n in ("leaf1", "leaf3")} == {"rolled back"}
    lab.switch("leaf2").restart_agent()
    assert having(switches) == []


def test_an_unreachable_switch(switches: dict[str, Switch]) -> None:
    gone = Switch("https://127.0.0.1:1", username="a", password="b")
    report = FabricChange({**switches, "leaf2": gone}, dict.fromkeys(NAMES, WEB)).run()
    assert report.reason == f"leaf2 can't do it: {report.switches['leaf2'].error}" and having(switches) == []
    assert "can't be reached" in report.switches["leaf2"].error


def test_the_reason_is_short_where_many_fail(switches: dict[str, Switch]) -> None:
    long = [f"set vlans vlan-id 10 vlan-name {'x' * 400}", *BROKEN]
    many = {f"copy{number}": switches["leaf2"] for number in range(5)}
    report = FabricChange({**switches, **many}, {"leaf1": long, **dict.fromkeys(many, BROKEN)}).run()
    assert [s.outcome for s in report.switches.values()] == ["failed"] * 6
    assert report.reason.startswith("leaf1 can't do it: ") and report.reason.endswith("; and 3 more")
    assert "copy1 can't do it: interface" in report.reason and "copy2" not in report.reason
    assert len(report.reason) < 1000


def test_a_name_that_isnt_there(switches: dict[str, Switch]) -> None:
    with pytest.raises(ValueError, match="no switch leaf9"):
        FabricChange(switches, {"leaf9": WEB}).run()
