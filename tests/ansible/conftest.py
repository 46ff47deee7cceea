"""Real `ansible-playbook` runs against a live agent."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.conftest import ROOT

BIN = Path(sys.executable).parent
COLLECTION = ROOT / "ansible_collections" / "connetos" / "connetos"
TIMEOUT_S = 200.0
_RESULT = re.compile(r"^(?:ok|changed|fatal|failed): \[\w+\](?:: \w+!)? (?:\(item=.*\) )?=> (\{.*\})$", re.M)
_RECAP = re.compile(r"^(\w+) +: (ok=.*)$", re.M)


@dataclass(frozen=True)
class Run:
    """What a run of an Ansible program left behind."""

    returncode: int
    output: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """Results of the tasks, in their order."""
        return [json.loads(found) for found in _RESULT.findall(self.output)]

    @property
    def recap(self) -> dict[str, int]:
        """Counts of the last host in the recap: `ok`, `changed`, `failed`, `unreachable`, …"""
        words = _RECAP.findall(self.output)[-1][1].split()
        return {name: int(count) for name, count in (word.split("=") for word in words)}


def ansible(program: str, *arguments: str, cwd: Path, **variables: str) -> Run:
    """Run one of Ansible's programs, those beside this Python."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
        "ANSIBLE_HOME": str(cwd / ".ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        **variables,
    }
    done = subprocess.run(
        [BIN / program, *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    return Run(done.returncode, done.stdout + done.stderr)


def host_variables(lab: Lab) -> dict[str, str]:
    """The host variables that lead to `leaf1`."""
    switch = lab.switch("leaf1")
    return {
        "ansible_connection": "connetos.connetos.connetos",
        "ansible_network_os": "connetos.connetos.connetos",
        "connetos_url": switch.url,
        "connetos_username": switch.username,
        "connetos_password": switch.password,
        "connetos_ca_file": str(switch.ca_file),
    }


def write_inventory(path: Path, variables: Mapping[str, Any]) -> None:
    """An inventory of one host; only its owner may read it, for it has the password."""
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"all": {"hosts": {"leaf1": dict(variables)}}}))


@pytest.fixture(scope="session")
def netcommon() -> Path:
    """Where the collections ansible.netcommon and ansible.utils are; `make test` has fetched them already."""
    subprocess.run(["make", "-s", "build/netcommon/.installed"], cwd=ROOT, check=True, timeout=280)
    return ROOT / "build/netcommon"


@pytest.fixture
def persistent(netcommon: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment variables for plays over persistent connections, whose processes end with the test.

    The home folder is the test's own, and with it the hosts that paramiko knows.
    """
    sockets = tmp_path / "pc"
    (tmp_path / ".ssh").mkdir(mode=0o700)
    yield {
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}:{netcommon}",
        "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(sockets),
        "ANSIBLE_PERSISTENT_COMMAND_TIMEOUT": "120",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "HOME": str(tmp_path),
    }
    end_connections(sockets)


def end_connections(sockets: Path) -> None:
    """End the processes of the persistent connections that have their sockets in a folder."""
    mark = f"ANSIBLE_PERSISTENT_CONTROL_PATH_DIR={sockets}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGTERM)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue


Play = Callable[..., Run]


def play_with(inventory: Path, tmp_path: Path) -> Play:
    """Runs whole tasks in one play against all hosts of an inventory."""

    def run(*tasks: dict[str, Any], arguments: tuple[str, ...] = (), **keywords: Any) -> Run:
        playbook = [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **keywords}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
        return ansible("ansible-playbook", "-v", "-i", str(inventory), "play.yml", *arguments, cwd=tmp_path)

    return run


def refusals(
    inventory: Path, tmp_path: Path, role: str, *given: Mapping[str, Any], once: bool = False
) -> tuple[list[str], Run]:
    """Run a role of the collection with each of some sets of variables, in one play; the errors, `` where it works.

    Args:
        inventory: whose hosts are the play's.
        tmp_path: where the playbook is written.
        role: its name.
        given: variables of each run.
        once: only look at the first host, for roles that work on all of them as one.
    """
    tasks = [
        {
            "block": [
                {"ansible.builtin.set_fact": {"refusal": ""}},
                {
                    "ansible.builtin.include_role": {"name": f"connetos.connetos.{role}"},
                    "vars": dict(variables),
                },
            ],
            "rescue": [{"ansible.builtin.set_fact": {"refusal": "{{ ansible_failed_result.msg }}"}}],
            "always": [{"ansible.builtin.set_fact": {"told": "{{ refusal }}"}, "run_once": once}],
        }
        for variables in given
    ]
    run = play_with(inventory, tmp_path)(*tasks)
    return [r["ansible_facts"]["told"] for r in run.results if "told" in r.get("ansible_facts", {})], run


@pytest.fixture
def play(memory_lab: Lab, tmp_path: Path) -> Play:
    """Runs tasks, each given as options of `connetos_config` or as a whole task, in one play against `leaf1`.

    Keyword arguments are further host variables; None takes one away. Those in capitals are environment variables.
    """

    def run(*tasks: dict[str, Any], arguments: tuple[str, ...] = (), **variables: Any) -> Run:
        environment = {k: str(v) for k, v in variables.items() if k.isupper()}
        merged = host_variables(memory_lab) | {k: v for k, v in variables.items() if not k.isupper()}
        write_inventory(tmp_path / "hosts.yml", {k: v for k, v in merged.items() if v is not None})
        module = "connetos.connetos.connetos_config"
        listed = [task if any("." in key for key in task) else {module: task} for task in tasks]
        playbook = [{"hosts": "all", "gather_facts": False, "tasks": listed}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
        return ansible(
            "ansible-playbook", "-v", "-i", "hosts.yml", "play.yml", *arguments, cwd=tmp_path, **environment
        )

    return run
