"""The provisioning server of a lab's management network: dnsmasq, for TFTP and DHCP."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.errors import LabError
from connetos_sdk.lab.namespaces import enter_command
from connetos_sdk.lab.processes import Marker, read_pid, run, search_path, send_signal, wait_gone
from connetos_sdk.lab.topology import Topology

FIRST_LEASE, LAST_LEASE = 200, 250
"""Host numbers in the management network that DHCP hands out to whom it doesn't know."""


@dataclass(frozen=True)
class ProvisioningServer:
    """dnsmasq at the lab's own address in the management network."""

    topology: Topology
    namespace: str
    directory: Path
    marker: Marker

    @property
    def address(self) -> str:
        """Its address."""
        return str(self.topology.management_address.ip)

    @property
    def files(self) -> Path:
        """What is served by TFTP."""
        return self.directory / "tftp"

    @property
    def reservations(self) -> Path:
        """DHCP reservations, one a line: `<mac>,<address>,<name>` (dnsmasq's --dhcp-hostsfile)."""
        return self.directory / "dhcp-hosts"

    @property
    def pid(self) -> int | None:
        """The living process, if any."""
        pid = read_pid(self._pidfile)
        return pid if pid is not None and self.marker.carried_by(pid, self._role) else None

    def start(self) -> None:
        """Start it, unless it runs.

        Raises:
            LabError: it isn't installed, or doesn't start.
        """
        if self.pid is not None:
            return
        program = shutil.which("dnsmasq", path=search_path())
        if program is None:
            raise LabError("dnsmasq is not installed", "apt-get install dnsmasq-base")
        self.files.mkdir(mode=0o755, exist_ok=True)
        self.reservations.touch()
        environment = self.marker.daemon_environment(self._role)
        run(enter_command(self.namespace, None, [program, *self._options()]), environment)

    def reload(self) -> None:
        """Read the reservations again."""
        if (pid := self.pid) is not None:
            send_signal(pid, signal.SIGHUP)

    def stop(self) -> None:
        """End it."""
        if (pid := self.pid) is not None:
            send_signal(pid, signal.SIGTERM)
            if not wait_gone(pid, 5):
                send_signal(pid, signal.SIGKILL)
                wait_gone(pid, 5)

    @property
    def _role(self) -> str:
        return "provisioning"

    @property
    def _pidfile(self) -> Path:
        return self.directory / "dnsmasq.pid"

    def _options(self) -> list[str]:
        options = [
            "--conf-file=/dev/null", "--port=0", f"--pid-file={self._pidfile}", "--user=root",
            f"--log-facility={self.directory}/dnsmasq.log", f"--listen-address={self.address}",
            "--bind-interfaces", "--enable-tftp", f"--tftp-root={self.files}",
        ]  # fmt: skip
        if self.topology.provisioning is not None and self.topology.provisioning.dhcp:
            network = self.topology.management
            first, last = (network.network_address + number for number in (FIRST_LEASE, LAST_LEASE))
            if last not in network:
                raise LabError(f"{network} has no room for DHCP leases", "a /24 as management network")
            options += [
                f"--dhcp-range={first},{last},{network.netmask},10m",
                f"--dhcp-hostsfile={self.reservations}",
                f"--dhcp-leasefile={self.directory}/leases",
                "--log-dhcp", "--no-ping", "--dhcp-authoritative",
                f"--dhcp-option=150,{self.address}",
            ]  # fmt: skip
        return options
