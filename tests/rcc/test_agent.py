"""The same over a real agent: changes are committed, kept apart, and dropped with the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk import Switch, errors
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.transports.rcc_client import RccClient
from connetos_sdk.wire.rcc import Mode
from tests.rcc.process import Sshd, threads
from tests.rcc.vendor import talk

VLAN = "vlans vlan-id 77"


@pytest.fixture(scope="module")
def leaf(memory_lab: Lab) -> LabSwitch:
    return memory_lab.switch("leaf1")


@pytest.fixture(scope="module")
def access(leaf: LabSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    directory = tmp_path_factory.mktemp("sshd")
    sshd = Sshd(leaf.files.run / "cli.sock", directory / "state", directory / "log")
    yield sshd
    sshd.stop()


@pytest.fixture(scope="module")
def known(access: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return access.known_hosts(tmp_path_factory.mktemp("ssh") / "known_hosts")


def client(leaf: LabSwitch, access: Sshd, known: Path, **options: str) -> RccClient:
    arguments = {"username": leaf.username, "password": leaf.password, **options}
    return RccClient("127.0.0.1", port=access.port, known_hosts=known, **arguments)  # type: ignore[arg-type]


def test_a_change_over_rcc(leaf: LabSwitch, access: Sshd, known: Path, switch: Switch) -> None:
    with client(leaf, access, known) as rcc:
        answers = rcc.run_many(["configure", f"set {VLAN} vlan-name web", "commit", "exit", "show vlans"])
        assert all(a.success for a in answers), answers
        assert [a.mode for a in answers] == [Mode.CONFIGURE] * 3 + [Mode.OPERATIONAL] * 2
        assert "Commit OK." in answers[2].text
        assert "\n77 " in answers[4].text
    assert switch.config(f"{VLAN} vlan-name") == "web"


def test_the_vendors_client(leaf: LabSwitch, access: Sshd, switch: Switch) -> None:
    commands = ["configure", f"set {VLAN}", "set no-such-thing", "commit", "exit", ";show version", " "]
    answers = asyncio.run(talk(access.port, commands, user=leaf.username, password=leaf.password))
    assert [(a.success, a.mode, a.messages) for a in answers] == [
        (1, 2, 1), (1, 2, 1), (0, 2, 1), (1, 2, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1),
    ]  # fmt: skip
    assert 77 in switch.vlans()


def test_a_wrong_password_is_slow(leaf: LabSwitch, access: Sshd, known: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(errors.AuthenticationFailed):
        client(leaf, access, known, password="wrong").connect()
    assert time.monotonic() - begin > 0.9


def test_a_dropped_connection_frees_the_candidate(
    leaf: LabSwitch, access: Sshd, known: Path, switch: Switch
) -> None:
    with client(leaf, access, known) as first:
        assert first.run("configure exclusive").mode == Mode.CONFIGURE
        first.run(f"set {VLAN}")
        with client(leaf, access, known) as second:
            assert second.run("configure").mode == Mode.OPERATIONAL
    with client(leaf, access, known) as third:
        deadline = time.monotonic() + 5
        while third.run("configure exclusive").mode != Mode.CONFIGURE:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert 77 not in switch.vlans()


def test_fifty_sessions_of_which_ten_edit(leaf: LabSwitch, access: Sshd, known: Path, switch: Switch) -> None:
    def one(number: int) -> None:
        with client(leaf, access, known) as rcc:
            if number >= 10:
                assert rcc.run("show version").success
                return
            vlan = 200 + number
            answers = rcc.run_many(["configure", f"set vlans vlan-id {vlan} vlan-name v{vlan}", "commit"])
            assert all(a.success for a in answers), answers

    switch.apply_lines("set system services ssh connection-limit 60")
    assert threads(50, one) == []
    assert {200 + n for n in range(10)} <= set(switch.vlans())
