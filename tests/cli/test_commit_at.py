"""`commit at`: checked now, committed later."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BrokenReference, Locked, NotFound
from connetos_sdk.lab import Lab
from tests.cli.conftest import CommandLine, Open
from tests.conftest import connect
from tests.waiting import until


def soon(seconds: float) -> datetime:
    return datetime.now().astimezone() + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def _nothing_waits(switch: Switch) -> None:
    if switch.system().scheduled:
        switch.cancel_scheduled()


def test_a_commit_waits_for_its_time(cli: CommandLine, switch: Switch) -> None:
    cli("configure")
    cli("set vlans vlan-id 42")
    at = soon(2)
    answer = cli(f"commit at {at:%Y.%m.%d-%H:%M:%S}")
    assert answer.text.splitlines()[0] == "Waiting for merging configuration."
    assert answer.text.splitlines()[1] == f"Commit scheduled for {at:%Y-%m-%d %H:%M:%S %Z}."
    assert f"A commit of user root is scheduled for {at:%Y-%m-%d %H:%M:%S %Z}.\n" in cli("status").text
    assert "42" not in switch.config("vlans").get("vlan-id", {})
    assert cli("exit").text == "Leave configuration mode.\n"  # nothing uncommitted is left in the candidate
    until(lambda: "42" in switch.config("vlans").get("vlan-id", {}))
    assert switch.revisions()[0].comment.startswith("scheduled for ")
    assert switch.system().scheduled is None


def test_clear_system_commit_drops_it(cli: CommandLine, switch: Switch) -> None:
    assert cli("clear system commit").text == "No commit is scheduled.\n"
    with switch.configure(comment="later") as change:
        change.set("vlans vlan-id 43")
        change.schedule(soon(3600))
    scheduled = switch.system().scheduled
    assert scheduled is not None
    assert scheduled["comment"] == "later"
    assert cli("clear system commit").text.startswith("The commit scheduled for ")
    assert switch.system().scheduled is None
    with pytest.raises(NotFound):
        switch.cancel_scheduled()


def test_it_is_checked_at_once(cli: CommandLine, switch: Switch) -> None:
    cli("configure")
    cli("set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 4000")
    answer = cli("commit at 23:30:00")
    assert not answer.ok
    assert "4000" in answer.text
    assert switch.system().scheduled is None
    cli("discard")
    with switch.configure() as change:
        change.set("interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 4000")
        with pytest.raises(BrokenReference):
            change.schedule(soon(60))
        change.discard()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("commit at yesterday", "yesterday is no time"),
        ("commit at 2018.02.09-09:41", "is over"),
        ("commit at", "at"),
        ("commit at 23:30 confirmed 60", "neither check nor confirmed"),
    ],
)
def test_what_is_no_time_to_come_is_refused(cli: CommandLine, line: str, reason: str) -> None:
    cli("configure")
    cli("set vlans vlan-id 44")
    answer = cli(line)
    assert not answer.ok
    assert reason in answer.text
    assert cli("compare").text  # the candidate is as it was


def test_one_waits_at_most(open_cli: Open, switch: Switch) -> None:
    with switch.configure() as change:
        change.set("vlans vlan-id 45")
        change.schedule(soon(3600))
    with switch.configure() as second:
        second.set("vlans vlan-id 46")
        with pytest.raises(Locked, match="scheduled for"):
            second.schedule(soon(60))
        second.discard()
    cli = open_cli()
    cli("configure")
    assert cli("commit at 23:30").text.endswith(
        "ERROR: the candidate changes nothing (set or delete something first)\n"
    )
    switch.cancel_scheduled()


def test_a_conflict_at_that_time_changes_nothing_and_is_told(switch: Switch) -> None:
    events = switch.events()
    with switch.configure() as change:
        change.set("system hostname planned")
        change.schedule(soon(2))
    switch.merge({"system": {"hostname": "urgent"}})
    failed = next(event for event in events if event.kind == "scheduled-commit-failed")
    assert "hostname" in failed.data["reason"]
    assert switch.config("system hostname") == "urgent"
    assert switch.system().scheduled is None


def test_whoever_may_not_configure_any_more_changes_nothing_then(memory_lab: Lab, switch: Switch) -> None:
    login = {"authentication": {"plain-text-password": "soon-only-looking"}, "class": "super-user"}
    switch.merge({"system": {"login": {"user": {"carol": login}}}})
    events = switch.events()
    leaf1 = memory_lab.switch("leaf1")
    with connect(leaf1, username="carol", password="soon-only-looking") as carol, carol.configure() as change:
        change.set("vlans vlan-id 48")
        change.schedule(soon(3))
    switch.apply_lines("set system login user carol class read-only")
    failed = next(event for event in events if event.kind == "scheduled-commit-failed")
    assert "carol may not configure any more" in failed.data["reason"]
    assert "48" not in switch.config("vlans", defaults=True).get("vlan-id", {})


def test_it_waits_through_a_restart_of_the_agent_but_not_through_a_reboot(memory_lab: Lab) -> None:
    leaf = next(iter(memory_lab.switches))
    with connect(leaf) as switch:
        with switch.configure(comment="over the restart") as change:
            change.set("vlans vlan-id 47")
            change.schedule(soon(4))
        leaf.restart_agent()
        until(lambda: "47" in switch.config("vlans").get("vlan-id", {}))
        assert switch.revisions()[0].comment == "over the restart"
        with switch.configure() as change:
            change.set("vlans vlan-id 48")
            change.schedule(soon(3600))
        leaf.reboot()
        assert switch.system().scheduled is None
