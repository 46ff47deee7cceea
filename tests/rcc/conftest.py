"""An SSH server in front of a stand-in for the agent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rcc.process import Sshd
from tests.rcc.standin import StandIn


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    standin = StandIn(tmp_path_factory.mktemp("agent") / "cli.sock")
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture(scope="module")
def sshd(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    directory = tmp_path_factory.mktemp("sshd")
    sshd = Sshd(standin.path, directory / "state", directory / "sshd.log")
    yield sshd
    sshd.stop()


@pytest.fixture(scope="module")
def known_hosts(sshd: Sshd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sshd.known_hosts(tmp_path_factory.mktemp("ssh") / "known_hosts")


@pytest.fixture(autouse=True)
def _forget(standin: StandIn) -> None:
    standin.lines.clear()
    standin.hellos.clear()
