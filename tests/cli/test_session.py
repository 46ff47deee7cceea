"""A session at the switch: modes, levels, refusals, messages (spec/cli/show-formats.yaml)."""

from __future__ import annotations

import time

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.cli.conftest import CommandLine, Open

PORT = "interface gigabit-ethernet te-1/1/1"


def test_login_lands_in_operational_mode(cli: CommandLine) -> None:
    assert cli.greeting["banner"] == "Welcome to switch CLI shell."
    assert (cli.greeting["prompt"], cli.greeting["mode"]) == ("leaf1> ", 1)


def test_entering_and_leaving_configuration_mode(cli: CommandLine) -> None:
    answer = cli("configure")
    assert answer.text == "Entering configuration mode.\nThere are no other users in configuration mode.\n"
    assert (answer.mode, answer.prompt) == (2, "leaf1# ")
    answer = cli("exit")
    assert (answer.text, answer.mode, answer.prompt) == ("Leave configuration mode.\n", 1, "leaf1> ")
    assert cli("exit").ended


def test_others_in_configuration_mode_are_told(open_cli: Open, memory_lab: Lab) -> None:
    first, second = open_cli(), open_cli()
    first("configure")
    assert second("configure").text.splitlines()[1] == "User root is also in configuration mode."
    assert second("status").text == "User root is also in configuration mode.\n"
    first("exit")
    assert second("status").text == "There are no other users in configuration mode.\n"


def test_exclusive_is_refused_while_others_configure_and_locks_them_out_otherwise(open_cli: Open) -> None:
    first, second = open_cli(), open_cli()
    first("configure")
    assert second("configure exclusive").text == (
        "ERROR: Exclusive config mode requested, but there are already other configuration mode users: root.\n"
    )
    first("exit")
    assert second("configure exclusive").ok
    assert not first("configure").ok
    second.close()
    end = time.monotonic() + 5
    while not first("configure").ok:
        assert time.monotonic() < end, "a dropped connection must free its lock"
        time.sleep(0.02)


def test_leaving_with_uncommitted_changes_is_refused(cli: CommandLine) -> None:
    cli("configure")
    cli("set vlans vlan-id 10")
    for word in ("exit", "quit", "exit configuration-mode"):
        answer = cli(word)
        assert (answer.text, answer.ok, answer.mode) == ("ERROR: There are uncommitted changes.\n", False, 2)
    assert cli("exit discard").text == "Leave configuration mode.\n"


def test_commit_activates_and_the_prompt_follows_the_host_name(cli: CommandLine, switch: Switch) -> None:
    cli("configure")
    cli("set system hostname spine-3")
    answer = cli("commit comment ticket-42")
    assert answer.text == "Waiting for merging configuration.\nCommit OK.\n"
    assert answer.prompt == "spine-3# "
    newest = switch.revisions()[0]
    assert (newest.user, newest.via, newest.comment) == ("root", "test", "ticket-42")


def test_a_commit_that_is_not_valid_says_where_and_keeps_the_candidate(
    cli: CommandLine, switch: Switch
) -> None:
    before = switch.revision()
    cli("configure")
    cli(f"set {PORT} family ethernet-switching native-vlan-id 99")
    answer = cli("commit")
    assert not answer.ok
    assert "vlans vlan-id 99 isn't configured (set vlans vlan-id 99 first)" in answer.text
    assert switch.revision() == before
    cli("set vlans vlan-id 99")
    assert cli("commit check").text == "Configuration check succeeds.\n"
    assert switch.revision() == before
    assert cli("commit").ok


def test_commit_confirmed_rolls_back_unless_committed_again(cli: CommandLine, switch: Switch) -> None:
    cli("configure")
    cli("set vlans vlan-id 10")
    assert "rolls back in 60 seconds" in cli("commit confirmed 60").text
    assert cli("commit").ok
    assert switch.system().confirm is None
    cli("set vlans vlan-id 20")
    cli("commit confirmed 1")
    end = time.monotonic() + 5
    while "20" in switch.config("vlans vlan-id"):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_edit_levels(cli: CommandLine) -> None:
    cli("configure")
    assert cli(f"edit {PORT}").prompt == f"[edit {PORT}]\nleaf1# "
    cli("set mtu 9000")
    assert "+   mtu: 9000\n" in cli("show").text
    assert cli("up").prompt == "leaf1# ".join(["[edit interface]\n", ""])
    assert cli("top").prompt == "leaf1# "
    assert cli("up").prompt == "leaf1# ", "up never leaves configuration mode"
    cli("edit vlans")
    assert cli("exit").prompt == "leaf1# "
    assert cli("edit vlans nothing").text.startswith('ERROR: path "vlans nothing" is not valid.')


