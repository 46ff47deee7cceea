"""The DHCP relay: dnsmasq, which does nothing else here."""

from __future__ import annotations

import re
from pathlib import Path

from connetos_agent.dataplane.configured_daemon import ConfiguredDaemon
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.routing import DhcpRelay
from connetos_agent.services.daemons import Daemons, Program

USER, GROUP = "dnsmasq", "nogroup"
"""Whom it becomes when its sockets are open; the Debian package makes the user."""
_RELAY = re.compile(r"^dhcp-relay=([0-9.]+),([0-9.]+)$", re.MULTILINE)


class DnsmasqDriver(ConfiguredDaemon):
    """Runs dnsmasq as a DHCP relay without DNS and without leases of its own.

    It isn't bound to interfaces: answers of servers come in by other interfaces than questions do.

    Args:
        daemons: runs it.
        run_directory: its files go to `dnsmasq` below.
    """

    name = "dnsmasq"
    kind = "dhcp-relay"
    package = "dnsmasq-base"

    def __init__(self, daemons: Daemons, run_directory: Path) -> None:
        super().__init__(daemons, run_directory / "dnsmasq")
        self.socket = self.directory / "dnsmasq.pid"

    def render(self, state: State) -> str:
        """See `ConfiguredDaemon.render`."""
        assert isinstance(state, DhcpRelay)  # noqa: S101 - there is no other kind
        lines = [
            f"user={USER}",
            f"group={GROUP}",
            f"pid-file={self.socket}",
            "port=0",
            "no-hosts",
            "no-resolv",
        ]
        lines += [f"dhcp-relay={relay},{server}" for relay, server in state.relays]
        return "".join(f"{line}\n" for line in lines)

    def parse(self, text: str) -> State:
        """See `ConfiguredDaemon.parse`."""
        return DhcpRelay(tuple(_RELAY.findall(text)))

    def program(self, executable: str) -> Program:
        """See `ConfiguredDaemon.program`."""
        arguments = (
            executable, "--keep-in-foreground", "--log-facility=-", f"--conf-file={self.config_file}",
        )  # fmt: skip
        return Program(self.name, arguments, ready=self.socket.exists)
