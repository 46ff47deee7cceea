"""Role `base`: what every switch has, as one transaction that proves itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.ansible.conftest import COLLECTION, Run, ansible, host_variables, refusals, write_inventory

PASSWORD = "correct horse battery"
WANTED: dict[str, Any] = {
    "base_banner": "Authorised use only",
    "base_timezone": "Europe/Oslo",
    "base_ntp_server": "198.18.0.1",
    "base_syslog_servers": ["198.18.0.2"],
    "base_log_level": "info",
    "base_ssh": {"connection_limit": 20},
    "base_lldp": {"advertisement_interval": 10},
    "base_users": [
        {
            "user_name": "watch",
            "class": "read-only",
            "authentication": {"plain_text_password": PASSWORD},
        }
    ],
}


class Playbook:
    """Runs the playbook `connetos.connetos.base` on `leaf1`."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self.access = host_variables(lab)

    def __call__(self, *arguments: str, **variables: Any) -> Run:
        write_inventory(self.directory / "hosts.yml", self.access | variables)
        return ansible(
            "ansible-playbook", "-v", "-i", "hosts.yml", "connetos.connetos.base", *arguments, cwd=self.directory
        )  # fmt: skip


@pytest.fixture
def base(memory_lab: Lab, tmp_path: Path) -> Playbook:
    return Playbook(memory_lab, tmp_path)


def test_a_bare_switch_gets_what_it_needs_in_one_revision(base: Playbook, switch: Switch) -> None:
    before = switch.revision()
    check = base("--check", "--diff", **WANTED)
    assert check.recap["changed"] and not check.recap["failed"], check.output
    assert "+   announcement: " in check.output, check.output
    assert switch.revision() == before
    run = base(**WANTED)
    assert run.recap["changed"] and not run.recap["failed"], run.output
    assert switch.revision() == before + 1 and switch.system().confirm is None
    system = switch.config("system")
    assert (system["hostname"], system["ntp-server-ip"], system["timezone"]) == (
        "leaf1", "198.18.0.1", "Europe/Oslo",
    )  # fmt: skip
    assert system["login"]["announcement"] == "Authorised use only"
    assert system["login"]["user"]["watch"]["class"] == "read-only"
    assert system["syslog"] == {"host": {"server-ip": ["198.18.0.2"]}, "log-level": "info"}
    assert switch.config("protocols lldp") == {"advertisement-interval": 10}
    assert switch.config(source="startup", secrets=True) == switch.config(secrets=True)
    assert base(**WANTED).recap["changed"] == 0
    assert PASSWORD not in check.output + run.output
    (told,) = [one.comment for one in switch.revisions() if one.id == before + 1]
    assert told == "role base"


def test_what_is_not_given_is_left_alone(base: Playbook, switch: Switch) -> None:
    switch.apply_lines("set system ntp-server-ip 198.18.0.9\nset vlans vlan-id 10")
    assert not base(base_banner="Hello").recap["failed"]
    assert switch.config("system ntp-server-ip") == "198.18.0.9" and 10 in switch.vlans()


def test_users_and_servers_that_nobody_lists_go(base: Playbook, switch: Switch) -> None:
    switch.apply_lines(
        "set system login user gone class read-only\nset system syslog host server-ip 198.18.0.7"
    )
    name = base.access["connetos_username"]
    refused = base(base_users_exclusive=True, base_users=[])
    assert refused.recap["failed"] == 1
    assert f"base_users_exclusive would remove {name}" in refused.output
    assert "gone" in switch.config("system login user")
    only: dict[str, Any] = {
        "base_syslog_servers": ["198.18.0.8"],
        "base_users_exclusive": True,
        "base_users": [{"user_name": name}],
    }
    only["base_users"][0]["authentication"] = {"plain_text_password": base.access["connetos_password"]}
    assert not (run := base(**only)).recap["failed"], run.output
    assert list(switch.config("system login user")) == [name]
    assert switch.config("system syslog host server-ip") == ["198.18.0.8"]
    assert base(**only).recap["changed"] == 0


