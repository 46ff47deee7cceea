"""The inventory plugin: labs that are up, plans, and what LLDP leads to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.ansible.conftest import Run, ansible

PLUGIN = "connetos.connetos.connetos"
PLAN = """\
management: 198.18.255.0/24
server: 198.18.255.1
variables: {site: north}
roles:
  spine: {template: switch.j2}
  leaf: {template: switch.j2, variables: {vlans: {"10": web}}}
switches:
  spine1: {role: spine, management: 198.18.255.11}
  leaf1: {role: leaf, management: 198.18.255.21, variables: {rack: 7}}
links:
  - [spine1:te-1/1/1, leaf1:te-1/1/1]
"""


def inventory(
    tmp_path: Path, *arguments: str, environment: dict[str, str] | None = None, **options: Any
) -> Run:
    source = tmp_path / "source.connetos.yml"
    source.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}))
    return ansible(
        "ansible-inventory",
        "-i",
        str(source),
        *(arguments or ("--list",)),
        cwd=tmp_path,
        **(environment or {}),
    )


def data(run: Run) -> dict[str, Any]:
    assert run.returncode == 0, run.output
    found, _ = json.JSONDecoder().raw_decode(run.output, run.output.index("{\n"))
    return _plain(found)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """The value without the marks for text that is no template."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def test_a_lab_that_is_up(memory_lab: Lab, tmp_path: Path) -> None:
    found = data(inventory(tmp_path, lab=memory_lab.topology.name))
    access = memory_lab.switch("leaf1")
    assert found["switches"]["hosts"] == ["leaf1"]
    host = found["_meta"]["hostvars"]["leaf1"]
    assert host["connetos_url"] == access.url and host["connetos_password"] == access.password
    assert host["connetos_links"] == [] and host["ansible_network_os"] == PLUGIN
    play = [
        {
            "hosts": "switches",
            "gather_facts": True,
            "tasks": [{"debug": {"var": "ansible_facts.net_hostname"}}],
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    run = ansible("ansible-playbook", "-i", "source.connetos.yml", "play.yml", cwd=tmp_path)
    assert '"ansible_facts.net_hostname": "leaf1"' in run.output, run.output


def test_a_plan(tmp_path: Path) -> None:
    (tmp_path / "rack.yaml").write_text(PLAN)
    (tmp_path / "switch.j2").touch()
    found = data(inventory(tmp_path, plan="rack.yaml"))
    assert found["spine"]["hosts"] == ["spine1"] and found["leaf"]["hosts"] == ["leaf1"]
    leaf = found["_meta"]["hostvars"]["leaf1"]
    assert leaf["ansible_host"] == "198.18.255.21"
    assert leaf["connetos_variables"] == {"site": "north", "vlans": {"10": "web"}, "rack": 7}
    assert leaf["connetos_links"] == [["spine1:te-1/1/1", "leaf1:te-1/1/1"]]


def test_seeds(memory_lab: Lab, tmp_path: Path) -> None:
    access = memory_lab.switch("leaf1")
    environment = {"CONNETOS_USERNAME": access.username, "CONNETOS_PASSWORD": access.password}
    options = {"connetos_ca_file": str(access.ca_file), "networks": ["198.18.255.0/24"]}
    seeds = [access.url, "https://127.0.0.1:1"]
    run = inventory(tmp_path, environment=environment, seeds=seeds, **options)
    assert data(run)["_meta"]["hostvars"]["leaf1"]["connetos_url"] == access.url
    assert "https://127.0.0.1:1 isn't in the inventory" in run.output and "can't be reached" in run.output
    assert access.password not in run.output
    wrong = inventory(
        tmp_path, environment={**environment, "CONNETOS_PASSWORD": "not-this"}, seeds=[access.url], **options
    )
    assert "user name or password is wrong" in wrong.output and "not-this" not in wrong.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give one of lab, plan, seeds"),
        ({"lab": "x", "plan": "y"}, "not lab, plan"),
        ({"lab": "no-such-lab"}, "there is no lab"),
        ({"lab": "absent.yaml"}, "absent.yaml"),
        ({"plan": "absent.yaml"}, "absent.yaml"),
        ({"seeds": ["https://127.0.0.1:1"], "networks": ["nowhere"]}, "nowhere isn't a network"),
    ],
)
def test_mistakes(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    run = inventory(tmp_path, environment={"ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}, **options)
    assert run.returncode != 0 and words in run.output, run.output
    assert "Traceback" not in run.output
