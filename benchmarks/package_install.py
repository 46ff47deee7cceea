"""`package-install`, ms: one package with a dependency, installed on the switch and by apt-get alone.

The package is of the size of a monitoring agent: 400 files, 12 MiB, compressed with xz, from a signed repository in
its file system. Both install it in the same Debian root, from which it is purged in between. The switch is one of its
own on the memory data plane:

* ours: `switch.packages.install` over REST: plan, what was there before is recorded, apt-get, health of the switch.
* peer: `apt-get install` in the root.

Both have as many file descriptors as a service or a login has: for each program that apt starts it closes all that there
may be. Medians of runs in turn.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Progress, milliseconds
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, LabSwitch, Topology
from tests.packages.debian import DebianRoot, Key, Repository, build, debian_root

NAME = "package-install"
AIM = 1.2
RUNS = 7
WARM_UP = 1
FILES = 400
DESCRIPTORS = 1024
BYTES = 12 * 1024 * 1024


def run(_rig: Rig, progress: Progress) -> Row:
    """Measure; see the module's description."""
    ours: list[float] = []
    peer: list[float] = []
    with (
        _descriptors(DESCRIPTORS),
        tempfile.TemporaryDirectory() as directory,
        debian_root(Path(directory) / "root") as root,
        Lab(_topology(root.path)) as lab,
        _connection(lab.switch("box")) as switch,
    ):
        repository = Repository(root.path / "srv/bench", Key(Path(directory) / "key"))
        progress("building packages")
        repository.pool.mkdir(parents=True)
        _build(repository.pool)
        repository.publish()
        key = repository.key.armoured
        switch.packages.add_repository("bench", ["file:///srv/bench"], ["stable"], ["main"], key=key)
        for number in range(WARM_UP + RUNS):
            progress(f"run {number + 1} of {WARM_UP + RUNS}")
            ours.append(milliseconds(lambda: switch.packages.install("exporter")))
            _purge(root)
            peer.append(milliseconds(lambda: _apt(root, "install", "--no-install-recommends", "exporter")))
            _purge(root)
        repository.key.close()
    return Row.compared(NAME, *map(statistics.median, (ours[WARM_UP:], peer[WARM_UP:])), "ms", AIM)


@contextlib.contextmanager
def _descriptors(most: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _topology(root: Path) -> Topology:
    switches = {"box": {"ports": 4, "packages": str(root)}}
    document = {"name": f"bench-box-{os.getpid()}", "dataplane": "memory", "switches": switches}
    return Topology.from_document(document, "benchmarks")


def _connection(switch: LabSwitch) -> Switch:
    return Switch(switch.url, username=switch.username, password=switch.password, ca_file=switch.ca_file)


def _build(pool: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - data that is the same each time
    size = BYTES // FILES
    files: dict[str, str | bytes] = {
        f"/usr/lib/exporter/part{number:03}": chance.randbytes(size // 4) + bytes(size - size // 4)
        for number in range(FILES)
    }
    build(pool, "exporter", files=files, compression="xz", Installed_Size=str(BYTES // 1024), Depends="base")
    build(pool, "base", compression="xz")


def _apt(root: DebianRoot, *arguments: str) -> None:
    done = subprocess.run(
        ["chroot", root.path, "apt-get", "-y", "-q", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
        env={"PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchmarkError(f"apt-get {' '.join(arguments)} failed: {done.stderr.decode()[-300:]}")


def _purge(root: DebianRoot) -> None:
    if root.version("exporter") is None:
        raise BenchmarkError("the package isn't installed")
    _apt(root, "purge", "exporter", "base")
    _apt(root, "clean")
