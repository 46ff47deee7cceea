"""Switches of a lab with an SSH server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.transports.rcc_client import RccClient
from tests.conftest import topology

TOPOLOGY = """
name: lab-with-ssh
dataplane: memory
switches:
  leaf1: {ports: 4, ssh: true}
  leaf2: {ports: 4}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(TOPOLOGY, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


def rcc(switch: LabSwitch, *commands: str) -> list[str]:
    assert switch.ssh is not None
    with RccClient(
        "127.0.0.1", username=switch.username, password=switch.password,
        port=switch.ssh.port, known_hosts=switch.ssh.known_hosts,
    ) as client:  # fmt: skip
        return [client.run(command).text for command in commands]


def test_a_switch_with_ssh_answers_over_it(lab: Lab) -> None:
    leaf1 = lab.switch("leaf1")
    assert rcc(leaf1, "configure", "set vlans vlan-id 77", "commit")[-1].endswith("Commit OK.\n")
    assert "77        tagged" in rcc(leaf1, "show vlans")[0]


def test_status_and_inventory_tell_the_port(lab: Lab) -> None:
    ports = {status.name: (status.ssh, status.ssh_port) for status in lab.status()}
    assert ports["leaf2"] == ("none", None)
    state, port = ports["leaf1"]
    assert state == "running"
    inventory = json.loads((lab.directory / "inventory.json").read_text())
    assert inventory["switches"]["leaf1"]["ssh_port"] == str(port)
    assert Path(inventory["switches"]["leaf1"]["known_hosts"]).exists()


def test_up_starts_a_server_that_has_ended_and_it_keeps_its_key(lab: Lab) -> None:
    ssh = lab.switch("leaf1").ssh
    assert ssh is not None
    before = ssh.known_hosts.read_text()
    ssh.stop()
    assert not next(status for status in lab.status() if status.name == "leaf1").healthy
    lab.up()
    assert ssh.daemon.ready
    assert ssh.known_hosts.read_text() == before
    assert "leaf1" in rcc(lab.switch("leaf1"), "show running-config | match hostname")[0]


def test_a_restart_of_the_agent_is_no_end_for_ssh(lab: Lab) -> None:
    leaf1 = lab.switch("leaf1")
    leaf1.restart_agent()
    assert "Vlan ID" in rcc(leaf1, "show vlans")[0]
