"""Replays the transcripts of the documentation: what a page shows is what happens.

In a page, a fenced `console` block holds commands (`$ ...`) and what they print; a line `...` stands for any
lines, `...` within a line for any text. A fenced block with `file=NAME` is a file that the commands use.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from connetos_sdk.lab import Lab, Topology
from tests.conftest import ROOT, topology

_FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    command: str
    expected: str


def blocks(page: Path) -> list[tuple[str, str, str]]:
    return [(m[1], m[2] or "", m[3]) for m in _FENCE.finditer(page.read_text("utf-8"))]


def steps(transcript: str) -> list[Step]:
    parts = re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]
    return [Step(*part.split("\n", 1)) for part in parts]


def pattern(expected: str) -> re.Pattern[str]:
    """What an output must match; `...` alone on a line stands for any lines, within a line for any text."""
    out = ""
    for line in expected.splitlines():
        if line == "...":
            out += r"(?:.*\n)*?"
        else:
            out += re.escape(line).replace(r"\.\.\.", ".*") + r"[ ]*\n"
    return re.compile(out)


def replay(page: Path, directory: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    for kind, name, body in blocks(page):
        if name:
            (directory / name).write_text(body)
        if kind != "console":
            continue
        for step in steps(body):
            words = step.command.replace(" examples/", f" {ROOT}/examples/").replace(
                "_PATH=.", f"_PATH={ROOT}"
            )
            done = subprocess.run(
                ["bash", "-c", words],
                cwd=directory,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            wanted = pattern(step.expected)
            assert wanted.fullmatch(done.stdout.rstrip("\n") + "\n" if done.stdout.strip() else ""), (
                f"{page.name}: $ {step.command}\n{done.stdout}{done.stderr}\n--- expected:\n{step.expected}"
            )


def replay_in_its_lab(page: Path, directory: Path) -> None:
    """Replay a page whose first YAML file is the lab that its commands bring up."""
    lab = Lab(topology(next(body for _, name, body in blocks(page) if name.endswith(".yaml")), directory))
    lab.down()
    try:
        replay(page, directory)
    finally:
        lab.down()


@pytest.mark.ovs
def test_getting_started(tmp_path: Path) -> None:
    lab = Lab(Topology.load(ROOT / "examples/labs/two-leaf.yaml"))
    lab.down()
    try:
        replay(ROOT / "docs/getting-started.md", tmp_path)
    finally:
        lab.down()


@pytest.mark.ovs
def test_diagnostics(tmp_path: Path) -> None:
    lab = Lab(Topology.load(ROOT / "examples/labs/broken.yaml"))
    lab.down()
    try:
        replay(ROOT / "docs/diagnostics.md", tmp_path)
    finally:
        lab.down()


@pytest.mark.ovs
@pytest.mark.parametrize("name", ["layer2", "layer3", "access-control", "lldp", "drift"])
def test_a_page_with_a_lab_of_its_own(tmp_path: Path, name: str) -> None:
    replay_in_its_lab(ROOT / f"docs/{name}.md", tmp_path)


@pytest.mark.ovs
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ansible_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT))
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / ".ansible"))
    monkeypatch.setenv("ANSIBLE_NOCOLOR", "1")
    replay_in_its_lab(ROOT / "docs/ansible-roles.md", tmp_path)


@pytest.mark.ovs
@pytest.mark.slow
def test_bringing_up_a_rack(tmp_path: Path) -> None:
    replay_in_its_lab(ROOT / "docs/bring-up-a-rack.md", tmp_path)


def test_planning_a_rack(tmp_path: Path) -> None:
    page = (ROOT / "docs/atp.md").read_text("utf-8")
    section = page.partition("## Plan a rack\n")[2].partition("\n## ")[0]
    (tmp_path / "plan.md").write_text(section)
    replay(tmp_path / "plan.md", tmp_path)


def test_command_line(tmp_path: Path) -> None:
    text = "name: cli-tour\ndataplane: memory\nswitches:\n  leaf1: {ports: 4}\n"
    with Lab(topology(text, tmp_path)) as lab:
        page = (
            (ROOT / "docs/cli.md")
            .read_text()
            .replace("/run/connetos-lab/cli-tour/leaf1", str(lab.switch("leaf1").directory))
        )
        (tmp_path / "cli.md").write_text(page)
        replay(tmp_path / "cli.md", tmp_path)
