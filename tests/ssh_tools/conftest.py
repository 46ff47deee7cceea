"""A switch with an SSH server of its own, for tools that type at its CLI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology

SSH = "name: ssh-{pid}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 8, ssh: true}}\n"


@pytest.fixture(scope="module")
def ssh_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(SSH.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


@pytest.fixture
def leaf(ssh_lab: Lab) -> LabSwitch:
    return ssh_lab.switch("leaf1")


@pytest.fixture
def switch(leaf: LabSwitch) -> Iterator[Switch]:
    """The same switch through the SDK; its configuration is put back afterwards."""
    with connect(leaf) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


@pytest.fixture
def access(leaf: LabSwitch) -> dict[str, Any]:
    """Host, port, user and password of its SSH server."""
    assert leaf.ssh is not None
    return {
        "host": "127.0.0.1",
        "port": leaf.ssh.port,
        "username": leaf.username,
        "password": leaf.password,
    }
