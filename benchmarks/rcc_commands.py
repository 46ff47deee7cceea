"""`rcc-commands` and `rcc-commands-pipelined`, ms for each command: RCC over one SSH connection.

The same commands on the same switch, of both modes: `configure`, a `set`, `show`, `discard`, `exit`, `show vlans`.

* ours: `RccClient`, which takes an answer when it is there; command after command (`run`), or all in one write
  (`run_many`). Encryption, SSH server, agent and answer are what a user has.
* peer: a client that does after each answer what the vendor's does: it waits until 200 ms have passed without a
  further message, because a response has no end mark (docs/rcc.md). It speaks with the same server.

Medians of rounds, over the number of commands.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Progress, medians
from benchmarks.rig import BenchmarkError, Rig
from benchmarks.rows import Row
from connetos_sdk.transports.rcc_client import RccClient
from connetos_sdk.wire.rcc import QUIET_SECONDS

NAME = "rcc-commands"
NAME_PIPELINED = "rcc-commands-pipelined"
AIM = 0.02
AIM_PIPELINED = 0.01
RUNS = 9
WARM_UP = 1
READY_SECONDS = 20.0
COMMANDS = ("configure", "set vlans vlan-id 10", "show vlans", "discard", "exit", "show vlans")
PIPELINED = COMMANDS * 20
_HANDED = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec 3<&"$0"; exec "$@"'


def run(rig: Rig, progress: Progress) -> Row:
    """Measure command after command; see the module's description."""
    return _measure(rig, progress, NAME, AIM, COMMANDS, pipelined=False)


def run_pipelined(rig: Rig, progress: Progress) -> Row:
    """Measure all commands in one write; see the module's description."""
    return _measure(rig, progress, NAME_PIPELINED, AIM_PIPELINED, PIPELINED, pipelined=True)


def _measure(
    rig: Rig, progress: Progress, name: str, aim: float, commands: tuple[str, ...], *, pipelined: bool
) -> Row:
    rig.reset()
    with _server(rig) as (port, pid):
        access = {"username": rig.leaf.username, "password": rig.leaf.password, "port": port, "verify": False}
        with (
            RccClient("127.0.0.1", **access, quiet=0) as ours,  # type: ignore[arg-type]
            RccClient("127.0.0.1", **access, quiet=QUIET_SECONDS) as peer,  # type: ignore[arg-type]
        ):
            _check(ours, commands)
            took = medians(
                lambda _: ours.run_many(commands) if pipelined else [ours.run(line) for line in commands],
                lambda _: peer.run_many(COMMANDS),
                runs=RUNS,
                warm_up=WARM_UP,
                progress=progress,
            )
            _check(ours, commands)
        note = f"the SSH server has {_resident_mib(pid):.0f} MiB of memory"
    rig.reset()
    return Row.compared(name, took[0] / len(commands), took[1] / len(COMMANDS), "ms", aim, note=note)


def _check(client: RccClient, commands: tuple[str, ...]) -> None:
    for response in client.run_many(commands):
        if not response.success:
            raise BenchmarkError(f"{response.command!r} failed: {response.text}")


@contextmanager
def _server(rig: Rig) -> Iterator[tuple[int, int]]:
    """An SSH server in front of the agent: its port and pid."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as listening:
        notify = Path(directory) / "notify.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(notify))
            command = [
                *("bash", "-c", _HANDED, str(listening.fileno()), sys.executable, "-m", "connetos_sshd"),
                *("--agent-socket", str(rig.leaf.files.run / "cli.sock"), "--state-directory", directory),
                *("--log-level", "warning"),
            ]
            environment = {**os.environ, "NOTIFY_SOCKET": str(notify)}
            server = subprocess.Popen(command, env=environment, pass_fds=[listening.fileno()])
            try:
                if not select.select([told], [], [], READY_SECONDS)[0]:
                    raise BenchmarkError("the SSH server doesn't start")
                yield listening.getsockname()[1], server.pid
            finally:
                server.terminate()
                server.wait()


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
