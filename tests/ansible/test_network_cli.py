"""Playbooks over `ansible.netcommon.network_cli`, with the real collection and the SSH server of a live switch."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible, write_inventory
from tests.conftest import connect, topology
from tests.contract.vendor import PASSWORD, USER
from tests.ssh_tools.vendor_shell import VendorShell

COMMAND, CONFIG = "ansible.netcommon.cli_command", "ansible.netcommon.cli_config"
OURS = "connetos.connetos.connetos_config"
WEB = "set vlans vlan-id 10 vlan-name web"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"
LONG = f"set interface gigabit-ethernet te-1/1/1 description {'long' * 60}"
LIBSSH = {"ansible_network_cli_ssh_type": "libssh", "ansible_host_key_checking": False}
"""libssh looks for known hosts in the home folder of the system's user, whatever HOME says; so nothing is known there."""
PARAMIKO = {"ansible_network_cli_ssh_type": "paramiko"}
SSH_TYPES = pytest.mark.parametrize("ssh_type", [LIBSSH, PARAMIKO], ids=["libssh", "paramiko"])
TOPOLOGY = "name: netcli-{pid}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 8, ssh: true}}\n"

MODULE = """\
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection, ConnectionError

module = AnsibleModule({"method": {"required": True}, "arguments": {"type": "dict", "default": {}}})
try:
    answer = getattr(Connection(module._socket_path), module.params["method"])(**module.params["arguments"])
except ConnectionError as error:
    module.fail_json(msg=str(error))
module.exit_json(changed=False, answer=answer)
"""
"""A module that somebody wrote for the cliconf plugin."""

Play = Callable[..., Run]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switch(lab: Lab) -> Iterator[Switch]:
    with connect(lab.switch("leaf1")) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


def network_cli(port: int, user: str, password: str) -> dict[str, Any]:
    """Host variables for a switch on this machine."""
    return {
        **LIBSSH,
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "connetos.connetos.connetos",
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": user,
        "ansible_password": password,
    }


