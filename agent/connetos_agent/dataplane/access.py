"""Who may log in from where, and what those who log in are shown: the rules that logins are checked against."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.system import LoginAcl, LoginBanner, SshService, TelnetService

NO_TELNET = "this switch has no Telnet server, which would send passwords in clear: use SSH"


def _nobody() -> None:
    """Nobody has to follow a change."""


class AccessDriver(MemoryDriver):
    """The rules of the agent's own surfaces; a commit changes them, and they are read back from where they are used."""

    name = "access"

    def __init__(self) -> None:
        super().__init__({"login-banner", "login-acl", "ssh-service", "telnet-service"})
        self.changed: Callable[[], None] = _nobody
        """Called after a change, in the thread that commits; raises `DriverError` when it isn't followed."""

    def _rule(self, kind: str) -> State | None:
        return self._objects.get(ObjectKey(kind, "system"))

    @property
    def banner(self) -> str:
        """What is shown to those who log in."""
        state = self._rule("login-banner")
        return state.text if isinstance(state, LoginBanner) else ""

    @property
    def ssh(self) -> SshService:
        """How SSH is served."""
        state = self._rule("ssh-service")
        return state if isinstance(state, SshService) else SshService(enabled=True, connection_limit=15)

    def may_come(self, source: str) -> bool:
        """Whether one may log in from `source`: an address, or the name of a place on the machine itself."""
        state = self._rule("login-acl")
        networks = state.networks if isinstance(state, LoginAcl) else ()
        if not networks:
            return True
        try:
            address = ipaddress.ip_address(source.partition("%")[0])
        except ValueError:
            return True  # a terminal or a unix socket
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        return address.is_loopback or any(address in ipaddress.ip_network(network) for network in networks)

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        super().apply(steps)
        self.changed()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        return {target: reason for target, state in wanted.items() if (reason := _impossible(state))}


def _impossible(state: State) -> str:
    if isinstance(state, TelnetService) and (state.enabled or state.connection_limit is not None):
        return NO_TELNET
    return ""
