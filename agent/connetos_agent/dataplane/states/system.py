"""States of logins, time and log."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class LoginBanner(State):
    """What is shown to those who log in."""

    text: str


@dataclass(frozen=True)
class LoginAcl(State):
    """Networks from which one may log in, in ascending order; none: from everywhere."""

    networks: tuple[str, ...]


@dataclass(frozen=True)
class Inband(State):
    """Whether the switch is managed through its VLAN interfaces, too."""

    enabled: bool


@dataclass(frozen=True)
class SshService(State):
    """The SSH server."""

    enabled: bool
    connection_limit: int


@dataclass(frozen=True)
class TelnetService(State):
    """The Telnet server. `connection_limit` is None unless configured."""

    enabled: bool
    connection_limit: int | None


@dataclass(frozen=True)
class Timezone(State):
    """Name in the tz database."""

    name: str


@dataclass(frozen=True)
class Ntp(State):
    """Address of the NTP server that the clock follows."""

    server: str


@dataclass(frozen=True)
class Log(State):
    """Which messages are logged: `facility` 0 to 7 is local0 to local7."""

    facility: int
    level: str


@dataclass(frozen=True)
class LogForwarding(State):
    """Addresses of the machines to which messages are sent, in ascending order."""

    servers: tuple[str, ...]