def player(host: dict[str, Any], known_hosts: Path, environment: dict[str, str], tmp_path: Path) -> Play:
    """Runs tasks in one play; those that fail don't end it. Keyword arguments are further host variables."""

    def play(*tasks: dict[str, Any], arguments: tuple[str, ...] = (), **variables: Any) -> Run:
        shutil.copy(known_hosts, tmp_path / ".ssh" / "known_hosts")
        write_inventory(tmp_path / "hosts.yml", host | variables)
        listed = [{"ignore_errors": True, **task} for task in tasks]
        (tmp_path / "library").mkdir(exist_ok=True)
        (tmp_path / "library" / "cliconf.py").write_text(MODULE)
        playbook = [{"hosts": "all", "gather_facts": False, "tasks": listed}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
        return ansible(
            "ansible-playbook", "-v", "-i", "hosts.yml", "play.yml", *arguments, cwd=tmp_path, **environment
        )

    return play


@pytest.fixture
def play(lab: Lab, persistent: dict[str, str], tmp_path: Path) -> Play:
    leaf = lab.switch("leaf1")
    assert leaf.ssh is not None
    host = network_cli(leaf.ssh.port, leaf.username, leaf.password)
    return player(host, leaf.ssh.known_hosts, persistent, tmp_path)


def config(*lines: str, **options: Any) -> dict[str, Any]:
    return {CONFIG: {"config": "\n".join(lines), **options}}


@SSH_TYPES
def test_a_change_is_checked_made_and_found_made(
    play: Play, switch: Switch, ssh_type: dict[str, Any]
) -> None:
    change = config(WEB, LONG, commit_comment="from cli_config")
    run = play(
        {**change, "check_mode": True},
        {COMMAND: {"command": "show vlans | match 10"}},
        change,
        change,
        {COMMAND: {"command": "show vlans | match 10"}},
        arguments=("--diff",),
        **ssh_type,
    )
    checked, before, made, again, after = run.results
    assert checked["changed"] and made["changed"] and not again["changed"], run.output
    assert before["stdout"] == "" and after["stdout"].split() == ["10", "tagged"]
    assert run.output.count('+       vlan-name: "web"') == 2, run.output
    assert switch.revisions()[0].comment == "from cli_config"
    assert switch.config("interface gigabit-ethernet te-1/1/1 description") == "long" * 60


def test_without_the_extra_rcc_it_says_what_to_install(
    play: Play, switch: Switch, persistent: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "asyncssh.py").write_text("raise ModuleNotFoundError('No module named asyncssh')\n")
    persistent["PYTHONPATH"] = str(tmp_path / "bare")
    run = play({OURS: {"lines": [WEB]}})
    assert "network_cli needs more of the SDK: No module named asyncssh" in run.results[0]["msg"], run.output
    assert "pip install 'connetos-sdk[rcc]'" in run.results[0]["msg"]
    assert run.results[0]["problems"][0]["code"] == "unsupported"


@SSH_TYPES
def test_what_the_switch_refuses_is_told_and_changes_nothing(
    play: Play, switch: Switch, ssh_type: dict[str, Any]
) -> None:
    before = switch.revision()
    run = play(
        config(WEB, BROKEN),
        config("set vlans vlan-id 5000", WEB),
        config("vlans {"),
        config(WEB, diff_match="line"),
        {COMMAND: {"command": "show bogus"}},
        **ssh_type,
    )
    absent, out_of_range, not_closed, unknown_option, bogus = (result["msg"] for result in run.results)
    assert "vlans vlan-id 99 isn't configured (set vlans vlan-id 99 first)" in absent, run.output
    assert "line 1: 5000 is outside 1 to 4094" in out_of_range
    assert 'the "{" of line 1 isn\'t closed' in not_closed
    assert unknown_option == "Option diff_match is not supported on this platform"
    assert bogus == 'syntax error, command "bogus" is not recognized.'
    assert run.recap["ignored"] == 5 and "Traceback" not in run.output
    assert switch.revision() == before and switch.system().troubles == []


def test_long_text_isnt_cut_into_screens_and_what_looks_like_an_error_is_none(
    play: Play, switch: Switch
) -> None:
    lines = [f"set vlans vlan-id {number} vlan-name v{number}" for number in range(100, 400)]
    run = play(
        config(*lines, f"set vlans vlan-id 100 description {'ERROR:' * 30}"),
        {COMMAND: {"command": "show running-config"}},
        {COMMAND: {"command": "show version | display json"}},
    )
    made, long, version = run.results
    assert made["changed"] and len(switch.vlans()) > 300, run.output
    assert "--More--" not in long["stdout"] and long["stdout"].count("vlan-id") > 300, run.output
    assert "ERROR:" * 30 in long["stdout"]
    assert version["json"]["revision"] == switch.revision()


def test_backup_and_back_again(play: Play, switch: Switch, tmp_path: Path) -> None:
    switch.apply_lines([WEB])
    backup = {"ansible.netcommon.cli_backup": {"dir_path": str(tmp_path), "filename": "leaf1.conf"}}
    restore = config("{{ lookup('ansible.builtin.file', 'leaf1.conf') }}", replace="true")
    run = play(backup, config("set vlans vlan-id 11"), restore, restore, {CONFIG: {"rollback": 1}})
    restored, again, back = run.results[2:]
    assert 'vlan-name: "web"' in (tmp_path / "leaf1.conf").read_text()
    assert restored["changed"] and not again["changed"] and back["changed"], run.output
    assert {10, 11} <= set(switch.vlans()), "the last task took the restoring back"


def test_confirmed_commit(play: Play, switch: Switch) -> None:
    confirmed = {**config(WEB), "vars": {"connetos_confirm": 600}}
    run = play(confirmed, {OURS: {"confirm_commit": True}}, {OURS: {"confirm_commit": True}})
    assert [result["changed"] for result in run.results] == [True, True, False], run.output
    assert switch.system().confirm is None and 10 in switch.vlans()


def test_our_modules_work_over_it(play: Play, switch: Switch) -> None:
    vlans = {"connetos.connetos.connetos_vlans": {"config": [{"vlan_id": 30, "vlan_name": "x"}]}}
    save = {OURS: {"lines": ["set vlans vlan-id 31"], "save": True}}
    facts = {"ansible.builtin.gather_facts": {}}  # it runs connetos_facts as a program of its own
    told = {
        "ansible.builtin.debug": {"msg": "{{ ansible_facts.net_hostname }} over {{ ansible_facts.net_api }}"}
    }
    run = play(vlans, vlans, save, save, facts, told)
    made, again, saved, saved_again = run.results
    assert made["changed"] and not again["changed"], run.output
    assert (
        saved["saved"]
        and not saved_again["changed"]
        and "31" in switch.config("vlans", source="startup")["vlan-id"]
    )
    assert "leaf1 over cliconf" in run.output, run.output


def test_a_candidate_of_the_task_before_is_dropped(play: Play, switch: Switch) -> None:
    by_hand = {
        COMMAND: {"command": "{{ item }}"},
        "loop": ["configure", "set vlans vlan-id 40", "commit", "exit"],
    }
    left_open = {COMMAND: {"command": "{{ item }}"}, "loop": ["configure", "set vlans vlan-id 41"]}
    run = play(by_hand, left_open, {COMMAND: {"command": "show vlans"}})
    assert run.recap["ok"] == 3 and run.recap["ignored"] == 0, run.output
    assert 40 in switch.vlans() and 41 not in switch.vlans()
    with switch.configure(exclusive=True):
        pass


def test_modules_of_others_use_the_cliconf_plugin(play: Play, switch: Switch) -> None:
    def call(method: str, **arguments: Any) -> dict[str, Any]:
        return {"cliconf": {"method": method, "arguments": arguments}}

    switch.apply_lines([WEB])
    run = play(
        call("get_capabilities"),
        call("get_config", format="set"),
        call("get_config", format="json", source="startup"),
        call("get_diff", candidate=["delete vlans vlan-id 10"]),
        call("run_commands", commands=["configure", "set vlans vlan-id 12"]),
        call("discard_changes"),
        call("run_commands", commands=["configure", "set vlans vlan-id 13"]),
        call("get_config", format="xml"),
    )
    about, lines, startup, diff, *_, unknown = run.results
    info = json.loads(about["answer"])
    assert (
        info["device_info"]["network_os_hostname"] == "leaf1"
        and info["device_operations"]["supports_onbox_diff"]
    )
    assert WEB in lines["answer"] and "system" in json.loads(startup["answer"])
    assert "-   vlan-id 10" in diff["answer"]["config_diff"], run.output
    assert "there is no format xml: text, set, json" in unknown["msg"] and "Traceback" not in run.output
    assert 10 in switch.vlans() and not {12, 13} & set(switch.vlans())


def test_what_it_cant_do_is_said(play: Play) -> None:
    run = play(
        {"ansible.netcommon.cli_restore": {"filename": "x", "path": "/"}},
        {COMMAND: {"command": "show vlans"}, "become": True},
        {CONFIG: {"replace": "/switch/config/connetos.conf.01"}},
    )
    restore, become, file = (result["msg"] for result in run.results)
    assert "cli_config with rollback" in restore and "Leave out become" in become, run.output
    assert "can't replace its configuration by a file" in file
    assert "Traceback" not in run.output


def test_bad_days(play: Play, lab: Lab, tmp_path: Path) -> None:
    show = {COMMAND: {"command": "show vlans"}, "ignore_unreachable": True}
    leaf = lab.switch("leaf1")
    assert leaf.ssh is not None
    wrong = play(show, ansible_password="wrong")
    assert "Authentication" in wrong.output or "Access denied" in wrong.output, wrong.output
    absent = play(show, ansible_port=1)
    assert "refused" in absent.output.lower(), absent.output
    for run in (wrong, absent):
        assert run.recap["ok"] == 0 or run.recap["ignored"] == 1, run.output
        assert "Traceback" not in run.output and leaf.password not in run.output


@pytest.mark.parametrize(
    ("variables", "words"),
    [(PARAMIKO, "host key mismatch"), ({"ansible_network_cli_ssh_type": "libssh"}, "can't be established")],
)
def test_a_key_that_isnt_the_known_one_is_refused(
    lab: Lab,
    persistent: dict[str, str],
    tmp_path: Path,
    switch: Switch,
    variables: dict[str, Any],
    words: str,
) -> None:
    leaf = lab.switch("leaf1")
    assert leaf.ssh is not None
    other = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    (tmp_path / "changed").write_text(f"[127.0.0.1]:{leaf.ssh.port} ssh-ed25519 {other}\n")
    host = (
        network_cli(leaf.ssh.port, leaf.username, leaf.password)
        | {"ansible_host_key_checking": True}
        | variables
    )
    run = player(host, tmp_path / "changed", persistent, tmp_path)(config(WEB))
    assert run.recap["ignored"] == 1 and words in run.output, run.output
    assert "Traceback" not in run.output and 10 not in switch.vlans()


@pytest.fixture
def vendor_shell(tmp_path: Path) -> Iterator[Callable[[int | None], VendorShell]]:
    started: list[VendorShell] = []

    def start(member: int | None) -> VendorShell:
        started.append(VendorShell(tmp_path, member))
        return started[0]

    yield start
    for vendor in started:
        vendor.stop()


@pytest.mark.parametrize(
    ("ssh_type", "member"), [(LIBSSH, None), (PARAMIKO, 2)], ids=["libssh", "paramiko at a stack"]
)
def test_a_vendors_switch(
    vendor_shell: Callable[[int | None], VendorShell],
    persistent: dict[str, str],
    tmp_path: Path,
    ssh_type: dict[str, Any],
    member: int | None,
) -> None:
    vendor = vendor_shell(member)
    host = network_cli(vendor.port, USER, PASSWORD) | ssh_type
    play = player(host, vendor.known_hosts, persistent, tmp_path)
    change = config(WEB, commit_comment="ticket-42")
    run = play(
        {COMMAND: {"command": "show running-config"}},
        {**change, "check_mode": True},
        change,
        change,
        config("set vlans vlan-id 5000"),
        arguments=("--diff",),
    )
    shown, checked, made, again, refused = run.results
    assert "class-of-service" in shown["stdout"] and "--More--" not in shown["stdout"], run.output
    assert checked["changed"] and made["changed"] and not again["changed"], run.output
    assert 'path "vlans vlan-id 5000"' in refused["msg"] or "isn't valid" in refused["msg"]
    assert vendor.commits == ["commit comment ticket-42"]
    assert "10" in vendor.running["vlans"]["vlan-id"]
