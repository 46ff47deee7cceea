"""A daemon of a lab that is handed a listening socket and says when it is ready, as under systemd."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.errors import CommandError, LabError
from connetos_sdk.lab.files import tail, write_private
from connetos_sdk.lab.namespaces import identity, network_of
from connetos_sdk.lab.processes import Marker, launch, read_pid, send_signal, wait_gone

READY_SECONDS = 20.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class DaemonFiles:
    """The files of one daemon in a switch's directory; their names begin with `name`."""

    directory: Path
    name: str

    @property
    def pid(self) -> Path:
        """The process that was started."""
        return self.directory / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """What it said."""
        return self.directory / f"{self.name}.log"

    @property
    def ready(self) -> Path:
        """The pid of the process that said that it is ready."""
        return self.directory / f"{self.name}.ready"

    @property
    def notify(self) -> Path:
        """The socket on which it says so."""
        return self.directory / f"{self.name}.notify"


@dataclass(frozen=True)
class Daemon:
    """One daemon of one switch.

    Attributes:
        title: what it is called in messages, such as `the agent of leaf1`.
        role: what its mark says it is, such as `leaf1/agent`.
        command: the argument vector.
        port: TCP port on 127.0.0.1 of the host.
        namespace: the network namespace it should be in; None for the host's.
    """

    title: str
    role: str
    files: DaemonFiles
    marker: Marker
    command: Sequence[str]
    port: int
    environment: Mapping[str, str]
    namespace: str | None = None

    @property
    def pid(self) -> int | None:
        """The living process, if any."""
        pid = read_pid(self.files.pid)
        if pid is None or not self.marker.carried_by(pid, self.role):
            return None
        in_place = self.namespace is None or network_of(pid) == identity(self.namespace)
        return pid if in_place else None

    @property
    def ready(self) -> bool:
        """Whether the living process has said that it is ready."""
        pid = self.pid
        return pid is not None and read_pid(self.files.ready) == pid

    def start(self) -> None:
        """Start it anew and wait until it is ready.

        Raises:
            CommandError: it exited, or was not ready within 20 s; the message ends with the end of its log.
            LabError: its TCP port is taken by another program.
        """
        self.stop()
        self.files.ready.unlink(missing_ok=True)
        with self._listening_socket() as listening, self._notify_socket() as notifications:
            environment = {**self.environment, "NOTIFY_SOCKET": str(self.files.notify)}
            pid = launch(
                self.command,
                self.marker.daemon_environment(self.role, environment),
                pidfile=self.files.pid,
                log=self.files.log,
                directory=self.files.directory,
                listen=listening.fileno(),
            )
            self._wait_ready(pid, notifications)
        write_private(self.files.ready, f"{pid}\n")

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Ask it to end (SIGTERM); kill it when it has not after `timeout` seconds."""
        # A process in a namespace that was replaced is not `pid` any more, yet it must not go on.
        pid = read_pid(self.files.pid)
        if pid is None or not self.marker.carried_by(pid, self.role):
            return
        send_signal(pid, signal.SIGTERM)
        send_signal(pid, signal.SIGCONT)
        if not wait_gone(pid, timeout):
            send_signal(pid, signal.SIGKILL)
            wait_gone(pid, 5)

    def _listening_socket(self) -> socket.socket:
        # Made here, outside the switch's namespace, so that the host reaches the daemon at 127.0.0.1.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", self.port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            reason = f"cannot listen on 127.0.0.1:{self.port} for {self.title}: {error.strerror}"
            raise LabError(
                reason, "end the program that uses this port, or take the lab down and up"
            ) from error
        return listening

    @contextlib.contextmanager
    def _notify_socket(self) -> Iterator[socket.socket]:
        path = self.files.notify
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiving:
            receiving.bind(str(path))
            try:
                yield receiving
            finally:
                path.unlink(missing_ok=True)

    def _wait_ready(self, pid: int, notifications: socket.socket) -> None:
        deadline = time.monotonic() + READY_SECONDS
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            raise self._failure("exited before it was ready") from None
        try:
            poller = select.poll()
            poller.register(process, select.POLLIN)
            poller.register(notifications, select.POLLIN)
            while (left := deadline - time.monotonic()) > 0:
                events = {descriptor for descriptor, _ in poller.poll(left * 1000)}
                if notifications.fileno() in events:
                    if b"READY=1" in notifications.recv(4096).split(b"\n"):
                        return
                elif process in events:
                    raise self._failure("exited before it was ready")
        finally:
            os.close(process)
        raise self._failure(f"was not ready within {READY_SECONDS:g} s")

    def _failure(self, what: str) -> CommandError:
        log = tail(self.files.log)
        ending = f"; its log ends with:\n{log}" if log else "; its log is empty"
        return CommandError(f"{self.title} {what}{ending}", f"log: {self.files.log}")
