"""One live agent that speaks REST, RCC and XRL; a façade over each of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import Unsupported
from connetos_sdk.transports.choice import Kind
from tests.conftest import ROOT
from tests.contract.features import FEATURES, UNSUPPORTED
from tests.rcc.process import Sshd

USER, PASSWORD = "admin", "only-for-tests-1"
STARTUP = {
    "system": {
        "hostname": "leaf1",
        "login": {
            "user": {USER: {"class": "super-user", "authentication": {"plain-text-password": PASSWORD}}}
        },
    }
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A feature that a transport can't do must raise `Unsupported`; another that raises it fails."""
    name = getattr(item, "originalname", "")
    if name not in FEATURES:
        return (yield)
    column = item.callspec.params["kind"] if hasattr(item, "callspec") else "vendor"
    if name not in UNSUPPORTED[column]:
        return (yield)
    try:
        yield
    except Unsupported as error:
        assert error.reason
        return None
    pytest.fail(f"{column} can do this after all: take it out of features.py")


class Machine:
    """`connetos-agent` on the memory data plane with four ports, and `connetos-sshd` before it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.rest, self.finder = _free_port(), _free_port()
        self._write()
        self._agent = self._start()
        sshd_state = directory / "sshd"
        self.sshd = Sshd(directory / "run/cli.sock", sshd_state, directory / "sshd.log")
        self.known_hosts = self.sshd.known_hosts(directory / "known_hosts")

    def _write(self) -> None:
        boot = self.directory / "state/config/connetos.boot"
        boot.parent.mkdir(parents=True)
        boot.write_text(json.dumps(STARTUP))
        ports = "".join(f'"te-1/1/{n}" = "te-1-1-{n}"\n' for n in range(1, 5))
        (self.directory / "agent.toml").write_text(
            f'state-directory = "{self.directory}/state"\nrun-directory = "{self.directory}/run"\n'
            'dataplane = "memory"\n[platform]\nmodel = "test"\nmanagement = "eth0"\n[platform.ports]\n'
            f'{ports}[xrl]\nenabled = true\nfinder-listen = "127.0.0.1:{self.finder}"\n'
            f'[rest]\nlisten = ["127.0.0.1:{self.rest}"]\n'
        )

    def _start(self) -> subprocess.Popen[bytes]:
        notify = self.directory / "notify"
        path = f"{ROOT}:{ROOT / 'agent'}:{os.environ.get('PYTHONPATH', '')}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(notify))
            told.settimeout(30)
            with (self.directory / "agent.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "connetos_agent", "--config", str(self.directory / "agent.toml")],
                    env={**os.environ, "NOTIFY_SOCKET": str(notify), "PYTHONPATH": path},
                    stdin=subprocess.DEVNULL,
                    stderr=log,
                )
            assert b"READY=1" in told.recv(4096), (self.directory / "agent.log").read_text()
        return process

    def connect(self, kind: Kind, **options: Any) -> Switch:
        login = {"username": USER, "password": PASSWORD}
        if kind == "rest":
            ca_file = self.directory / "state/tls/certificate.pem"
            return Switch(f"https://127.0.0.1:{self.rest}", **{**login, "ca_file": ca_file, **options})
        if kind == "xrl":
            return Switch(f"xrl://127.0.0.1:{self.finder}", **options)
        known = {"known_hosts": self.known_hosts}
        return Switch(f"rcc://127.0.0.1:{self.sshd.port}", **{**login, **known, **options})

    def stop(self) -> None:
        self.sshd.stop()
        self._agent.send_signal(signal.SIGTERM)
        try:
            self._agent.wait(15)
        finally:
            self._agent.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def rest(machine: Machine) -> Iterator[Switch]:
    """To look at what another transport did, and to put the configuration back."""
    with machine.connect("rest") as switch:
        switch.save()
        yield switch


@pytest.fixture(params=["rest", "rcc", "xrl"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(scope="session")
def connections(machine: Machine) -> Iterator[dict[Kind, Switch]]:
    made: dict[Kind, Switch] = {kind: machine.connect(kind) for kind in ("rest", "rcc", "xrl")}
    yield made
    for switch in made.values():
        switch.close()


@pytest.fixture
def switch(kind: Kind, connections: dict[Kind, Switch], rest: Switch) -> Iterator[Switch]:
    """The façade over one of the transports; the configuration is put back afterwards."""
    before = rest.revision()
    yield connections[kind]
    rest.rollback(revision=before)
