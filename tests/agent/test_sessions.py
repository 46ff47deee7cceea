"""Candidates: sessions that edit apart, conflict, lock each other out, and belong to one user."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from connetos_agent.config.sessions import IDLE_SECONDS, Caller, Sessions
from connetos_sdk import Switch
from connetos_sdk.errors import Conflict, Locked, NotFound, PreconditionFailed, RuleViolation
from tests.agent.conftest import TEXT, add_user, assert_refused


def test_two_writers_with_the_same_etag_second_is_refused(
    leaf1: object, api: httpx.Client, second: httpx.Client
) -> None:
    tag = api.get("config").headers["etag"]
    gate = Barrier(2)

    def write(client: httpx.Client, name: str) -> httpx.Response:
        gate.wait()
        return client.put("config/system/hostname", json=name, headers={"if-match": tag})

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(write, (api, second), ("from-a", "from-b")))
    winner, loser = sorted(answers, key=lambda answer: answer.status_code)
    assert winner.status_code == 200
    assert_refused(loser, 412, "precondition-failed")
    name = "from-a" if answers[0] is winner else "from-b"
    assert api.get("config/system/hostname").json() == name
    assert api.get("config").headers["etag"] == winner.headers["etag"]


def test_many_writers_all_get_their_turn(api: httpx.Client, switch: Switch) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(
            threads.map(lambda n: switch.merge({"vlans": {"vlan-id": {str(n): {}}}}), range(100, 130))
        )
    assert len({result.revision for result in results}) == 30
    assert set(map(int, switch.config("vlans vlan-id"))) >= set(range(100, 130))


def test_a_change_for_an_old_revision_is_refused(switch: Switch) -> None:
    old = switch.revision()
    switch.merge({"system": {"hostname": "a"}}, if_revision=old)
    with pytest.raises(PreconditionFailed):
        switch.merge({"system": {"hostname": "b"}}, if_revision=old)
    with pytest.raises(PreconditionFailed):
        switch.delete("system hostname", if_revision=old, dry_run=True)
    assert switch.config("system hostname") == "a"


def test_what_a_session_edits_is_not_running_before_the_commit(switch: Switch, still: None) -> None:
    with pytest.raises(RuntimeError, match="enough"), switch.configure() as change:
        change.set("vlans vlan-id 10 vlan-name web")
        change.merge({"vlans": {"vlan-id": {"20": {}}}})
        assert change.config("vlans vlan-id") == {"10": {"vlan-name": "web"}, "20": {}}
        assert change.check().changed
        assert "vlan-id 10" in change.diff("set")
        raise RuntimeError("enough")


def test_discard_begins_again_from_running(switch: Switch, still: None) -> None:
    with switch.configure() as change:
        change.set("vlans vlan-id 10")
        change.discard()
        assert change.diff() == ""


def test_a_line_that_is_wrong_leaves_the_candidate_as_it_was(api: httpx.Client, still: None) -> None:
    session = api.post("sessions").json()["id"]
    lines = f"sessions/{session}/lines"
    assert api.post(lines, content="set vlans vlan-id 10", headers=TEXT).status_code == 200
    assert_refused(
        api.post(lines, content="set vlans vlan-id 20\nset nothing", headers=TEXT), 400, "parse-error"
    )
    assert_refused(
        api.post(lines, content="set vlans vlan-id 30\ndelete vlans vlan-id 40", headers=TEXT),
        404,
        "not-found",
    )
    assert api.get(f"sessions/{session}/config/vlans/vlan-id").json() == {"10": {}}
    assert api.delete(f"sessions/{session}").status_code == 204
    assert_refused(api.get(f"sessions/{session}"), 404, "not-found")


def test_lines_may_begin_with_a_comment_and_delete(switch: Switch) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {}, "20": {}}}})
    with switch.configure() as change:
        change.load("# no longer used\ndelete vlans vlan-id 10\n")
    switch.apply_lines("\n# nor this\ndelete vlans vlan-id 20\n")
    assert "vlans" not in switch.config()


def test_braces_may_begin_with_a_comment(api: httpx.Client) -> None:
    text = "# of today\nvlans {\n    vlan-id 10\n}\n"
    assert api.patch("config", content=text, headers=TEXT).status_code == 200
    assert api.get("config/vlans/vlan-id").json() == {"10": {}}


def test_sessions_that_change_different_things_both_commit(switch: Switch) -> None:
    with switch.configure() as first, switch.configure() as second:
        first.set("vlans vlan-id 10 vlan-name web")
        second.set("vlans vlan-id 10 description x")
        second.set("vlans vlan-id 20")
        first.commit()
        second.commit()
    assert switch.config("vlans vlan-id") == {"10": {"vlan-name": "web", "description": "x"}, "20": {}}


def test_sessions_that_change_the_same_leaf_conflict(switch: Switch) -> None:
    with switch.configure() as first, switch.configure() as second:
        first.set("system hostname a")
        second.set("system hostname b")
        second.set("vlans vlan-id 20")
        first.commit()
        with pytest.raises(Conflict) as caught:
            second.commit()
        assert caught.value.path == ("system", "hostname")
        second.discard()
    assert switch.config("system hostname") == "a"
    assert "vlans" not in switch.config()


def test_two_valid_sessions_that_do_not_fit_together_are_refused(switch: Switch) -> None:
    switching = "interface gigabit-ethernet te-1/1/1 family ethernet-switching"
    switch.apply_lines(f"set vlans vlan-id 10\nset {switching} port-mode trunk")
    with switch.configure() as first, switch.configure() as second:
        first.delete(f"{switching} port-mode")
        second.set(f"{switching} vlan members 10")
        first.commit()
        with pytest.raises(RuleViolation):
            second.commit()
        second.discard()


def test_an_exclusive_session_keeps_everybody_else_out(
    switch: Switch, api: httpx.Client, second: httpx.Client
) -> None:
    opened = api.post("sessions", json={"exclusive": True}).json()
    session = f"sessions/{opened['id']}"
    for other in (api, second):
        assert_refused(other.put("config/system/hostname", json="x"), 423, "locked")
        assert_refused(other.post("sessions"), 423, "locked")
        assert_refused(other.post("rpc/rollback", json={"rollback": 1}), 423, "locked")
    assert api.get("config").status_code == 200
    assert api.post(f"{session}/lines", content="set system hostname mine", headers=TEXT).status_code == 200
    assert api.post(f"{session}/commit").json()["changed"]
    assert api.delete(session).status_code == 204
    assert second.put("config/system/hostname", json="yours").status_code == 200


def test_exclusive_is_refused_while_others_configure(switch: Switch, second: httpx.Client) -> None:
    with switch.configure() as change:
        assert_refused(second.post("sessions", json={"exclusive": True}), 423, "locked")
        change.discard()
    answer = second.post("sessions", json={"exclusive": True})
    assert answer.status_code == 201
    with pytest.raises(Locked, match="second"), switch.configure():
        pass
    second.delete(f"sessions/{answer.json()['id']}")


def test_a_session_of_another_user_cannot_be_used(api: httpx.Client, second: httpx.Client) -> None:
    session = f"sessions/{api.post('sessions').json()['id']}"
    api.post(f"{session}/lines", content="set vlans vlan-id 10", headers=TEXT)
    for answer in (
        second.get(session), second.get(f"{session}/config"), second.get(f"{session}/diff"), second.delete(session),
        second.post(f"{session}/commit"), second.post(f"{session}/lines", content="set vlans vlan-id 11", headers=TEXT),
    ):  # fmt: skip
        assert_refused(answer, 404, "not-found")
    assert api.get(f"{session}/config/vlans/vlan-id").json() == {"10": {}}
    api.delete(session)


def test_a_user_who_lost_the_right_to_configure_cannot_commit_an_old_session(
    switch: Switch, second: httpx.Client
) -> None:
    session = f"sessions/{second.post('sessions').json()['id']}"
    second.post(f"{session}/lines", content="set vlans vlan-id 10", headers=TEXT)
    switch.merge({"system": {"login": {"user": {"second": {"class": "read-only"}}}}})
    before = switch.config()
    assert_refused(second.post(f"{session}/commit"), 403, "permission-denied")
    assert_refused(
        second.post(f"{session}/lines", content="set vlans vlan-id 11", headers=TEXT),
        403,
        "permission-denied",
    )
    assert switch.config() == before
    add_user(switch, ("second", "second-admin-1"), "super-user")
    assert second.delete(session).status_code == 204


def test_there_are_not_endlessly_many_sessions(api: httpx.Client) -> None:
    opened = []
    while (answer := api.post("sessions")).status_code == 201:
        opened.append(answer.json()["id"])
    assert_refused(answer, 423, "locked")
    assert len(opened) == 64
    for session in opened:
        api.delete(f"sessions/{session}")


def test_a_dry_run_changes_nothing(switch: Switch, api: httpx.Client, unchanged: Callable[[], None]) -> None:
    result = switch.merge({"vlans": {"vlan-id": {"10": {}}}}, dry_run=True)
    assert result.changed
    assert result.plan
    assert switch.rollback(1, dry_run=True).dry_run
    with switch.configure() as change:
        change.set("system hostname x")
        assert change.check().dry_run
        change.discard()
    unchanged()


def test_a_change_that_changes_nothing_makes_no_revision(switch: Switch, still: None) -> None:
    result = switch.merge(switch.config("interface"), "interface")
    assert not result.changed
    assert result.revision == switch.revision()


@pytest.mark.parametrize(
    "path", [("vlans", "vlan-id", ""), ("vlans", "vlan-id", ".."), ("vlans", "", "vlan-id")]
)
def test_a_word_that_is_empty_or_dots_deletes_nothing_above_it(switch: Switch, path: tuple[str, ...]) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {}, "20": {}}}})
    with pytest.raises(NotFound):
        switch.delete(path)
    assert switch.config("vlans vlan-id") == {"10": {}, "20": {}}


def test_an_exclusive_session_that_idles_too_long_lets_others_in() -> None:
    sessions = Sessions()
    session = sessions.open(Caller("admin", "super-user", "rest"), {}, 1, exclusive=True)
    session.used -= IDLE_SECONDS + 1
    sessions.check_lock(None)
    assert sessions.all() == []


def test_a_session_deletes_a_list_entry_although_somebody_else_commits_meanwhile(switch: Switch) -> None:
    switch.merge({"vlans": {"vlan-id": {"10": {"description": "old"}}}})
    with switch.configure() as change:
        change.delete("vlans vlan-id 10")
        switch.merge({"vlans": {"vlan-id": {"20": {}}}})
    assert switch.config("vlans vlan-id") == {"20": {}}
