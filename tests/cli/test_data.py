"""What the command line tells programs: data and errors as JSON, revisions, operations."""

from __future__ import annotations

import json

from connetos_sdk import Switch
from tests.cli.conftest import CommandLine, Open
from tests.cli.test_pipes_and_completion import SETUP


def test_data_of_operational_commands_as_json(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines(SETUP)
    for command, path in (
        ("show vlans", "vlans"),
        ("show vlans vlan-id 210", "vlans vlan-id 210"),
        ("show vlan-interface vlan210", "vlan-interface interface vlan210"),
        ("show interface management-ethernet eth0", "interface management-ethernet eth0"),
        ("show state interface", "interface"),
        ("show state vlans vlan-id 210 tagged", "vlans vlan-id 210 tagged"),
    ):
        assert json.loads(cli(f"{command} | display json").text) == switch.state(path), command
    assert json.loads(cli("show version | display json").text)["revision"] == switch.revision()
    assert json.loads(cli("show state").text).keys() == switch.state().keys()
    assert cli("show vlans | display json | match storage").text.strip() == '"vlan-name": "storage",'
    refused = cli("show host date | display json")
    assert not refused.ok
    assert "has no data" in refused.text


def test_errors_as_json_keep_their_class_path_and_hint(cli: CommandLine, open_cli: Open) -> None:
    def error(line: str) -> dict[str, object]:
        answer = cli(f"{line} | display json")
        assert not answer.ok
        found: dict[str, object] = json.loads(answer.text)
        return found

    assert error("show vlans vlan-id 99")["code"] == "not-found"
    assert error("show nothing")["code"] == "bad-request"
    cli("configure | display json")
    wrong = error("set vlans vlan-id 5000")
    assert (wrong["code"], wrong["problems"][0]["path"]) == ("parse-error", ["vlans", "vlan-id"])  # type: ignore[index]
    assert cli("set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99").ok
    assert error("commit")["code"] == "broken-reference"
    assert error("commit check")["code"] == "broken-reference"
    open_cli()("configure")
    cli("exit discard")
    assert error("configure exclusive")["code"] == "locked"


def test_revisions_and_what_they_changed(cli: CommandLine, switch: Switch) -> None:
    first = switch.apply_lines("set vlans vlan-id 10", comment="ten").revision
    second = switch.apply_lines("set vlans vlan-id 20").revision
    rows = cli("show system commit").text.splitlines()
    assert rows[3].split()[:2] == ["1", str(first)]
    assert rows[3].endswith("ten")
    kept = json.loads(cli("show system commit | display json").text)
    assert [entry["id"] for entry in kept] == [entry.id for entry in switch.revisions()]
    assert cli(f"show system commit changes {second}").text == "set vlans vlan-id 20\n"
    assert "-   vlan-id 20" in cli(f"show system commit changes {first} against {second}").text
    lines = cli(f"show system commit configuration {first} | display set | match vlans").text
    assert lines == "set vlans vlan-id 10\n"
    assert not cli("show system commit changes 999999").ok


def test_what_the_switch_boots_with(cli: CommandLine, switch: Switch) -> None:
    switch.save()
    switch.apply_lines("set vlans vlan-id 10")
    assert "vlan-id 10" not in cli("show startup-config").text
    assert json.loads(cli("show startup-config | display json").text) == switch.config(source="startup")
    switch.save()
    assert "    vlan-id 10\n" in cli("show startup-config").text


def test_commit_tells_what_it_did_as_json(cli: CommandLine, switch: Switch) -> None:
    cli("configure")
    cli("set vlans vlan-id 10")
    assert cli("compare | display set").text == "set vlans vlan-id 10\n"
    planned = json.loads(cli("commit check | display json").text)
    assert (planned["dry_run"], planned["changed"]) == (True, True)
    done = json.loads(cli('commit confirmed 60 comment "web tier" | display json').text)
    assert done["revision"] == switch.revision() == planned["revision"]
    assert done["confirm_deadline"]
    assert switch.revisions()[0].comment == "web tier"
    assert json.loads(cli("rollback 1 | display json").text)["set_lines"] == "delete vlans vlan-id 10\n"
    assert not cli("commit comment").ok
    assert not cli(f"commit comment {'x' * 600}").ok


def test_operations_are_requested_with_words(cli: CommandLine, switch: Switch) -> None:
    before = switch.revision()
    switch.apply_lines("set vlans vlan-id 10")
    assert cli.words("request ro") == ["rollback"]
    assert "revision" in cli.words("request rollback ")
    assert cli.words("request save source ") == ["running", "default"]
    assert json.loads(cli(f"request rollback revision {before} comment back").text)["changed"] is True
    assert switch.revisions()[0].comment == "back"
    for wrong in ("request", "request fly", "request rollback revision", "request rollback revision x",
                  "request rollback back 1", "request confirm"):  # fmt: skip
        assert not cli(wrong).ok, wrong
