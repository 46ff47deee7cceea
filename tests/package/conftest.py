"""The package, built once, and machines on which it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import debian_package
from tools.debian_machine import Machine
from tools.debian_switch import PackagedSwitch


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
