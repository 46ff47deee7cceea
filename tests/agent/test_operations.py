"""Operations over REST: who may, with which arguments, and answers that tell as they go."""

from __future__ import annotations

import json

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, NotFound
from tests.agent.conftest import assert_refused

TELL = {"accept": "application/x-ndjson"}


def test_an_answer_in_lines_ends_with_the_result(api: httpx.Client) -> None:
    answer = api.post("rpc/save", json={}, headers=TELL)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"result": {"saved": "running"}}]


def test_an_answer_in_lines_ends_with_the_error(api: httpx.Client) -> None:
    last = json.loads(api.post("rpc/confirm", json={}, headers=TELL).text.splitlines()[-1])
    assert last["error"]["code"] == "not-found"
    assert last["error"]["problems"][0]["hint"]


def test_wrong_arguments_are_refused_before_an_answer_begins(api: httpx.Client) -> None:
    assert_refused(api.post("rpc/rollback", json={"back": 1}, headers=TELL), 400, "bad-request")


def test_all_that_is_wrong_is_told_at_once(api: httpx.Client) -> None:
    answer = api.post("rpc/rollback", json={"rollback": "one", "confirm": 0, "coment": ""}).json()
    assert [problem["path"] for problem in answer["problems"]] == [["rollback"], ["confirm"], []]
    assert answer["problems"][2]["hint"] == "did you mean comment?"


def test_the_sdk_is_told_progress_or_only_the_result(switch: Switch) -> None:
    told: list[object] = []
    assert switch.transport.call("save", {}, told.append) == switch.transport.call("save", {})
    assert told == []  # saving is quick: there is nothing to tell
    with pytest.raises(NotFound, match="no commit waits"):
        switch.transport.call("confirm", {}, told.append)


def test_an_operation_that_isnt_there_names_those_that_are(api: httpx.Client) -> None:
    answer = assert_refused(api.post("rpc/fly", json={}), 404, "not-found")
    assert "rollback" in answer["problems"][0]["hint"]


def test_a_command_of_the_cli(switch: Switch) -> None:
    assert switch.cli("show vlans | match Vlan | count") == "Count: 1 lines\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("show bogus", '"bogus" is not recognized'),
        ("configure exclusive", "isn't an operational command"),
        ("exit", "isn't an operational command"),
        ("show vlans | match (", "isn't a regular expression"),
        ("show vlans\nshow version", "one line"),
        ("", "one line"),
    ],
)
def test_what_isnt_an_operational_command(switch: Switch, command: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        switch.cli(command)
    with switch.configure(exclusive=True):
        pass  # nobody is in configuration mode
