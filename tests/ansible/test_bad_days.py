"""What a play says when switches fail, restart, or are of another release: never a traceback, always what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.connetos.connetos.plugins.plugin_utils.version import VERSION
from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.release import mismatch
from tests.ansible.conftest import COLLECTION, ansible, host_variables, play_with, write_inventory
from tests.conftest import topology

CONFIG = "connetos.connetos.connetos_config"


CLOSED = "https://127.0.0.1:1"
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("locked-out", {"connetos_password": "not-this-secret"}, "password is wrong (asked as user admin)"),
    ("silent", {"connetos_password": None}, "asked as user admin, without a password"),
    ("gone", {"connetos_url": CLOSED}, "is the agent running, and the address right?"),
    ("told", {"connetos_url": "https://admin:url-secret@127.0.0.1:1"}, "127.0.0.1:1 can't be reached"),
    ("nowhere", {"connetos_url": "https://no-such-host.invalid"}, "no-such-host.invalid can't be reached"),
    ("untrusted", {"connetos_ca_file": None}, "trust its certificate (ca_file)"),
    ("lost-file", {"connetos_ca_file": "/absent.pem"}, "/absent.pem can't be used"),
    ("hasty", {"connetos_timeout": 0}, "the timeout for an answer is 0 s (more than 0 seconds)"),
    ("misspelt", {"connetos_url": "leaf1"}, "isn't an https://, unix://, rcc:// or xrl:// URL"),
    ("refusing", {"vlan": 5000}, "5000 is outside 1 to 4094 (a VLAN ID, 1 to 4094)"),
]
"""Hosts, what is wrong with their variables, and what a play says of it."""


def vlan(number: int) -> dict[str, Any]:
    return {CONFIG: {"lines": [f"set vlans vlan-id {number}"]}}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    text = f"name: bad-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 4}}\n  leaf2: {{ports: 4}}\n"
    with Lab(topology(text, tmp_path)) as lab:
        yield lab


def test_one_of_many_is_gone_and_the_others_go_on(lab: Lab, tmp_path: Path) -> None:
    lab.switch("leaf2").stop_agent()
    run = play_with(lab.directory / "inventory.yml", tmp_path)(vlan(10), vlan(11))
    assert "leaf1                      : ok=2    changed=2    unreachable=0    failed=0" in run.output, (
        run.output
    )
    assert "leaf2                      : ok=0    changed=0    unreachable=1    failed=0" in run.output
    assert "is the agent running, and the address right?" in run.output and "Traceback" not in run.output


@pytest.mark.parametrize("connection", ["connetos.connetos.connetos", "local"])
def test_hosts_that_cannot_be_asked_or_refuse(
    connection: str, memory_lab: Lab, switch: Switch, tmp_path: Path
) -> None:
    right = {**host_variables(memory_lab), "ansible_connection": connection, "vlan": 10}
    inventory = {"right": right}
    for name, wrong, _ in WRONG:
        inventory[name] = {k: v for k, v in {**right, **wrong}.items() if v is not None}
    (tmp_path / "hosts.yml").touch(mode=0o600)
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": inventory}}))
    run = play_with(tmp_path / "hosts.yml", tmp_path)(
        {CONFIG: {"lines": ["set vlans vlan-id {{ vlan }}"]}}, arguments=("-vvvv",)
    )
    assert "Traceback" not in run.output and 10 in switch.vlans(), run.output
    for name, _, words in WRONG:
        started = run.output.partition(f"fatal: [{name}]: ")[2]
        assert words in started.partition("\nfatal: [")[0].partition("PLAY RECAP")[0], (name, run.output)
    for secret in ("not-this-secret", "url-secret", memory_lab.switch("leaf1").password):
        assert secret not in run.output


def test_an_agent_is_restarted_and_then_killed_in_mid_play(lab: Lab, tmp_path: Path) -> None:
    def once(state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "run_once": True}

    again = {"connetos.connetos.connetos_lab": {"name": lab.topology.name, "state": "restarted"}}
    play = play_with(lab.directory / "inventory.yml", tmp_path)
    run = play(vlan(10), once(again), vlan(11))
    assert run.output.count(" unreachable=0    failed=0") == 2 and "Traceback" not in run.output, run.output
    kill = {"ansible.builtin.command": {"argv": ["kill", "-9", str(lab.switch("leaf1").agent_pid)]}}
    dead = play(vlan(12), once(kill), vlan(13))
    assert "leaf1                      : ok=2    changed=2    unreachable=1" in dead.output, dead.output
    assert "leaf2                      : ok=2    changed=2    unreachable=0" in dead.output
    assert "can't be reached" in dead.output and "Traceback" not in dead.output


def test_another_release_is_told_with_what_it_does_not_know(memory_lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "later/ansible_collections/connetos/connetos"
    shutil.copytree(COLLECTION, folder, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    place = folder / "plugins/plugin_utils/version.py"
    place.write_text(place.read_text().replace(f'VERSION = "{VERSION}"', 'VERSION = "9.9.0"'))
    write_inventory(tmp_path / "hosts.yml", host_variables(memory_lab))
    tasks = [{CONFIG: {"lines": ["set vlans vlan-id 10 shiny-new-leaf true"]}}]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    )
    path = str(tmp_path / "later")
    run = ansible(
        "ansible-playbook", "-i", "hosts.yml", "play.yml", cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=path
    )
    assert run.recap["failed"] == 1 and "shiny-new-leaf" in run.output
    assert "upgrade the switch's agent" in run.output and "version 9.9.0" in run.output, run.output
    assert "Traceback" not in run.output


def test_versions() -> None:
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == VERSION
    assert mismatch("0.1.0", "0.1.7") == "" == mismatch("0.1.0", "unknown")
    assert mismatch("0.2.0", "0.1.0").endswith("; upgrade the Python package connetos-sdk")
    assert mismatch("0.0.9", "0.1.0").endswith("; upgrade the switch's agent")
