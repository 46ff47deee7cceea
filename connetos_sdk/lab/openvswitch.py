"""An Open vSwitch for each switch: an ovsdb-server and an ovs-vswitchd in the switch's own namespaces."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.files import SwitchFiles
from connetos_sdk.lab.namespaces import enter_command, identity, network_of
from connetos_sdk.lab.processes import Marker, read_pid, run, send_signal, wait_gone

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
PROGRAMS = ("ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-vswitchd")


@dataclass(frozen=True)
class OpenVSwitch:
    """The Open vSwitch of one switch. It never notices that the agent is restarted."""

    switch: str
    namespace: str
    files: SwitchFiles
    marker: Marker

    @property
    def database_pid(self) -> int | None:
        """The living ovsdb-server, if any."""
        return self._living("db")

    @property
    def switch_pid(self) -> int | None:
        """The living ovs-vswitchd, if any."""
        return self._living("vs")

    @property
    def environment(self) -> dict[str, str]:
        """What Open vSwitch's tools need in their environment to find this switch."""
        directory = str(self.files.directory)
        return {"OVS_RUNDIR": directory, "OVS_DBDIR": directory, "OVS_LOGDIR": directory}

    def start(self) -> bool:
        """Start whichever daemon is not running; return whether there was anything to start.

        Raises:
            CommandError: a daemon did not start.
        """
        missing_database, missing_switch = self.database_pid is None, self.switch_pid is None
        if missing_database:
            self._create_database()
            remote = f"--remote=punix:{self.files.ovs_socket}"
            self._daemon("db", "ovsdb-server", str(self.files.ovs_database), remote)
            self._run("ovs-vsctl", "--timeout=10", f"--db=unix:{self.files.ovs_socket}", "--no-wait", "init")
        if missing_switch:
            self._daemon("vs", "ovs-vswitchd", f"unix:{self.files.ovs_socket}")
        return missing_database or missing_switch

    def stop(self) -> None:
        """End both daemons; the database file stays. The switch forwards nothing until `start`."""
        for pid in (self.switch_pid, self.database_pid):
            if pid is None:
                continue
            send_signal(pid, signal.SIGTERM)
            if not wait_gone(pid, 5):
                send_signal(pid, signal.SIGKILL)
                wait_gone(pid, 5)

    def _create_database(self) -> None:
        if not self.files.ovs_database.exists():
            # A database that was only half written must never be taken for a good one.
            draft = self.files.ovs_database.with_suffix(".new")
            draft.unlink(missing_ok=True)
            self._run("ovsdb-tool", "create", str(draft), str(SCHEMA))
            draft.replace(self.files.ovs_database)

    def _daemon(self, short: str, program: str, *arguments: str) -> None:
        directory = self.files.directory
        options = ["--detach", "--no-chdir", "-vconsole:off", f"--pidfile={directory}/{short}.pid"]
        options += [f"--log-file={directory}/{short}.log", f"--unixctl={directory}/{short}.ctl"]
        self._run(program, *arguments, *options, role=self._role(short))

    def _run(self, *argv: str, role: str = "") -> None:
        environment = self.marker.daemon_environment(role, self.environment)
        run(enter_command(self.namespace, self.files.uts, argv), environment)

    def _role(self, short: str) -> str:
        return f"{self.switch}/{short}"

    def _living(self, short: str) -> int | None:
        pid = read_pid(self.files.directory / f"{short}.pid")
        if pid is None or not self.marker.carried_by(pid, self._role(short)):
            return None
        # A daemon in a namespace that was deleted and made anew serves cables that no longer exist.
        return pid if network_of(pid) == identity(self.namespace) else None
