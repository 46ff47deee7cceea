"""`connetos_config` as its users meet it: playbooks against a switch."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Play

WEB = {"vlans": {"vlan-id": {10: {"vlan-name": "web"}}}}
PORT = "interface gigabit-ethernet te-1/1/1"


def names(switch: Switch) -> dict[int, str]:
    return {vlan: state.name for vlan, state in switch.vlans().items()}


def test_document_changes_once_and_then_nothing(play: Play, switch: Switch) -> None:
    run = play({"document": WEB}, {"document": WEB})
    assert run.returncode == 0, run.output
    first, second = run.results
    assert first["changed"] and first["commands"] == ["set vlans vlan-id 10 vlan-name web"]
    assert first["revision"] == switch.revision()
    assert not second["changed"] and second["commands"] == []
    assert names(switch)[10] == "web"


def test_lines_set_and_delete(play: Play, switch: Switch) -> None:
    run = play(
        {
            "lines": ["set vlans vlan-id 10:11 vlan-name web", "set vlans vlan-id 12"],
            "comment": "from a play",
        },
        {"lines": ["delete vlans vlan-id 11"]},
    )
    assert run.recap["changed"] == 2, run.output
    assert {10, 12} <= set(names(switch)) and 11 not in names(switch)
    assert switch.revisions()[1].comment == "from a play"


def test_check_mode_shows_the_difference_and_changes_nothing(play: Play, switch: Switch) -> None:
    before = switch.revision()
    run = play({"document": WEB, "save": True}, arguments=("--check", "--diff"))
    assert run.recap["changed"] == 1, run.output
    assert '+       vlan-name: "web"' in run.output
    assert run.results[0]["saved"]
    assert switch.revision() == before and 10 not in names(switch)


def test_broken_reference_names_path_and_hint_and_changes_nothing(play: Play, switch: Switch) -> None:
    before = switch.config()
    run = play(
        {"lines": [
            "set vlans vlan-id 10 vlan-name web",
            f"set {PORT} family ethernet-switching native-vlan-id 99",
        ]}
    )  # fmt: skip
    assert run.recap["failed"] == 1
    (result,) = run.results
    assert (
        "te-1/1/1 family ethernet-switching native-vlan-id: vlans vlan-id 99 isn't configured"
        in result["msg"]
    )
    assert result["problems"][0]["hint"] == "set vlans vlan-id 99 first"
    assert result["problems"][0]["path"][-1] == "native-vlan-id"
    assert switch.config() == before


def test_replaced_leaves_nothing_else_at_the_path(play: Play, switch: Switch) -> None:
    switch.apply_lines([f"set {PORT} description old", f"set {PORT} mtu 9000", "set vlans vlan-id 10"])
    task = {"path": PORT, "state": "replaced", "document": {"description": "server-1"}}
    run = play(task, task)
    assert [result["changed"] for result in run.results] == [True, False], run.output
    assert switch.config(PORT) == {"description": "server-1"}
    assert 10 in names(switch)


SOURCES = {
    "curly": '# {{ marker }}\nvlans {\n  vlan-id {{ vlan }} {\n    vlan-name: "web"\n  }\n}\n',
    "lines": "# {{ marker }}\nset vlans vlan-id {{ vlan }} vlan-name web\n",
    "json": '{"vlans": {"vlan-id": {"{{ vlan }}": {"vlan-name": "web"}}}}',
    "loop": "{% for id in [vlan] %}\nset vlans vlan-id {{ id }} vlan-name web\n{% endfor %}\n",
}


@pytest.mark.parametrize("form", SOURCES)
def test_template_in_every_form(form: str, play: Play, switch: Switch, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "leaf.conf.j2").write_text(SOURCES[form])
    run = play({"src": "leaf.conf.j2"}, {"src": "leaf.conf.j2"}, vlan=10, marker="made by Ansible")
    assert [result["changed"] for result in run.results] == [True, False], run.output
    assert names(switch)[10] == "web"


def test_src_replaces_the_whole_configuration(play: Play, switch: Switch, tmp_path: Path) -> None:
    switch.apply_lines("set vlans vlan-id 77")
    whole = switch.config(secrets=True)
    whole["vlans"]["vlan-id"]["10"] = {"vlan-name": "web"}
    (tmp_path / "whole.conf").write_text(json.dumps(whole))
    switch.apply_lines("set vlans vlan-id 78")
    run = play({"src": "whole.conf", "state": "replaced"})
    assert run.recap["changed"] == 1, run.output
    assert {10, 77} <= set(names(switch)) and 78 not in names(switch)


def test_confirmed_commit_stays_when_confirmed(play: Play, switch: Switch) -> None:
    module = "connetos.connetos.connetos_config"
    run = play(
        {module: {"document": WEB, "confirm": 600}, "register": "change"},
        {module: {"confirm_commit": True}, "when": "change is changed"},
    )
    assert [result["changed"] for result in run.results] == [True, True], run.output
    assert run.results[0]["confirm_deadline"] > time.time()
    assert switch.system().confirm is None and names(switch)[10] == "web"


def test_confirmed_commit_rolls_back_without_confirmation(play: Play, switch: Switch) -> None:
    run = play({"document": WEB, "confirm": 2})
    assert run.recap["changed"] == 1, run.output
    deadline = time.monotonic() + 15
    while 10 in names(switch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert 10 not in names(switch)
    late = play({"confirm_commit": True})
    assert late.recap["failed"] == 1
    assert "no commit waits for confirmation" in late.results[0]["msg"]


def test_task_that_changes_nothing_does_not_confirm(play: Play, switch: Switch) -> None:
    run = play({"document": WEB, "confirm": 600}, {"document": WEB})
    assert [result["changed"] for result in run.results] == [True, False], run.output
    assert switch.system().confirm is not None
    switch.cancel_confirmed()


def test_save_writes_startup_only_when_it_differs(play: Play, switch: Switch) -> None:
    task = {"document": {"vlans": {"vlan-id": {10: {"vlan-name": f"v{time.time_ns()}"}}}}, "save": True}
    run = play(task, task)
    assert [(r["changed"], r["saved"]) for r in run.results] == [(True, True), (False, False)], run.output
    assert switch.config("vlans", source="startup") == switch.config("vlans")


def test_items_of_a_loop(play: Play, switch: Switch) -> None:
    run = play(
        {
            "connetos.connetos.connetos_config": {"lines": ["set vlans vlan-id {{ item }}"]},
            "loop": [20, 21, 22],
        }
    )
    assert run.recap["changed"] == 1, run.output
    assert {20, 21, 22} <= set(names(switch))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "nothing to do"),
        ({"lines": ["set vlans vlan-id 10"], "document": WEB}, "mutually exclusive"),
        ({"lines": ["set vlans vlan-id 10"], "state": "replaced"}, "needs document or src"),
        ({"document": WEB, "confirm": 60, "save": True}, "save it after confirm_commit"),
        ({"document": WEB, "confirm_commit": True}, "confirm_commit stands alone"),
        ({"document": WEB, "confirm": 0}, "confirm 0 is out of range"),
        ({"src": "absent.conf"}, "absent.conf"),
        ({"lines": ["sett vlans"]}, "a line begins with set or delete"),
        ({"document": {"vlan": {}}}, "vlans"),
        ({"document": {"vlans": {"vlan-id": {10: None}}}}, "vlans vlan-id 10"),
        ({"document": {}, "path": 'a "b'}, "isn't closed"),
    ],
)
def test_mistake_is_explained(options: dict, reason: str, play: Play, switch: Switch) -> None:
    before = switch.config()
    run = play(options)
    assert run.recap["failed"] == 1
    assert reason in run.output and "Traceback" not in run.output
    assert switch.config() == before


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "https://switch.invalid"])
def test_switch_that_is_not_there_is_unreachable(url: str, play: Play) -> None:
    run = play({"document": WEB}, connetos_url=url)
    assert run.recap["unreachable"] == 1 and run.recap["failed"] == 0
    assert "can't be reached" in run.output and "Traceback" not in run.output


@pytest.mark.parametrize("url", ["leaf1", "https://[::1", "https://leaf1:port", "http://leaf1"])
def test_url_that_is_none_is_explained(url: str, play: Play) -> None:
    run = play({"document": WEB}, arguments=("-vvv",), connetos_url=url)
    assert run.recap["failed"] + run.recap["unreachable"] == 1
    assert "Traceback" not in run.output


def test_certificate_that_is_not_trusted(play: Play) -> None:
    run = play({"document": WEB}, connetos_ca_file=None)
    assert run.recap["unreachable"] == 1
    assert "isn't trusted" in run.output


def test_certificate_unchecked_on_demand(play: Play, switch: Switch) -> None:
    run = play({"document": WEB}, connetos_ca_file=None, connetos_verify="no")
    assert run.recap["changed"] == 1, run.output


def test_wrong_password_fails_and_no_password_is_ever_shown(
    play: Play, memory_lab: Lab, switch: Switch
) -> None:
    right = memory_lab.switch("leaf1").password
    wrong = play({"document": WEB}, arguments=("-vvvv",), connetos_password="not-this-secret")
    assert wrong.recap["failed"] == 1
    assert "user name or password is wrong" in wrong.output
    fine = play({"document": WEB, "connetos_password": "{{ secret }}"}, arguments=("-vvvv",), secret=right)
    assert fine.recap["changed"] == 1
    assert "not-this-secret" not in wrong.output + fine.output and right not in wrong.output + fine.output


def test_ansible_host_user_and_password_serve_too(play: Play, memory_lab: Lab, switch: Switch) -> None:
    access = memory_lab.switch("leaf1")
    run = play(
        {"document": WEB},
        connetos_url=None, connetos_username=None, connetos_password=None,
        ansible_host=access.url.removeprefix("https://"),
        ansible_user=access.username, ansible_password=access.password,
    )  # fmt: skip
    assert run.recap["changed"] == 1, run.output


def test_secret_in_the_configuration_is_masked(play: Play, switch: Switch) -> None:
    line = "set system login user probe authentication plain-text-password Fifty-two-horses"
    run = play({"lines": [line]}, arguments=("--diff",))
    assert run.recap["changed"] == 1, run.output
    assert run.results[0]["commands"]
    assert "Fifty-two-horses" not in run.output


def test_purge_leaves_nothing_else_below_a_path(play: Play, switch: Switch) -> None:
    port = "set interface gigabit-ethernet te-1/1/1"
    switch.apply_lines(
        f"set vlans vlan-id 10\nset vlans vlan-id 30\n{port} mtu 9000\n"
        f"{port} family ethernet-switching native-vlan-id 30"
    )
    only = {
        "document": {"vlans": {"vlan-id": {20: {}}}},
        "purge": ["vlans", "interface gigabit-ethernet * family"],
    }
    run = play(only, only)
    changed, again = run.results
    assert changed["changed"] and not again["changed"], run.output
    assert sorted(switch.config("vlans vlan-id")) == ["20"]
    assert switch.config("interface gigabit-ethernet te-1/1/1") == {"mtu": 9000}


def test_purge_that_cannot_be(play: Play, switch: Switch) -> None:
    document = {"vlans": {"vlan-id": {20: {}}}}
    for options, words in (
        ({"document": document, "purge": ["vlans vlan-di *"]}, "did you mean vlan-id"),
        ({"document": document, "purge": ["vlans *"]}, "vlans: "),
        ({"lines": ["set vlans vlan-id 20"], "purge": ["vlans"]}, "purge is for document or src"),
        ({"document": document, "purge": ["vlans"], "state": "replaced"}, "purge is for document or src"),
    ):
        run = play(options)
        assert run.recap["failed"] == 1 and words in run.output and "Traceback" not in run.output, run.output
    assert 20 not in switch.vlans()
