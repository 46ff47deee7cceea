"""Four switches in memory, and Nornir's inventory of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from nornir import InitNornir
from nornir.core import Nornir

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology

NAMES = ("leaf1", "leaf2", "leaf3", "leaf4")
RACK = (
    "name: nornir-{pid}\ndataplane: memory\nswitches:\n" + "".join(f"  {name}: {{{{ports: 4}}}}\n" for name in NAMES)
)  # fmt: skip
Start = Callable[..., Nornir]


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(RACK.format(pid=os.getpid()), tmp_path_factory.mktemp("rack"))) as lab:
        yield lab


@pytest.fixture
def switches(rack: Lab) -> Iterator[dict[str, Switch]]:
    """The same switches through the SDK; their configurations are put back afterwards."""
    connections = {name: connect(rack.switch(name)) for name in NAMES}
    before = {name: one.revision() for name, one in connections.items()}
    yield connections
    for name, one in connections.items():
        if one.system().confirm is not None:
            one.cancel_confirmed()
        one.rollback(revision=before[name])
        one.close()


def host(switch: LabSwitch, **extras: Any) -> dict[str, Any]:
    """A host of Nornir's inventory, reached by host name and port."""
    options = {"ca_file": str(switch.ca_file), **extras}
    return {
        "hostname": "127.0.0.1",
        "port": urlsplit(switch.url).port,
        "platform": "connetos",
        "username": switch.username,
        "password": switch.password,
        "connection_options": {"connetos": {"extras": options}},
    }


@pytest.fixture
def start(rack: Lab, switches: dict[str, Switch], tmp_path: Path) -> Iterator[Start]:
    """Starts Nornir with the rack and more hosts, or others in the place of its own."""
    started: list[Nornir] = []

    def begin(others: dict[str, dict[str, Any]] | None = None, **options: Any) -> Nornir:
        hosts = {name: host(rack.switch(name)) for name in NAMES} | (others or {})
        (tmp_path / "hosts.yaml").write_text(yaml.safe_dump(hosts))
        inventory = {"plugin": "SimpleInventory", "options": {"host_file": str(tmp_path / "hosts.yaml")}}
        runner = {"plugin": "threaded", "options": {"num_workers": 10}}
        started.append(InitNornir(inventory=inventory, runner=runner, logging={"enabled": False}, **options))
        return started[-1]

    yield begin
    for nornir in started:
        nornir.close_connections()
