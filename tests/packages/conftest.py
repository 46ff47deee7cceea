"""A switch on the memory data plane whose packages are those of a real Debian root, and a repository for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.packages import Packages, Progress
from tests.conftest import connect, topology
from tests.packages.debian import DebianRoot, Key, Repository, build, debian_root, served

STOP_AGENT = "if [ -e /etc/agent.pid ]; then kill -STOP $(cat /etc/agent.pid); fi"
GO_ON = "if [ -e /etc/agent.pid ]; then kill -CONT $(cat /etc/agent.pid); fi"
WAIT = "touch /run/started; n=0; while [ ! -e /run/go ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done"


@pytest.fixture(scope="session")
def key() -> Iterator[Key]:
    # Not below pytest's own directory: gpg's sockets want a short path.
    with tempfile.TemporaryDirectory(prefix="connetos-", dir="/tmp") as folder:
        made = Key(Path(folder) / "tests-key")
        yield made
        made.close()


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory, key: Key) -> Iterator[Repository]:
    """Packages of every kind that the tests need."""
    with served(tmp_path_factory.mktemp("repository"), key) as made:
        pool = made.pool
        config = {"/etc/good.conf": "level 1\n"}
        build(pool, "good", files=config, conffiles=("/etc/good.conf",))
        build(pool, "good", "2.0", files={"/etc/good.conf": "level 2\n"}, conffiles=("/etc/good.conf",))
        build(pool, "tool", Depends="good (>= 1.0)")
        build(pool, "broken", scripts={"postinst": "echo this is broken >&2; exit 1"}, Depends="good")
        build(pool, "service", scripts={"prerm": "exit 0"})
        build(pool, "service", "2.0", scripts={"postinst": "exit 7", "prerm": "exit 1"})
        build(pool, "lonely", Depends="nowhere (>= 2)")
        build(pool, "clash", files={"/usr/share/good/version": "mine\n"})
        build(pool, "connetos-agent")
        build(pool, "openvswitch-switch", Depends="connetos-agent")
        build(pool, "rival", Conflicts="connetos-agent")
        build(pool, "slow", scripts={"postinst": WAIT}, Depends="good")
        build(pool, "sick", scripts={"postinst": STOP_AGENT, "prerm": GO_ON})
        build(pool, "huge", Installed_Size=str(4 * 1024 * 1024))
        build(pool, "liar", files={"/usr/share/liar/data": bytes(96 * 1024 * 1024)}, Depends="good")
        made.publish()
        yield made


@dataclass
class Box:
    """A switch and the Debian that it manages."""

    switch: Switch
    lab: LabSwitch
    root: DebianRoot
    told: list[Progress] = field(default_factory=list)

    @property
    def packages(self) -> Packages:
        return self.switch.packages

    def refused(self, work: Callable[[], object]) -> ConnetosError:
        """`work` fails, and the system is as it was before."""
        before = self.root.versions(), self.root.files()
        with pytest.raises(ConnetosError) as caught:
            work()
        assert self.root.versions() == before[0]
        assert self.root.files() == before[1]
        return caught.value


@pytest.fixture(scope="module")
def packages_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, DebianRoot]]:
    directory = tmp_path_factory.mktemp("packages")
    with debian_root(directory / "root") as root:
        text = f"name: pkg-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 4, packages: {root.path}}}\n"
        with Lab(topology(text, directory)) as lab:
            yield lab, root


@pytest.fixture
def bare(packages_lab: tuple[Lab, DebianRoot]) -> Iterator[Box]:
    """A switch with a fresh Debian that has no repositories."""
    lab, root = packages_lab
    root.refresh()
    with connect(lab.switch("leaf1")) as switch:
        yield Box(switch, lab.switch("leaf1"), root)


@pytest.fixture
def box(bare: Box, repository: Repository) -> Box:
    """The same with the tests' repository."""
    bare.packages.add_repository("tests", [repository.url], ["stable"], ["main"], key=repository.key.armoured)
    return bare
