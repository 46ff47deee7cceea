"""Fifty command lines at once over SSH, ten of them editing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.transports.rcc_client import RccClient
from tests.conftest import connect, topology
from tests.waiting import until

TOPOLOGY = """
name: cli-crowd
dataplane: memory
switches:
  leaf1:
    ports: 4
    ssh: true
    config: {system: {services: {ssh: {connection-limit: 100}}}}
"""
EDITORS, READERS, ROUNDS = 10, 40, 4


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSwitch]:
    text = TOPOLOGY
    with Lab(topology(text, tmp_path_factory.mktemp("lab"))) as lab:
        yield lab.switch("leaf1")


def client(leaf: LabSwitch) -> RccClient:
    assert leaf.ssh is not None
    return RccClient(
        "127.0.0.1", username=leaf.username, password=leaf.password,
        port=leaf.ssh.port, known_hosts=leaf.ssh.known_hosts,
    )  # fmt: skip


def edit(leaf: LabSwitch, number: int) -> list[int]:
    """Commit a VLAN of one's own in each round; the VLANs whose commit was answered with OK."""
    done = []
    with client(leaf) as line:
        assert line.run("configure").success
        for turn in range(ROUNDS):
            vlan = 100 + number * ROUNDS + turn
            assert line.run(f"set vlans vlan-id {vlan} vlan-name editor{number}").success
            if line.run("commit").text.endswith("Commit OK.\n"):
                done.append(vlan)
        assert line.run("exit").success
    return done


def read(leaf: LabSwitch) -> int:
    """Read the VLANs again and again; how often the answer was whole."""
    whole = 0
    with client(leaf) as line:
        for _ in range(ROUNDS):
            text = line.run("show vlans").text
            whole += text.startswith("Vlan ID") and "untagged" in text.splitlines()[-1]
    return whole


@pytest.mark.slow
def test_no_update_is_lost_and_every_reader_is_answered(leaf: LabSwitch) -> None:
    with ThreadPoolExecutor(EDITORS + READERS) as crowd:
        editing = [crowd.submit(edit, leaf, number) for number in range(EDITORS)]
        reading = [crowd.submit(read, leaf) for _ in range(READERS)]
        committed = {vlan for done in editing for vlan in done.result()}
        assert [answers.result() for answers in reading] == [ROUNDS] * READERS
    assert len(committed) == EDITORS * ROUNDS
    with connect(leaf) as switch:
        assert {int(vlan) for vlan in switch.config("vlans vlan-id")} >= committed
    with client(leaf) as line:  # all candidates were given back
        assert "There are no other users in configuration mode." in line.run("configure").text


def test_exclusive_really_excludes(leaf: LabSwitch) -> None:
    with client(leaf) as owner, client(leaf) as other:
        assert owner.run("configure exclusive").success
        assert not other.run("configure").success
        with connect(leaf) as switch, pytest.raises(Exception, match="exclusive"):
            switch.merge({"system": {"hostname": "elsewhere"}})
        assert owner.run("set vlans vlan-id 3000").success
        assert owner.run("commit").text.endswith("Commit OK.\n")
        assert owner.run("exit").success
        assert other.run("configure").success


def test_a_dropped_connection_frees_its_candidate_and_its_lock(leaf: LabSwitch) -> None:
    line = client(leaf)
    assert line.run("configure exclusive").success
    assert line.run("set vlans vlan-id 3001").success
    line.close()  # no exit, no discard
    with client(leaf) as other:
        until(lambda: other.run("configure").success)
        assert "3001" not in other.run("show vlans").text
