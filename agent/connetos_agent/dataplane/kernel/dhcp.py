"""The DHCP client of the management port: ISC's dhclient, which outlives the agent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from importlib import resources
from pathlib import Path

from connetos_agent.dataplane.base import TIMEOUT, DriverError


class DhcpClient:
    """dhclient on one device.

    Args:
        device: network device.
        run_directory: where its PID file goes, and what the lease says about provisioning.
        state_directory: where its leases go.
    """

    def __init__(self, device: str, run_directory: Path, state_directory: Path) -> None:
        self.device = device
        self._pid_file = run_directory / f"dhclient-{device}.pid"
        self._leases = state_directory / f"dhclient-{device}.leases"
        self._facts = run_directory / f"dhclient-{device}.facts"

    @staticmethod
    def installed() -> bool:
        """Whether dhclient is there to be run."""
        return shutil.which("dhclient") is not None

    def _pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text("ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if command[0].endswith(b"dhclient") and str(self._pid_file).encode() in command else None

    def running(self) -> bool:
        """Whether dhclient runs for this device."""
        return self._pid() is not None

    def start(self) -> None:
        """Start dhclient in the background; it asks until it is answered."""
        program = shutil.which("dhclient")
        if program is None:
            raise DriverError("dhclient isn't installed (Debian package isc-dhcp-client)")
        own = resources.files("connetos_agent.dataplane.kernel")
        self._facts.unlink(missing_ok=True)
        arguments = [
            program, "-4", "-nw", "-q", "-pf", str(self._pid_file), "-lf", str(self._leases),
            "-cf", str(own / "dhclient.conf"), "-sf", str(own / "dhclient-script"),
            "-e", f"facts={self._facts}", self.device,
        ]  # fmt: skip
        try:
            done = subprocess.run(
                arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DriverError(f"dhclient can't be started: {error}") from error
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise DriverError(f"dhclient can't be started: {last[0]}")
        self._wait(present=True)

    def ask_now(self) -> None:
        """Ask at once rather than when dhclient's pause is over; one that has a lease, or doesn't run, is left alone."""
        if self.running() and not self._facts.exists():
            self.stop()
            self.start()

    def stop(self) -> None:
        """Stop dhclient; the addresses that it set are the caller's to remove."""
        pid = self._pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            self._wait(present=False)
        self._facts.unlink(missing_ok=True)

    def _wait(self, *, present: bool) -> None:
        deadline = time.monotonic() + 5
        while self.running() != present:
            if time.monotonic() > deadline:
                raise DriverError(
                    f"dhclient on {self.device} didn't {'start' if present else 'stop'} within 5 s"
                )
            time.sleep(0.02)
