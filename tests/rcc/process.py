"""The SSH server as a process of its own, as systemd or a lab starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT

_BECOME = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec 3<&"$0"; exec "$@"'


class Sshd:
    """`python -m connetos_sshd` on a socket that it is handed, ready when this returns."""

    def __init__(self, agent_socket: Path, state: Path, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        # Bound by its number, as a server's is: else it would be lost while the socket doesn't listen.
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.state, self.log = state, log
        state.mkdir(mode=0o700, exist_ok=True)
        notify = log.with_suffix(".notify")
        notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, log.open("ab") as stream:
            told.bind(str(notify))
            told.settimeout(20)
            command = [
                sys.executable, "-m", "connetos_sshd",
                "--agent-socket", str(agent_socket), "--state-directory", str(state),
            ]  # fmt: skip
            path = f"{ROOT}:{ROOT / 'agent'}:{os.environ.get('PYTHONPATH', '')}"
            self.process = subprocess.Popen(
                ["bash", "-c", _BECOME, str(self._listening.fileno()), *command],
                env={**os.environ, "NOTIFY_SOCKET": str(notify), "PYTHONPATH": path},
                pass_fds=[self._listening.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=stream,
            )
            assert b"READY=1" in told.recv(4096), log.read_text()

    def known_hosts(self, path: Path) -> Path:
        """A known-hosts file with this server's key."""
        import asyncssh

        key = asyncssh.read_private_key(str(self.state / "ssh/host_ed25519_key"))
        public = key.export_public_key().decode()
        path.write_text(f"[127.0.0.1]:{self.port} {public}")
        return path

    def resident_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self._listening.close()


def threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Do `work(number)` in so many threads at once; what went wrong."""
    wrong: list[BaseException] = []

    def one(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            wrong.append(error)

    all_of_them = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join(60)
    return wrong
