"""A Salt site: a real master, minions, and the programs that talk to them, on loopback or in a lab."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connetos_sdk.lab.lab import LabSwitch
from connetos_sdk.lab.nodes import Node
from tests.conftest import ROOT
from tests.salt.conftest import QUIET, run, write

READY_S = 240.0
_AS_INSTALLED = """
set -e
mount --bind "$1" /mnt
mount -t tmpfs tmpfs /run
mkdir /run/connetos
mount --move /mnt /run/connetos
shift
exec "$@"
"""
"""Gets the agent's run directory and a command, which sees it as /run/connetos; for a mount namespace of its own."""


@dataclass
class Site:
    """A master and what belongs to it, all below one folder.

    Attributes:
        programs: folder of Salt's programs.
        directory: of the site: `etc`, `states`, `pillar`, and what Salt keeps.
        synced: folder of modules that minions get from the master; they find them installed, too.
        address: where the master listens.
        place: a node of a lab in which master, proxies and programs run; outside of labs by default.
    """

    programs: Path
    directory: Path
    synced: Path | None = ROOT / "salt"
    address: str = "127.0.0.1"
    place: Node | None = None
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def etc(self) -> Path:
        return self.directory / "etc"

    def start(self) -> None:
        """Start the master; minions get what is `synced` by `saltutil.sync_all`."""
        ports = _free_ports(2)
        common = {
            **QUIET,
            "log_level_logfile": "info",
            "root_dir": str(self.directory / "root"),
            "publish_port": ports[0],
        }
        roots = {"base": [str(path) for path in (self.directory / "states", self.synced) if path]}
        pillars = {"base": [str(self.directory / "pillar")]}
        write(
            self.etc / "master",
            {
                **common, "interface": self.address, "ret_port": ports[1], "auto_accept": True, "worker_threads": 3,
                "file_roots": roots, "pillar_roots": pillars, "timeout": 60, "gather_job_timeout": 30,
                "pki_dir": "pki/master", "cachedir": "cache/master", "sock_dir": "run/master",
            },
        )  # fmt: skip
        for kind in ("proxy", "minion"):
            write(
                self.etc / kind,
                {
                    **common, "master": self.address, "master_port": ports[1], "acceptance_wait_time": 1,
                    "loop_interval": 1, "mine_enabled": False,
                    "pki_dir": f"pki/{kind}", "cachedir": f"cache/{kind}", "sock_dir": f"run/{kind}",
                },
            )  # fmt: skip
        self._start("salt-master")

    def proxy(self, name: str, **settings: Any) -> None:
        """Start a proxy minion; its pillar says which switch it is for."""
        if settings:
            write(self.etc / "proxy.d" / name / "own.conf", settings)
        self._start("salt-proxy", f"--proxyid={name}")

    def minion_on(self, switch: LabSwitch, **settings: Any) -> None:
        """Start a minion on a switch: in its namespaces, with its agent's sockets where an installed agent has them."""
        write(self.etc / "minion.d/own.conf", {"id": switch.name, **settings})
        argv = ["unshare", "--mount", "sh", "-c", _AS_INSTALLED, "sh", str(switch.files.run)]
        self._start("salt-minion", before=switch.node.command(argv))

    def pillar(self, **minions: Any) -> None:
        """Write the pillar of each minion, and the top file."""
        for name, value in minions.items():
            write(self.directory / f"pillar/{name}.sls", value)
        write(self.directory / "pillar/top.sls", {"base": {name: [name] for name in minions}})

    def sls(self, name: str, value: Any) -> None:
        """Write an SLS file."""
        write(self.directory / f"states/{name}.sls", value)

    def wait(self, *minions: str, limit_s: float = READY_S) -> None:
        """Wait until minions answer."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            done = self.run("salt", "-L", ",".join(minions), "-t", "5", "--out=json", "--static", "test.ping")
            answers = [
                line
                for line in done.stdout.splitlines()
                if line.endswith(("true", "true,", "false", "false,"))
            ]
            if len(answers) == len(minions):  # false is what the proxy of a switch that can't be reached says
                return
            time.sleep(1)
        raise AssertionError(f"{minions} don't answer: {done.stdout}{done.stderr}{self.logs()}")

    def logs(self) -> str:
        """The end of what the daemons logged."""
        found = (self.directory / "root/var/log/salt").glob("*")
        return "\n".join(path.read_text()[-3000:] for path in found)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Salt's programs where the master is."""
        return run(*self._there(str(self.programs / program), "-c", str(self.etc), *arguments))

    def salt(self, minions: str, function: str, *arguments: str) -> dict[str, Any]:
        """`salt -L minions function …`; what each minion returns."""
        done = self.run("salt", "-L", minions, "-t", "60", "--out=json", "--static", function, *arguments)
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def apply(self, minions: str, sls: str, *arguments: str) -> dict[str, dict[str, Any]]:
        """Apply an SLS of one state; what became of it, by minion."""
        found = self.salt(minions, "state.apply", sls, *arguments)
        assert all(isinstance(states, dict) for states in found.values()), found
        return {minion: next(iter(states.values())) for minion, states in found.items()}

    def runner(self, function: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """`salt-run function …`; its exit code and what it returns."""
        done = self.run("salt-run", "--out=json", function, *arguments)
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    @contextmanager
    def listening(self, tag: str) -> Iterator[list[dict[str, Any]]]:
        """Events of the master's bus whose tag begins so, as they come, into the list."""
        found: list[dict[str, Any]] = []
        process = subprocess.Popen(
            self._there(
                *map(
                    str, (self.programs / "python", ROOT / "tests/salt/listener.py", self.etc / "master", tag)
                )
            ),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            os.set_blocking(process.stdout.fileno(), False)
            yield _Events(found, process)
        finally:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End all daemons: each leads a process group of its own."""
        for process in reversed(self._running):
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(5)

    def _there(self, *argv: str) -> list[str]:
        return list(argv) if self.place is None else self.place.command(argv)

    def _start(self, program: str, *arguments: str, before: list[str] | None = None) -> None:
        argv = [str(self.programs / program), "-c", str(self.etc), *arguments]
        with (self.directory / f"{program}.out").open("ab") as out:
            process = subprocess.Popen(
                self._there(*argv) if before is None else [*before, *argv],
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self._running.append(process)


class _Events(list[dict[str, Any]]):
    """Events that have come."""

    def __init__(self, found: list[dict[str, Any]], process: subprocess.Popen[str]) -> None:
        super().__init__(found)
        self._process = process

    def one(self, **wanted: Any) -> dict[str, Any] | None:
        """An event whose data has all that is wanted."""
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            self.append(json.loads(line))
        return next((e for e in self if all(e["data"].get(k) == v for k, v in wanted.items())), None)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