def test_show_marks_what_is_not_committed(cli: CommandLine) -> None:
    cli("configure")
    cli('set vlans vlan-id 10 vlan-name "web tier"')
    assert cli("show vlans").text == (
        "Waiting for building configuration.\n"
        "    vlan-id 1 {\n"
        '        description: ""\n'
        '        vlan-name: "default"\n'
        '        l3-interface: ""\n'
        "    }\n"
        "+   vlan-id 10 {\n"
        '+       description: ""\n'
        '+       vlan-name: "web tier"\n'
        '+       l3-interface: ""\n'
        "+   }\n"
    )
    cli("commit")
    assert "+" not in cli("show vlans").text


def test_delete_shows_what_goes(cli: CommandLine) -> None:
    cli("configure")
    cli('set vlans vlan-id 10 vlan-name "x"')
    assert cli("delete vlans vlan-id 10").text == (
        'Deleting: \n    vlan-id 10 {\n        vlan-name: "x"\n    }\nOK \n'
    )
    assert not cli("delete vlans vlan-id 10").ok


def test_unknown_words_and_paths_have_the_documented_answers(cli: CommandLine) -> None:
    assert cli("frobnicate").text == 'syntax error, command "frobnicate" is not recognized.\n'
    cli("configure")
    assert cli("frobnicate").text == 'syntax error, command "frobnicate" is not recognized.\n'
    assert cli("set vlnas").text.startswith('syntax error, command "vlnas" is not recognized.\n')
    assert cli("set vlans vlan-id 5000").text.startswith('ERROR: path "vlans vlan-id 5000" is not valid.\n')


def test_rollback_and_load_take_effect_at_once(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 10")
    switch.apply_lines("set vlans vlan-id 20")
    cli("configure")
    assert cli("rollback 1").text == (
        "Rolling back to config: /switch/config/connetos.conf.01\n"
        "Waiting for merging configuration.\nLoad done.\n"
    )
    assert list(switch.config("vlans vlan-id")) == ["10"]
    assert cli("save lab-cfg").text == "Save done.\n"
    switch.delete("vlans")
    cli("discard")
    assert cli("load /switch/config/lab-cfg").text.endswith("Load done.\n")
    assert list(switch.config("vlans vlan-id")) == ["10"]


@pytest.mark.parametrize("name", ["../agent.log", "/etc/passwd", "connetos.boot", ".hidden", "a/b"])
def test_save_and_load_stay_in_their_directory(cli: CommandLine, name: str) -> None:
    cli("configure")
    for verb in ("save", "load"):
        assert "can't be used" in cli(f"{verb} {name}").text


def test_a_read_only_user_looks_but_does_not_configure(open_cli: Open, switch: Switch) -> None:
    switch.merge(
        {
            "system": {
                "login": {
                    "user": {"eve": {"class": "read-only", "authentication": {"plain-text-password": "x1"}}}
                }
            }
        }
    )
    cli = open_cli(user="eve", password="x1", via="ssh")
    assert cli("show vlans").ok
    answer = cli("configure")
    assert (answer.ok, answer.mode) == (False, 1)
    assert "super-user" in answer.text


def test_a_wrong_password_gets_nothing(open_cli: Open) -> None:
    assert open_cli(user="admin", password="wrong").greeting == {
        "ok": False, "error": "user name or password is wrong",
    }  # fmt: skip


def test_secrets_stay_out_of_history_and_display(cli: CommandLine) -> None:
    cli("configure")
    cli("set system login user bob authentication plain-text-password hunter2")
    for line in (
        "show system",
        "show | display set",
        "show | display json",
        "compare",
        "run show cli history",
    ):
        text = cli(line).text
        assert text
        assert "hunter2" not in text
    cli("commit")
    assert "hunter2" not in cli("run show running-config").text
    assert "$6$" not in cli("run show running-config").text
