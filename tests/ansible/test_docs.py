"""docs/ansible.md is true: its files and commands, run in their order against a live switch."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk.lab import Lab
from tests.ansible.conftest import ansible, host_variables, write_inventory
from tests.conftest import ROOT, topology

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$", re.M | re.S)


def _normal(line: str) -> str:
    """The line without Ansible's rows of stars and columns."""
    return " ".join(line.replace("*", "").split())


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    text = f"name: ansdocs-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 8, ssh: true}}\n"
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


def _ssh(lab: Lab) -> dict[str, Any]:
    """What differs in this lab from the documented inventory for `network_cli`."""
    leaf = lab.switch("leaf1")
    assert leaf.ssh is not None
    # libssh knows hosts of the home folder of the system's user only.
    return {
        "ansible_host": "127.0.0.1", "ansible_port": leaf.ssh.port, "ansible_user": leaf.username,
        "ansible_host_key_checking": False,
    }  # fmt: skip


def _replay(transcript: str, directory: Path, variables: Mapping[str, str]) -> None:
    """Run the commands of a transcript; their output has the lines that the transcript shows, in that order."""
    for part in re.split(r"^\$ ", transcript, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command)
        run = ansible(program, *arguments, cwd=directory, COLUMNS="400", **variables)
        lines = iter(map(_normal, run.output.splitlines()))
        for expected in filter(None, map(_normal, shown.splitlines())):
            assert any(line.startswith(expected) for line in lines), f"{expected}\nnot in\n{run.output}"


def test_documented_session(lab: Lab, persistent: dict[str, str], tmp_path: Path) -> None:
    access = host_variables(lab)
    variables = persistent | {"CONNETOS_PASSWORD": access.pop("connetos_password")}
    inventories: dict[str, Mapping[str, Any]] = {"hosts.yml": access, "network.yml": _ssh(lab)}
    replayed = 0
    for block in _BLOCK.finditer((ROOT / "docs" / "ansible.md").read_text()):
        if block["name"] in inventories:
            documented = yaml.safe_load(block["body"])["all"]
            here = inventories[block["name"]]
            write_inventory(
                tmp_path / block["name"], documented["vars"] | documented["hosts"]["leaf1"] | here
            )
        elif block["name"]:
            (tmp_path / block["name"]).parent.mkdir(exist_ok=True)
            (tmp_path / block["name"]).write_text(block["body"])
        elif block["kind"] == "console":
            _replay(block["body"], tmp_path, variables)
            replayed += 1
    assert replayed == 9
