"""docs/ansible.md is true: its files and commands, run in their order against a live switch."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.ansible.conftest import ansible, host_variables, write_inventory
from tests.conftest import ROOT

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$", re.M | re.S)


def _normal(line: str) -> str:
    """The line without Ansible's rows of stars and columns."""
    return " ".join(line.replace("*", "").split())


def _replay(transcript: str, directory: Path, password: str) -> None:
    """Run the commands of a transcript; their output has the lines that the transcript shows, in that order."""
    for part in re.split(r"^\$ ", transcript, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command)
        run = ansible(program, *arguments, cwd=directory, CONNETOS_PASSWORD=password, COLUMNS="400")
        lines = iter(map(_normal, run.output.splitlines()))
        for expected in filter(None, map(_normal, shown.splitlines())):
            assert any(line.startswith(expected) for line in lines), f"{expected}\nnot in\n{run.output}"


def test_documented_session(memory_lab: Lab, switch: Switch, tmp_path: Path) -> None:
    access = host_variables(memory_lab)
    password = access.pop("connetos_password")
    replayed = 0
    for block in _BLOCK.finditer((ROOT / "docs" / "ansible.md").read_text()):
        if block["name"] == "hosts.yml":
            documented = yaml.safe_load(block["body"])["all"]
            write_inventory(
                tmp_path / "hosts.yml", documented["vars"] | documented["hosts"]["leaf1"] | access
            )
        elif block["name"]:
            (tmp_path / block["name"]).parent.mkdir(exist_ok=True)
            (tmp_path / block["name"]).write_text(block["body"])
        elif block["kind"] == "console":
            _replay(block["body"], tmp_path, password)
            replayed += 1
    assert replayed == 8
