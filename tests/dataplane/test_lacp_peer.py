"""LACP with a neighbour that isn't Open vSwitch: a speaker made from the standard, on a host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs
SPEAKER = Path(__file__).parent / "lacp_speaker.py"
SYSTEM = "02:00:5e:20:00:01"

ONE_LEAF = """\
name: {name}
dataplane: openvswitch
switches:
  leaf: {{ports: 3}}
hosts:
  h1: {{link: "leaf:te-1/1/1", address: 198.18.10.1/24}}
  h2: {{link: "leaf:te-1/1/2", address: 198.18.10.2/24}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One switch with two hosts."""
    text = ONE_LEAF.format(name=f"lacp-{os.getpid()}")
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> Iterator[Switch]:
    """The switch with port 1 in an aggregate that speaks LACP."""
    with connect(lab.switch("leaf")) as switch:
        before = switch.revision()
        switch.apply_lines(
            [
                "set interface aggregate-ethernet ae7 ether-options lacp enable true",
                "set interface gigabit-ethernet te-1/1/1 ether-options 802.3ad ae7",
            ]
        )
        yield switch
        switch.rollback(revision=before)


@pytest.fixture
def speaker(lab: Lab, leaf: Switch) -> Iterator[subprocess.Popen[str]]:
    process = lab.host("h1").start([sys.executable, str(SPEAKER), "eth0", SYSTEM, "51"])
    yield process
    if process.poll() is None:
        process.communicate("end\n", timeout=10)


def order(speaker: subprocess.Popen[str], word: str) -> None:
    assert speaker.stdin is not None
    assert speaker.stdout is not None
    speaker.stdin.write(f"{word}\n")
    speaker.stdin.flush()
    assert speaker.stdout.readline().strip() == "done"


def passes(lab: Lab) -> bool:
    return lab.host("h1").ping("198.18.10.2", timeout=0.3)


def test_both_ends_agree_and_frames_flow(lab: Lab, leaf: Switch, speaker: subprocess.Popen[str]) -> None:
    until(lambda: passes(lab))
    # Not C: Open vSwitch says that a port which is the only member aggregates with no other.
    until(lambda: "{ADEF}" in leaf.cli("show lacp internal"))
    row = leaf.cli("show lacp neighbor").splitlines()[-1].split()
    assert row == ["te-1/1/1", f"100,{SYSTEM.upper()}", "42", "7", "0x00", "0x33", "{ABCDEF}"]
    output, errors = speaker.communicate("end\n", timeout=10)
    assert speaker.returncode == 0, errors
    ours = json.loads(output)["partner"]
    assert (ours["priority"], ours["port-priority"], ours["key"], ours["port"]) == (32768, 32768, 7, 1)


def test_a_neighbour_that_is_not_ready_gets_and_sends_nothing(
    lab: Lab, leaf: Switch, speaker: subprocess.Popen[str]
) -> None:
    until(lambda: passes(lab))
    order(speaker, "out-of-sync")
    until(lambda: not passes(lab))
    until(lambda: leaf.state("interface aggregate-ethernet ae7 oper") == "down")
    order(speaker, "in-sync")
    until(lambda: passes(lab))
    until(lambda: leaf.state("interface aggregate-ethernet ae7 oper") == "up")


def test_without_a_neighbour_the_aggregate_is_down(lab: Lab, leaf: Switch) -> None:
    until(lambda: leaf.state("interface aggregate-ethernet ae7 oper") == "down")
    assert not passes(lab)
    assert leaf.cli("show lacp neighbor").splitlines()[-1].split() == [
        "te-1/1/1", "0,00:00:00:00:00:00", "0", "0", "0x00", "0x00", "{}",
    ]  # fmt: skip
