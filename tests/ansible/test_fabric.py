"""`connetos_fabric`: one task for all switches."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible
from tests.conftest import connected, topology

NAMES = ("leaf1", "leaf2", "leaf3")
MODULE = "connetos.connetos.connetos_fabric"
WEB = ["set vlans vlan-id 10 vlan-name web"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    switches = "".join(f"  {name}: {{ports: 4}}\n" for name in NAMES)
    text = f"name: ansfab-{os.getpid()}\ndataplane: memory\nswitches:\n{switches}"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def switches(lab: Lab) -> Iterator[dict[str, Switch]]:
    with connected(lab) as switches:
        yield switches


def having(switches: dict[str, Switch]) -> list[str]:
    return [name for name, switch in switches.items() if 10 in switch.vlans()]


def run(lab: Lab, tmp_path: Path, options: dict[str, Any], *arguments: str) -> tuple[Run, dict[str, Any]]:
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{MODULE: options}]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    inventory = str(lab.directory / "inventory.yml")
    done = ansible("ansible-playbook", "-v", "-i", inventory, "play.yml", *arguments, cwd=tmp_path)
    assert len(done.results) == 1, done.output  # one task for all of them
    return done, done.results[0]


@pytest.fixture
def inventory(lab: Lab, tmp_path: Path) -> dict[str, Any]:
    """The lab's inventory without a way to log in."""
    found: dict[str, Any] = yaml.safe_load((lab.directory / "inventory.yml").read_text())
    for host in hosts_of(found).values():
        del host["connetos_password"], host["connetos_username"]
    return found


def hosts_of(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    hosts: dict[str, dict[str, Any]] = inventory["all"]["children"]["switches"]["hosts"]
    return hosts


def playbook(tmp_path: Path, inventory: dict[str, Any], options: dict[str, Any], **keywords: Any) -> Run:
    """A play with keywords of its own; no host of the inventory knows more than it says."""
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{MODULE: options}], **keywords}]
    for name, content in (("hosts.yml", inventory), ("play.yml", play)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(yaml.safe_dump(content))
    return ansible("ansible-playbook", "-v", "-i", "hosts.yml", "play.yml", cwd=tmp_path)


def test_who_logs_in_may_stand_in_the_play(
    lab: Lab, switches: dict[str, Switch], inventory: dict[str, Any], tmp_path: Path
) -> None:
    passwords = {name: lab.switch(name).password for name in NAMES}
    username = lab.switch("leaf1").username
    (tmp_path / "vault.yml").touch(mode=0o600)
    (tmp_path / "vault.yml").write_text(yaml.safe_dump({"passwords": passwords}))
    of_host = "{{ passwords[inventory_hostname] }}"
    ways: list[dict[str, Any]] = [
        {"vars": {"connetos_username": username, "connetos_password": of_host}},
        {"vars": {"ansible_user": username, "ansible_password": of_host}},
    ]
    for way in ways:
        done = playbook(tmp_path, inventory, {"lines": WEB}, vars_files=["vault.yml"], **way)
        assert done.returncode == 0 and having(switches) == list(NAMES), done.output
        assert not set(passwords.values()) & set(done.output.split('"')), done.output


def test_options_of_the_task_hold_for_all_its_switches(
    lab: Lab, switches: dict[str, Switch], inventory: dict[str, Any], tmp_path: Path
) -> None:
    users = {"connetos_username": "fabric", "connetos_password": "s3cret-of-all"}
    for switch in switches.values():
        switch.apply_lines(
            "set system login user fabric class super-user\n"
            "set system login user fabric authentication plain-text-password s3cret-of-all"
        )
    done = playbook(tmp_path, inventory, {"lines": WEB}, module_defaults={MODULE: users})
    assert done.returncode == 0 and having(switches) == list(NAMES), done.output
    other = {**users, "connetos_password": "wrong"}
    refused = playbook(tmp_path, inventory, {"lines": WEB, **other}, module_defaults={MODULE: users})
    assert refused.returncode != 0 and "fabric" in refused.output, refused.output
    assert "s3cret" not in done.output + refused.output


def test_the_password_of_one_host_is_not_tried_at_another(
    lab: Lab, switches: dict[str, Switch], inventory: dict[str, Any], tmp_path: Path
) -> None:
    user = {"connetos_username": "fabric", "connetos_password": "s3cret-of-all"}
    for switch in switches.values():
        switch.apply_lines(
            "set system login user fabric class super-user\n"
            "set system login user fabric authentication plain-text-password s3cret-of-all"
        )
    hosts_of(inventory)["leaf1"].update(user)
    done = playbook(tmp_path, inventory, {"lines": WEB})
    assert done.returncode != 0 and having(switches) == [], done.output
    assert done.output.count("without a password") >= 2, done.output


def test_all_or_nothing(lab: Lab, switches: dict[str, Switch], tmp_path: Path) -> None:
    checks = [{"host": "leaf2", "command": "show vlans", "contains": "10 "}]
    options = {"lines": WEB, "checks": checks, "comment": "change 4711"}
    shown, planned = run(lab, tmp_path, options, "--check", "--diff")
    assert planned["changed"] and having(switches) == []
    assert all(f"# {name}\n[edit vlans]\n" in shown.output for name in NAMES), shown.output
    assert {s["outcome"] for s in planned["switches"].values()} == {"planned"}
    _, done = run(lab, tmp_path, options)
    assert done["changed"] and having(switches) == list(NAMES)
    assert done["report"][2] == "leaf1, leaf2, leaf3: changed"
    _, again = run(lab, tmp_path, options)
    assert not again["changed"]


def test_one_that_cant(lab: Lab, switches: dict[str, Switch], tmp_path: Path) -> None:
    broken = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"
    lines = {"leaf1": WEB, "leaf2": [broken]}
    done, result = run(lab, tmp_path, {"lines": lines})
    assert done.recap["failed"] == 1 and having(switches) == []
    assert result["msg"].startswith("leaf2 can't do it: ")
    assert "vlans vlan-id 99 isn't configured" in result["msg"]
    assert "vlans vlan-id 99 isn't configured" in json.dumps(result["report"])


def test_a_check_that_fails(lab: Lab, switches: dict[str, Switch], tmp_path: Path) -> None:
    documents = {name: {"vlans": {"vlan-id": {10: {}}}} for name in NAMES}
    checks = [{"host": "leaf3", "state": "vlans vlan-id 10 vlan-name", "equals": "web"}]
    done, result = run(lab, tmp_path, {"documents": documents, "checks": checks})
    assert done.recap["failed"] == 1 and not result["changed"] and having(switches) == []
    assert {s["outcome"] for s in result["switches"].values()} == {"rolled back"}


def test_bad_options(lab: Lab, switches: dict[str, Switch], tmp_path: Path) -> None:
    for options, words in (
        ({}, "one of the following is required: lines, documents"),
        ({"lines": {"leaf9": WEB}}, "there is no host leaf9"),
        ({"lines": WEB, "checks": [{"host": "leaf1"}]}, "command, state"),
        ({"lins": WEB}, "Unsupported parameters for (connetos_fabric) module: lins. Supported parameters"),
        (
            {"lines": WEB, "checks": [{"hots": "leaf1"}]},
            "Unsupported parameters for (connetos_fabric) module: checks.hots. Supported parameters",
        ),
    ):
        done, _ = run(lab, tmp_path, options)
        assert done.recap["failed"] == 1 and words in done.output and "Traceback" not in done.output, (
            done.output
        )