def test_a_bad_value_is_named(base: Playbook, switch: Switch, tmp_path: Path) -> None:
    before = switch.revision()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"base_log_level": "loud"}, "value of base_log_level must be one of: fatal, error"),
        (
            {"base_users": [{"class": "read-only"}]},
            "missing required arguments: user_name found in base_users",
        ),
        ({"base_ssh": {"port": 22}}, "Supported parameters include: connection_limit, enable"),
        (
            {"base_ntp_server": "time.example"},
            'system ntp-server-ip: "time.example" isn\'t an IPv4 address (an IPv4 address such as 192.0.2.1)',
        ),
        ({"base_hostname": "-x-"}, "system hostname"),
    ]
    write_inventory(tmp_path / "hosts.yml", base.access)
    told, run = refusals(tmp_path / "hosts.yml", tmp_path, "base", *(given for given, _ in cases))
    assert len(told) == len(cases), run.output
    for (_, words), message in zip(cases, told, strict=True):
        assert words in message
    assert switch.revision() == before and "Traceback" not in run.output


def test_a_switch_that_cannot_be_reached_any_more_goes_back(base: Playbook, switch: Switch) -> None:
    """The change takes the password away that Ansible logs in with."""
    name = base.access["connetos_username"]
    other = {"user_name": name, "authentication": {"plain_text_password": "another one"}}
    run = base(base_users=[other], base_confirm=2, base_banner="Goodbye")
    assert run.recap["unreachable"] + run.recap["failed"] == 1, run.output
    until_back(switch)
    assert "announcement" not in switch.config("system login")


def until_back(switch: Switch) -> None:
    """Wait until the commit that nobody confirmed is rolled back; the fixture's own password counts again then."""
    end = time.monotonic() + 20
    while True:
        try:
            if switch.system().confirm is None:
                return
        except ConnetosError:
            pass
        assert time.monotonic() < end, "the switch didn't go back"
        time.sleep(0.2)


def test_playbooks_are_for_switches(tmp_path: Path) -> None:
    """What else is in the inventory is left alone: above all the server that the playbook `atp` is for."""

    for_switches = ("backup", "base", "leaf_spine", "restore", "upgrade")

    def hosts(groups: dict[str, list[str]], *arguments: str) -> dict[str, list[str]]:
        children = {name: {"hosts": {member: {} for member in members}} for name, members in groups.items()}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": children}}))
        names = [f"connetos.connetos.{name}" for name in (*for_switches, "atp")]
        run = ansible("ansible-playbook", "-i", "hosts.yml", "--list-hosts", *names, *arguments, cwd=tmp_path)
        assert run.returncode == 0, run.output
        sections = run.output.split("\nplaybook: ")[1:]
        return {
            Path(section.partition("\n")[0]).stem: sorted(section.partition("):\n")[2].split())
            for section in sections
        }

    grouped = {"switches": ["leaf1"], "provisioning": ["server"], "monitoring": ["zabbix"]}
    assert hosts(grouped) == {"atp": ["server"], **{name: ["leaf1"] for name in for_switches}}
    other = {"leaves": ["leaf1"], "spines": ["spine1"], "provisioning": ["server"]}
    assert hosts(other) == {"atp": ["server"], **{name: ["leaf1", "spine1"] for name in for_switches}}
    named = hosts(grouped, "-e", "connetos_hosts=all")
    assert named["base"] == ["leaf1", "server", "zabbix"]


def test_every_role_says_what_it_takes(tmp_path: Path) -> None:
    """What the defaults name is specified, and each role is documented."""
    for folder in (COLLECTION / "roles").iterdir():
        specified = yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
        defaults = yaml.safe_load((folder / "defaults/main.yml").read_text())
        with_default = {n: o["default"] for n, o in specified["options"].items() if "default" in o}
        assert with_default == defaults, folder.name
        assert all(name.startswith(f"{folder.name}_") for name in specified["options"])
        assert (folder / "README.md").is_file()
        shown = ansible("ansible-doc", "-t", "role", f"connetos.connetos.{folder.name}", cwd=tmp_path)
        assert shown.returncode == 0 and "WARNING" not in shown.output, shown.output
        for name in specified["options"]:
            assert name in shown.output
