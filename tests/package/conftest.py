"""The package, built once, and machines on which it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import debian_package
from tools.debian_machine import Machine
from tools.debian_switch import PackagedSwitch

SETUP = """\
set vlans vlan-id 10 l3-interface vlan10
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set protocols static route 203.0.113.0/24 next-hop 198.18.10.2
"""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `make deb` builds it."""
    directory = tmp_path_factory.mktemp("deb")
    return debian_package.build(directory, directory / "work")


@pytest.fixture(scope="session")
def version(package: Path) -> str:
    return package.name.split("_")[1]


@pytest.fixture(scope="session")
def newer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same programs as version 9.0.1."""
    return debian_package.repack(package, "9.0.1", tmp_path_factory.mktemp("newer"))


@pytest.fixture(scope="module")
def bare() -> Iterator[PackagedSwitch]:
    """A machine with cables, without the package."""
    with Machine() as machine:
        switch = PackagedSwitch(machine)
        switch.plug_in()
        yield switch


@pytest.fixture(scope="module")
def installed(bare: PackagedSwitch, package: Path) -> PackagedSwitch:
    """A machine that is a switch of three ports."""
    bare.install(package)
    bare.name_ports()
    bare.machine.run(["systemctl", "start", "connetos-agent"])
    return bare


@pytest.fixture(scope="module")
def forwarding(installed: PackagedSwitch) -> PackagedSwitch:
    ports = [
        f"set interface gigabit-ethernet te-1/1/{n} family ethernet-switching native-vlan-id 10"
        for n in (1, 2, 3)
    ]
    installed.cli("configure", *SETUP.splitlines(), *ports, "commit", "exit")
    for host in ("h1", "h2", "h3"):
        assert installed.reaches(host, "198.18.10.254")
    assert installed.reaches("h1", "198.18.10.2")
    return installed


@pytest.fixture
def at_first(forwarding: PackagedSwitch, package: Path, version: str) -> Iterator[PackagedSwitch]:
    """The switch with the version that works, whatever a test did before."""
    if forwarding.version_in_use() != version:
        forwarding.install(package)
    yield forwarding
    forwarding.machine.run(
        ["sh", "-c", "rm -rf /etc/systemd/system/connetos-agent.service.d; systemctl daemon-reload"]
    )
