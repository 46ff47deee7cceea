"""Every module: create, change, no-op, check mode, diff, remove, bad input; docs/reference/ansible-matrix.md shows it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from connetos_sdk.resources import RESOURCES
from tests.ansible.cases import CASES, VLANS
from tests.ansible.conftest import Play, host_variables, play_with, write_inventory
from tests.ansible.matrix import PAGE, Case, Seen, steps
from tests.ansible.test_controller import PLAN, TEMPLATE, TOPOLOGY
from tests.ansible.test_diagnostics import LINK, ROUTED, TRUNK
from tests.conftest import connect, topology
from tests.packages.conftest import Box, bare, box, key, packages_lab, repository
from tests.packages.debian import Repository

__all__ = ["bare", "box", "key", "packages_lab", "repository"]
CONFIG = "connetos.connetos.connetos_config"
UNCONCERNED = "set interface gigabit-ethernet te-1/1/4 description unconcerned"


def test_outline() -> None:
    assert RESOURCES.keys() <= CASES.keys()
    PAGE.hold_outline()


def test_configuration(play: Play, memory_lab: Lab) -> None:
    with connect(memory_lab.switch("leaf1")) as switch:
        before = switch.config()
        back = {CONFIG: {"document": before, "state": "replaced"}}
        tasks = [
            task
            for name, case in CASES.items()
            for task in ({CONFIG: {"lines": [UNCONCERNED, *case.before]}}, *steps(name, case), back)
        ]
        run = play(*tasks)
        assert switch.config() == before, run.output
    seen = Seen(run)
    for name, case in CASES.items():
        seen.hold(name, case)
    assert "-secret" not in run.output.replace("no-secret", "")


# -- several switches -------------------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Lab]:
    text = f"name: pair-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 4}}\n  leaf2: {{ports: 4}}\n"
    with Lab(topology(text, tmp_path)) as lab:
        yield lab


def test_fabric(pair: Lab, tmp_path: Path) -> None:
    case = Case(
        create={"lines": ["set vlans vlan-id 10 vlan-name web"]},
        change={"documents": {name: {"vlans": {"vlan-id": {10: {"vlan-name": name}}}} for name in ("leaf1", "leaf2")}},
        remove={"lines": ["delete vlans vlan-id 10"]},
        bad={"lines": {"leaf1": ["set vlans vlan-id 11"], "leaf2": ["set vlans vlan-id 5000"]}},
        reason="leaf2 can't do it",
        told=lambda result: [switch["commands"] for switch in result["switches"].values()],
        what="switches",
    )  # fmt: skip
    Seen(play_with(pair.directory / "inventory.yml", tmp_path)(*steps("fabric", case))).hold("fabric", case)


def test_backup(pair: Lab, tmp_path: Path) -> None:
    play, folder = play_with(pair.directory / "inventory.yml", tmp_path), str(tmp_path / "saved")
    saved = {"folder": folder}
    begun = play({CONFIG: {"lines": VLANS}}, {"connetos.connetos.connetos_backup": saved})
    assert begun.returncode == 0, begun.output
    assert play({CONFIG: {"lines": ["delete vlans vlan-id 10"]}}).returncode == 0
    case = Case(
        create=saved,
        change={"folder": folder, "state": "restored", "version": "HEAD~1"},
        bad={"folder": folder, "state": "restored", "version": "no-such-tag"},
        reason="no-such-tag",
        told=lambda result: [switch["commands"] for switch in result["switches"].values()],
        whole=False,
        what="switches",
    )
    Seen(play(*steps("backup", case))).hold("backup", case)


@pytest.mark.ovs
def test_diagnostics(two_leaves: Lab, leaves: tuple[Any, Any], tmp_path: Path) -> None:
    for number, leaf in enumerate(leaves):
        address = f"set vlan-interface interface vlan10 address 198.18.10.{254 - number} prefix-length 24"
        leaf.apply_lines([*ROUTED, *TRUNK, address])
    assert two_leaves.host("h1").ping("198.18.10.3", count=2)
    attached = [
        {"name": name, "port": f"{leaf}:te-1/1/1", "address": f"198.18.10.{number}/24", "mac": mac}
        for name, leaf, number in (("h1", "leaf1", 1), ("h3", "leaf2", 3))
        for mac in [two_leaves.host(name).run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()]
    ]
    flow = {"source": "h1", "links": [LINK], "attached": attached}
    silent = {"host": "198.18.10.77", "timeout_ms": 500}
    cases = {
        "ping": Case(
            read={"host": "198.18.10.1", "count": 2, "interval_ms": 20},
            bad={**silent, "count": 2, "interval_ms": 20},
            reason="answered 0 of 2 requests",
        ),
        "traceroute": Case(
            read={"host": "198.18.10.1", "queries": 1, "timeout_ms": 500},
            bad={**silent, "queries": 1, "max_hops": 2},
            reason="isn't reached in",
        ),
        "navmesh": Case(
            read={**flow, "destination": "h3"},
            bad={**flow, "destination": "h9"},
            reason="there is no host h9",
            what="switches",
        ),
    }
    play = play_with(two_leaves.directory / "inventory.yml", tmp_path)
    both = Seen(play(*steps("navmesh", cases["navmesh"])))
    both.hold("navmesh", cases["navmesh"])
    write_inventory(tmp_path / "leaf1.yml", host_variables(two_leaves))
    one = play_with(tmp_path / "leaf1.yml", tmp_path)
    seen = Seen(one(*(task for name in ("ping", "traceroute") for task in steps(name, cases[name]))))
    for name in ("ping", "traceroute"):
        seen.hold(name, cases[name])


# -- packages ---------------------------------------------------------------------------------------------


def play_at(box: Box, tmp_path: Path) -> Play:
    access = {
        "ansible_connection": "local",
        "connetos_url": box.lab.url,
        "connetos_username": box.lab.username,
        "connetos_password": box.lab.password,
        "connetos_ca_file": str(box.lab.ca_file),
    }
    write_inventory(tmp_path / "hosts.yml", access)
    return play_with(tmp_path / "hosts.yml", tmp_path)


def command(*argv: str | Path) -> dict[str, Any]:
    """A look with a program of the controller."""
    return {
        "ansible.builtin.command": {"argv": [str(word) for word in argv]},
        "changed_when": False,
        "check_mode": False,
        "vars": {"ansible_python_interpreter": sys.executable},
    }


@pytest.mark.root
def test_packages(box: Box, tmp_path: Path) -> None:
    case = Case(
        create={"name": "good=1.0"},
        change={"name": "good", "state": "latest", "health": 5},
        remove={"name": "good", "state": "purged", "health": 5},
        bad={"name": "broken", "health": 5},
        reason="broken package post-installation script",
        told=lambda result: [(c["name"], c["before"], c["after"]) for c in result["changes"]],
    )
    listed = "${Package} ${Version} ${db:Status-Status}\n"
    look = command("dpkg-query", f"--admindir={box.root.path}/var/lib/dpkg", "-W", "-f", listed)
    Seen(play_at(box, tmp_path)(*steps("package", case, look))).hold("package", case)


@pytest.mark.root
def test_repository(bare: Box, repository: Repository, tmp_path: Path) -> None:
    given = {"name": "tests", "suites": "stable", "components": "main", "key": repository.key.armoured}
    case = Case(
        create={**given, "uris": repository.url},
        change={**given, "uris": f"{repository.url}/"},
        remove={"name": "tests", "state": "absent"},
        bad={**given, "uris": repository.url, "key": "nonsense"},
        reason="isn't an ASCII-armoured",
        told=lambda result: result["after"]["uris"],
    )
    apt = bare.root.path / "etc/apt"
    look = command("find", apt, "-type", "f", "-exec", "sha256sum", "{}", "+")
    Seen(play_at(bare, tmp_path)(*steps("package_repository", case, look))).hold("package_repository", case)


# -- modules that work on the controller --------------------------------------------------------------------


@pytest.fixture
def controller(tmp_path: Path) -> Play:
    hosts = {"localhost": {"ansible_connection": "local"}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    return play_with(tmp_path / "hosts.yml", tmp_path)


def test_plan_of_a_rack(controller: Play, tmp_path: Path) -> None:
    for name, text in (
        ("rack.yaml", PLAN),
        ("later.yaml", PLAN.replace("198.18.255.22", "198.18.255.23")),
        ("wrong.yaml", PLAN.replace("198.18.255.22", "198.18.1.22")),
        ("switch.j2", TEMPLATE),
    ):
        (tmp_path / name).write_text(text)
    dest = tmp_path / "tftp"
    dest.mkdir()
    case = Case(
        create={"plan": "rack.yaml", "dest": str(dest)},
        change={"plan": "later.yaml", "dest": str(dest)},
        bad={"plan": "wrong.yaml", "dest": str(dest)},
        reason="198.18.1.22",
        told=lambda result: result["files"],
        whole=False,
        what="files",
    )
    look = command("find", dest, "-type", "f", "-exec", "sha256sum", "{}", "+")
    Seen(controller(*steps("atp", case, look))).hold("atp", case)


def test_lab(controller: Play, tmp_path: Path) -> None:
    name = f"ansrow-{os.getpid()}"
    (tmp_path / "lab.yaml").write_text(TOPOLOGY.format(name=name))
    (tmp_path / "wrong.yaml").write_text("name: x\nswitches: {s1: {ports: 0}}\n")
    case = Case(
        create={"topology": "lab.yaml"},
        change={"name": name, "state": "restarted", "switches": ["s2"]},
        remove={"name": name, "state": "down"},
        bad={"topology": "wrong.yaml"},
        reason="switches.s1.ports",
        told=lambda result: result["switches"],
        what="lab",
    )
    agents = (
        "from connetos_sdk.lab import Lab\nfrom connetos_sdk.lab.lab import existing_labs\n"
        f"print([s.agent_pid for s in Lab.named({name!r}).switches] if {name!r} in existing_labs() else 'down')"
    )
    try:
        run = controller(*steps("lab", case, command(sys.executable, "-c", agents)))
    finally:
        if (
            left := controller({"connetos.connetos.connetos_lab": {"name": name, "state": "down"}})
        ).returncode:
            raise AssertionError(left.output)
    Seen(run).hold("lab", case)
