"""The SSH server of one switch: a process of its own beside the agent."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.daemon import Daemon, DaemonFiles
from connetos_sdk.lab.environment import import_path_variable
from connetos_sdk.lab.files import SwitchFiles, write_private
from connetos_sdk.lab.namespaces import enter_command
from connetos_sdk.lab.processes import Marker


@dataclass(frozen=True)
class SshServer:
    """The SSH server of one switch, which the host reaches at 127.0.0.1.

    It is in the switch's network `namespace` (None when the data plane is in memory): `ssh` and `telnet` in its shell
    go out from there.
    """

    switch: str
    files: SwitchFiles
    marker: Marker
    port: int
    namespace: str | None

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
            command=command
            if self.namespace is None
            else enter_command(self.namespace, self.files.uts, command),
            port=self.port,
            namespace=self.namespace,
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
