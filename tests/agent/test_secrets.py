"""Passwords go in and never come out: not in configurations, differences, events, errors or the log."""

from __future__ import annotations

import json

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConfigError
from connetos_sdk.lab.lab import LabSwitch
from tests.agent.conftest import TEXT, add_user, assert_refused, client

PASSWORD = "Correct horse, battery \u20ac"
BOB = ("bob", PASSWORD)
PATH = "system login user bob authentication"


def hash_of_bob(switch: Switch) -> str:
    found: str = switch.config(PATH, secrets=True)["encrypted-password"]
    return found


def test_a_password_is_kept_as_a_salted_hash_only(switch: Switch, leaf1: LabSwitch) -> None:
    add_user(switch, BOB, "super-user")
    assert set(switch.config(PATH, secrets=True)) == {"encrypted-password"}
    first = hash_of_bob(switch)
    assert first.startswith("$6$")
    switch.delete("system login user bob")
    add_user(switch, BOB, "super-user")
    assert hash_of_bob(switch) != first
    with client(leaf1, *BOB) as bob:
        assert bob.get("config").status_code == 200


def test_setting_the_same_password_again_is_no_change(switch: Switch) -> None:
    add_user(switch, BOB, "super-user")
    before = switch.revision(), hash_of_bob(switch)
    result = switch.apply_lines(f'set {PATH} plain-text-password "{PASSWORD}"')
    assert not result.changed
    assert (switch.revision(), hash_of_bob(switch)) == before


def test_what_was_read_can_be_written_back(switch: Switch, leaf1: LabSwitch) -> None:
    add_user(switch, BOB, "super-user")
    before = hash_of_bob(switch)
    shown = switch.config()
    assert shown["system"]["login"]["user"]["bob"]["authentication"] == {"encrypted-password": "********"}
    assert not switch.replace(shown).changed
    for form in ("text", "set"):
        with switch.configure() as change:
            change.load(switch.config_text(form=form))
            assert not change.check().changed
    shown["system"]["hostname"] = "other"
    assert switch.replace(shown).changed
    assert hash_of_bob(switch) == before


@pytest.mark.parametrize("leaf", ["encrypted-password", "plain-text-password"])
def test_a_mask_where_there_is_no_secret_is_refused(switch: Switch, still: None, leaf: str) -> None:
    with pytest.raises(ConfigError) as caught:
        switch.apply_lines(f'set system login user carol authentication {leaf} "********"')
    assert caught.value.path == ("system", "login", "user", "carol", "authentication", leaf)


def test_neither_password_nor_hash_is_ever_shown(switch: Switch, leaf1: LabSwitch, api: httpx.Client) -> None:
    with api.stream("GET", "events") as events:
        lines = events.iter_lines()
        assert next(lines).startswith(":")
        with switch.configure(comment="new user") as change:
            change.set(f'{PATH} plain-text-password "{PASSWORD}"')
            seen = [change.diff(), change.diff("set"), json.dumps(change.config()), str(change.check())]
            seen.append(str(change.commit()))
        told = ""
        while "commit" not in told:
            told += next(lines)
        seen.append(told)
    secret = hash_of_bob(switch)
    newest, *_, oldest = api.get("revisions").json()["revisions"]
    for path in (
        "config", "config?format=text", "config?format=set", "config?defaults=true", f"revisions/{newest['id']}/diff",
        f"revisions/{newest['id']}/config", f"revisions/{newest['id']}/diff?against={oldest['id']}", "state", "revisions",
        f"revisions/{newest['id']}/diff?against={oldest['id']}&format=set", "startup", "startup?format=text",
        f"config/{PATH.replace(' ', '/')}/encrypted-password",
    ):  # fmt: skip
        answer = api.get(path)
        assert answer.status_code == 200, path
        seen.append(answer.text)
    for wrong in (f'set {PATH} plain-text-password "{PASSWORD}" x', f'delete {PATH} plain-text-password "{PASSWORD}"',
                  f"system {{ login {{ user bob {{ authentication {{ plain-text-password: {PASSWORD}"):  # fmt: skip
        refused = api.patch("config", content=wrong.encode(), headers=TEXT)
        assert_refused(refused, 400, "parse-error")
        seen.append(refused.text)
    for wrong_json in (PASSWORD + "\x07", [PASSWORD], {PASSWORD: 1}):
        refused = api.put(f"config/{PATH.replace(' ', '/')}/plain-text-password", json=wrong_json)
        assert_refused(refused, 422, "invalid-value")
        seen.append(refused.text)
    seen.append(leaf1.agent_log.read_text())
    for text in seen:
        for hidden in (PASSWORD, json.dumps(PASSWORD)[1:-1], "battery", secret):
            assert hidden not in text


def test_files_with_secrets_are_for_the_owner_only(leaf1: LabSwitch, switch: Switch) -> None:
    switch.save()
    for path in (leaf1.files.state, *leaf1.files.state.rglob("*"), leaf1.files.run):
        if path.name != "certificate.pem":
            assert path.stat().st_mode & 0o077 == 0, path
