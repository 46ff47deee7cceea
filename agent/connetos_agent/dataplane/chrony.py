"""The NTP client: chronyd, one of its own for this switch."""

from __future__ import annotations

import re
from pathlib import Path

from connetos_agent.dataplane.configured_daemon import ConfiguredDaemon
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.system import Ntp
from connetos_agent.services.daemons import Daemons, Program

_SERVER = re.compile(r"^server (\S+)", re.MULTILINE)


class ChronyDriver(ConfiguredDaemon):
    """Runs chronyd in client mode.

    Args:
        daemons: runs it.
        run_directory: its files go to `chronyd` below.
        sets_clock: whether it may set the machine's clock; else it only measures.
    """

    name = "chronyd"
    kind = "ntp"
    package = "chrony"

    def __init__(self, daemons: Daemons, run_directory: Path, *, sets_clock: bool) -> None:
        super().__init__(daemons, run_directory / "chronyd")
        self._sets_clock = sets_clock
        self.socket = self.directory / "chronyd.sock"

    def render(self, state: State) -> str:
        """See `ConfiguredDaemon.render`."""
        assert isinstance(state, Ntp)  # noqa: S101 - there is no other kind
        lines = [
            f"server {state.server} iburst",
            f"pidfile {self.directory}/chronyd.pid",
            f"driftfile {self.directory}/drift",
            f"bindcmdaddress {self.socket}",
            "cmdport 0",
            "port 0",
        ]
        if self._sets_clock:
            lines += ["makestep 1 3", "rtcsync"]
        return "".join(f"{line}\n" for line in lines)

    def parse(self, text: str) -> State:
        """See `ConfiguredDaemon.parse`."""
        found = _SERVER.search(text)
        return Ntp(found[1] if found else "")

    def program(self, executable: str) -> Program:
        """See `ConfiguredDaemon.program`."""
        watching = () if self._sets_clock else ("-x",)
        arguments = (executable, "-n", "-4", "-u", "root", *watching, "-f", str(self.config_file))
        return Program(self.name, arguments, ready=self.socket.exists)
