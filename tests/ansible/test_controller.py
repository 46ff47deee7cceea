"""`connetos_atp` and `connetos_lab`, which work on the controller."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.ansible.conftest import Play, play_with

PLAN = """\
management: 198.18.255.0/24
server: 198.18.255.1
roles:
  leaf: {template: switch.j2}
switches:
  leaf1: {role: leaf, management: 198.18.255.21, mac: "52:54:00:aa:00:21"}
  leaf2: {role: leaf, management: 198.18.255.22}
links:
  - [leaf1:te-1/1/1, leaf2:te-1/1/1]
"""
TEMPLATE = """\
set vlans vlan-id 10 vlan-name web
set system login user ops authentication encrypted-password "$6$saltsalt$Zm9vYmFy"
"""

TOPOLOGY = """\
name: {name}
dataplane: memory
switches:
  s1: {{ports: 4}}
  s2: {{ports: 4}}
links: [[s1:te-1/1/1, s2:te-1/1/1]]
"""


@pytest.fixture
def play(tmp_path: Path) -> Play:
    hosts = {"localhost": {"ansible_connection": "local"}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return play_with(tmp_path / "hosts.yml", tmp_path)


def test_plan_of_a_rack(play: Play, tmp_path: Path) -> None:
    (tmp_path / "rack.yaml").write_text(PLAN)
    (tmp_path / "switch.j2").write_text(TEMPLATE)
    task = {"connetos.connetos.connetos_atp": {"plan": "rack.yaml", "dest": str(tmp_path / "tftp")}}
    check = play(task, arguments=("--check", "--diff"))
    assert check.results[0]["changed"] and not (tmp_path / "tftp").exists(), check.output
    assert "+set vlans vlan-id 10 vlan-name web" in check.output and "$6$" not in check.output
    made, again = play(task, task).results
    assert made["changed"] and not again["changed"] and made["switches"]["leaf2"] == "198.18.255.22"
    assert made["files"]["198.18.255.21_yunqi.cfg"] == "new" and again["files"] == {}
    assert "web" in (tmp_path / "tftp/198.18.255.21_yunqi.cfg").read_text()
    (tmp_path / "rack.yaml").write_text(PLAN.replace("198.18.255.22", "198.18.1.22"))
    wrong = play({**task, "ignore_errors": True})
    assert "198.18.1.22" in wrong.results[0]["msg"] and "Traceback" not in wrong.output


def test_lab(play: Play, tmp_path: Path) -> None:
    name = f"anslab-{os.getpid()}"
    (tmp_path / "lab.yaml").write_text(TOPOLOGY.format(name=name))

    def task(**options: Any) -> dict[str, Any]:
        return {"connetos.connetos.connetos_lab": options, "ignore_errors": True}

    up = task(topology="lab.yaml")
    try:
        run = play({**up, "check_mode": True}, up, up, task(name=name, state="restarted", switches=["s2"]))
        check, made, again, restarted = run.results
        assert check["changed"] and "inventory" not in check, run.output
        assert made["changed"] and not again["changed"] and restarted["changed"], run.output
        assert made["links"] == [["s1:te-1/1/1", "s2:te-1/1/1"]] and set(made["switches"]) == {"s1", "s2"}
        assert all(switch.healthy for switch in Lab.named(name).status())
        password = Lab.named(name).switch("s1").password
        assert password not in run.output
        look = {"connetos.connetos.connetos_command": {"commands": ["show version"]}}
        assert play_with(Path(made["inventory"]), tmp_path)(look).recap["ok"] == 1
    finally:
        down = play(task(name=name, state="down"), task(name=name, state="down"))
    assert [result["changed"] for result in down.results] == [True, False], down.output


def test_what_is_no_lab(play: Play, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("name: x\nswitches: {s1: {ports: 0}}\n")
    module = "connetos.connetos.connetos_lab"
    for options, words in (
        ({"topology": "lab.yaml"}, "switches.s1.ports"),
        ({"topology": "absent.yaml"}, "topology can't be read"),
        ({"name": "no-such-lab"}, "there is no lab"),
        ({}, "topology, name"),
    ):
        run = play({module: options, "ignore_errors": True})
        assert run.recap["ignored"] == 1 and words in run.results[0]["msg"], run.output
        assert "Traceback" not in run.output
