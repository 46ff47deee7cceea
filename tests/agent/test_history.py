"""Commits that must be confirmed, revisions, roll backs, the startup configuration, events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import orjson
import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, Locked, NotFound
from tests.agent.conftest import assert_refused


@contextmanager
def listening(api: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    """Events of the switch from now on."""
    with api.stream("GET", "events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": listening"
        yield (orjson.loads(line[6:]) for line in lines if line.startswith("data: "))


def follow(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["kind"] == kind)


def test_a_commit_is_told_to_who_listens(switch: Switch, api: httpx.Client) -> None:
    with listening(api) as events:
        result = switch.merge({"vlans": {"vlan-id": {"10": {}}}}, comment="web servers")
        event = follow(events, "commit")
    assert event["revision"] == result.revision
    assert event["user"] == "admin"
    assert event["via"] == "rest"
    assert event["comment"] == "web servers"
    assert abs(event["time"] - time.time()) < 10


def test_listeners_that_left_make_room(api: httpx.Client) -> None:
    for _ in range(80):
        with listening(api):
            pass


def test_there_are_not_endlessly_many_listeners(api: httpx.Client) -> None:
    with ExitStack() as listeners:
        for _ in range(64):
            listeners.enter_context(listening(api))
        assert_refused(api.get("events"), 429, "too-many")
        assert api.get("config").status_code == 200


def test_a_commit_that_nobody_confirms_rolls_back(switch: Switch, api: httpx.Client) -> None:
    before = switch.config()
    with listening(api) as events:
        result = switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=1)
        assert result.confirm_deadline
        assert switch.config("vlans vlan-id") == {"10": {}}
        event = follow(events, "rolled-back")
    assert event["revision"] == result.revision
    assert event["running"] == switch.revision() == result.revision + 1
    assert switch.config() == before
    with pytest.raises(NotFound):
        switch.confirm()


def test_a_commit_that_is_confirmed_stays(switch: Switch, api: httpx.Client) -> None:
    with listening(api) as events:
        result = switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=30)
        assert switch.confirm() == result.revision
        assert follow(events, "confirmed")["revision"] == result.revision
    assert switch.system().confirm is None
    assert switch.config("vlans vlan-id") == {"10": {}}


def test_a_second_commit_confirms_the_first(switch: Switch) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=30)
    switch.merge({"vlans": {"vlan-id": {"20": {}}}})
    with pytest.raises(NotFound):
        switch.confirm()


def test_a_pending_commit_can_be_cancelled(switch: Switch) -> None:
    before = switch.config()
    switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=30)
    switch.merge({"vlans": {"vlan-id": {"20": {}}}}, confirm=30)
    switch.cancel_confirmed()
    assert switch.config() == before


def test_a_dry_run_confirms_nothing(switch: Switch) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=30)
    switch.merge({"vlans": {"vlan-id": {"20": {}}}}, dry_run=True)
    assert switch.system().confirm
    switch.cancel_confirmed()


def test_while_a_commit_is_pending_nobody_else_commits_or_saves(switch: Switch, second: httpx.Client) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {}}}}, confirm=30)
    assert_refused(second.put("config/system/hostname", json="x"), 423, "locked")
    with pytest.raises(Locked):
        switch.save()
    switch.cancel_confirmed()


def test_a_change_of_nothing_with_confirm_waits_for_nobody(switch: Switch) -> None:
    result = switch.merge({}, confirm=5)
    assert result.confirm_deadline is None
    with pytest.raises(NotFound):
        switch.confirm()


def test_revisions_tell_who_when_and_why(switch: Switch) -> None:
    result = switch.merge({"vlans": {"vlan-id": {"10": {}}}}, comment="web servers")
    newest, previous = switch.revisions()[:2]
    assert (newest.id, newest.parent, newest.rollback) == (result.revision, previous.id, 0)
    assert (newest.user, newest.via, newest.comment) == ("admin", "rest", "web servers")
    assert switch.revision_diff(newest.id) == "set vlans vlan-id 10\n"
    assert "vlan-id 10" in switch.revision_diff(newest.id, previous.id)


def test_fifty_revisions_are_kept_and_each_can_be_rolled_back_to(box: Switch) -> None:
    first = box.revision()
    names = {box.merge({"system": {"hostname": f"h{n}"}}).revision: f"h{n}" for n in range(55)}
    kept = box.revisions()
    assert [revision.rollback for revision in kept] == list(range(50))
    assert kept[0].id == max(names)
    with pytest.raises(NotFound):
        box.rollback(revision=first)
    with pytest.raises(NotFound):
        box.rollback(50)
    for index in (-1, 10**30):
        with pytest.raises(BadRequest, match="out of range"):
            box.rollback(index)
    for revision in reversed(kept):
        box.rollback(revision=revision.id)
        assert box.config("system hostname") == names[revision.id]
        assert box.config(source=f"revision/{box.revision()}") == box.config()
    box.merge({"system": {"hostname": "last"}})
    box.rollback(1)
    assert box.config("system hostname") == names[kept[0].id]
    assert not box.rollback(0).changed
