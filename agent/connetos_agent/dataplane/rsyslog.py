"""Sends the switch's log to other machines: rsyslogd, one of its own for this switch."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path

from connetos_agent.dataplane.configured_daemon import ConfiguredDaemon
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.system import LogForwarding
from connetos_agent.services.daemons import Daemons, Program

_TARGET = re.compile(r'target="([0-9.]+)"')
PORT = 514


class RsyslogDriver(ConfiguredDaemon):
    """Runs rsyslogd, which takes messages at `socket` and sends them by UDP as RFC 5424 says.

    Args:
        daemons: runs it.
        run_directory: its files go to `rsyslogd` below.
    """

    name = "rsyslogd"
    kind = "log-forwarding"
    package = "rsyslog"

    def __init__(self, daemons: Daemons, run_directory: Path) -> None:
        self.socket = self.socket_in(run_directory)
        super().__init__(daemons, self.socket.parent)

    @staticmethod
    def socket_in(run_directory: Path) -> Path:
        """Where rsyslogd takes messages."""
        return run_directory / "rsyslogd" / "log.sock"

    def render(self, state: State) -> str:
        """See `ConfiguredDaemon.render`."""
        assert isinstance(state, LogForwarding)  # noqa: S101 - there is no other kind
        listen = json.dumps(str(self.socket))
        lines = [
            f"global(workDirectory={json.dumps(str(self.directory))})",
            'module(load="imuxsock" SysSock.Use="off")',
            f'input(type="imuxsock" Socket={listen} UseSpecialParser="off" ParseHostname="on" '
            'UseSysTimeStamp="off" RateLimit.Interval="0")',
        ]
        lines += [
            f'action(type="omfwd" target="{server}" port="{PORT}" protocol="udp" '
            'template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" action.resumeInterval="5")'
            for server in state.servers
        ]
        return "".join(f"{line}\n" for line in lines)

    def parse(self, text: str) -> State:
        """See `ConfiguredDaemon.parse`."""
        return LogForwarding(tuple(sorted(_TARGET.findall(text), key=ipaddress.IPv4Address)))

    def program(self, executable: str) -> Program:
        """See `ConfiguredDaemon.program`."""
        arguments = (
            executable,
            "-n",
            "-f",
            str(self.config_file),
            "-i",
            str(self.directory / "rsyslogd.pid"),
        )
        return Program(self.name, arguments, ready=self.socket.exists)
