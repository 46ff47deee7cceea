"""Logins, time and log."""

from __future__ import annotations

import ipaddress

from connetos_agent.dataplane.intents.kind import Kind, always
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.system import (
    Inband,
    Log,
    LogForwarding,
    LoginAcl,
    LoginBanner,
    Ntp,
    SshService,
    TelnetService,
    Timezone,
)
from connetos_sdk.model.tree import Document, effective, get

NTP_SERVER = ("system", "ntp-server-ip")
LOG_SERVERS = ("system", "syslog", "host", "server-ip")
SSH = ("system", "services", "ssh")
TELNET = ("system", "services", "telnet")


def _banner(_key: str, document: Document, _platform: Platform) -> State:
    return LoginBanner(effective(document, ("system", "login", "announcement")))


def _login_acl(_key: str, document: Document, _platform: Platform) -> State:
    found = {
        ipaddress.IPv4Interface(text).network
        for text in get(document, ("system", "login-acl", "network"), ())
    }
    return LoginAcl(tuple(map(str, sorted(found))))


def _inband(_key: str, document: Document, _platform: Platform) -> State:
    return Inband(effective(document, ("system", "inband", "enable")))


def _ssh(_key: str, document: Document, _platform: Platform) -> State:
    return SshService(effective(document, (*SSH, "enable")), effective(document, (*SSH, "connection-limit")))


def _telnet(_key: str, document: Document, _platform: Platform) -> State:
    return TelnetService(
        bool(get(document, (*TELNET, "enable"), False)), get(document, (*TELNET, "connection-limit"), None)
    )


def _timezone(_key: str, document: Document, _platform: Platform) -> State:
    return Timezone(effective(document, ("system", "timezone")))


def _ntp(_key: str, document: Document, _platform: Platform) -> State | None:
    server = get(document, NTP_SERVER, None)
    return None if server is None else Ntp(server)


def _log(_key: str, document: Document, _platform: Platform) -> State:
    return Log(
        effective(document, ("system", "syslog", "log-facility")),
        effective(document, ("system", "syslog", "log-level")),
    )


def _forwarding(_key: str, document: Document, _platform: Platform) -> State | None:
    servers = get(document, LOG_SERVERS, ())
    return LogForwarding(tuple(sorted(servers, key=ipaddress.IPv4Address))) if servers else None


KINDS = (
    Kind("login-banner", 0, _banner, always("system")),
    Kind("login-acl", 0, _login_acl, always("system")),
    Kind("inband", 0, _inband, always("system")),
    Kind("ssh-service", 0, _ssh, always("system")),
    Kind("telnet-service", 0, _telnet, always("system")),
    Kind("timezone", 0, _timezone, always("system")),
    Kind("log", 0, _log, always("system")),
    Kind("ntp", 9, _ntp, lambda document, _platform: ("system",) if get(document, NTP_SERVER, None) else ()),
    Kind(
        "log-forwarding",
        9,
        _forwarding,
        lambda document, _platform: ("system",) if get(document, LOG_SERVERS, None) else (),
    ),
)
