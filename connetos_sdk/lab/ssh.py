"""The SSH server of one switch: a process of its own beside the agent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.daemon import Daemon, DaemonFiles
from connetos_sdk.lab.environment import import_path_variable
from connetos_sdk.lab.files import SwitchFiles, write_private
from connetos_sdk.lab.processes import Marker


@dataclass(frozen=True)
class SshServer:
    """The SSH server of one switch, which the host reaches at 127.0.0.1."""

    switch: str
    files: SwitchFiles
    marker: Marker
    port: int

    @property
    def daemon(self) -> Daemon:
        """The process."""
        command = [
            sys.executable, "-m", "connetos_sshd",
            "--agent-socket", str(self.files.run / "cli.sock"),
            "--state-directory", str(self.files.state),
        ]  # fmt: skip
        return Daemon(
            title=f"the SSH server of {self.switch}",
            role=f"{self.switch}/sshd",
            files=DaemonFiles(self.files.directory, "sshd"),
            marker=self.marker,
            command=command,
            port=self.port,
            environment={"PYTHONPATH": import_path_variable()},
        )

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with the key of this server."""
        return self.files.directory / "known_hosts"

    def start(self) -> bool:
        """Start it and wait until it is ready; return False when it is running already.

        Raises:
            CommandError, LabError: see `Daemon.start`.
        """
        if self.daemon.ready:
            return False
        self.daemon.start()
        key = (self.files.state / "ssh" / "host_ed25519_key.pub").read_text("ascii")
        write_private(self.known_hosts, f"[127.0.0.1]:{self.port} {key}")
        return True

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.daemon.stop()
