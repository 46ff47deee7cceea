"""`connetos lab` as a person meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lab_helpers import MakeLab, traces, write_topology


def connetos(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "connetos_sdk.cli", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_help_and_version() -> None:
    assert "lab" in connetos("--help").stdout
    assert connetos("--version").stdout.startswith("connetos ")
    help_text = connetos("lab", "--help").stdout
    assert all(word in help_text for word in ("up", "down", "status", "exec", "shell", "restart", "list"))


def test_a_mistake_in_the_file_is_two_lines_and_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("name: a\nswitches: {leaf1: {ports: none}}\n")
    result = connetos("lab", "up", str(path))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: {path}: switches.leaf1.ports: 'none' is not a number of ports",
        "hint: a whole number from 1 to 256",
    ]


def test_an_unknown_lab_is_named() -> None:
    result = connetos("lab", "down", "no-such-lab")
    assert result.returncode == 1
    assert "neither a topology file nor a lab that is up" in result.stderr


def test_a_lab_in_memory_from_up_to_down(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(dataplane="memory")
    path = str(write_topology(lab, tmp_path))
    up = connetos("lab", "up", path)
    assert up.returncode == 0, up.stderr
    assert lab.switch("leaf1").url in up.stdout
    assert lab.switch("leaf1").password not in up.stdout + up.stderr
    status = json.loads(connetos("lab", "status", path, "--json").stdout)
    assert [switch["healthy"] for switch in status["switches"]] == [True, True]
    assert lab.topology.name in connetos("lab", "list").stdout
    lab.switch("leaf2").kill_agent()
    assert connetos("lab", "status", path).returncode == 3
    assert connetos("lab", "restart", lab.topology.name, "leaf2").returncode == 0
    assert connetos("lab", "status", path).returncode == 0
    refused = connetos("lab", "exec", path, "h1", "true")
    assert refused.returncode == 1
    assert "data plane is in memory" in refused.stderr
    assert connetos("lab", "down", path).returncode == 0
    assert traces(lab) == []


@pytest.mark.root
@pytest.mark.ovs
def test_exec_hands_on_options_and_exit_code(make_lab: MakeLab) -> None:
    with make_lab() as lab:
        name = lab.topology.name
        assert "198.18.10.1/24" in connetos("lab", "exec", name, "h1", "ip", "-br", "address").stdout
        assert connetos("lab", "exec", name, "leaf1", "--", "sh", "-c", "exit 7").returncode == 7
        assert "Bridge" not in connetos("lab", "exec", name, "mgmt", "hostname").stdout
