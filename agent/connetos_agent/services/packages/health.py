"""Is the switch as well as before? Asked before and after a transaction; what got worse is a reason to go back.

    agent       the agent answers on its socket
    troubles    nothing is in `state/system/troubles` that wasn't there before
    forwarding  ports that were up are up, routes that were installed are installed
    revision    the same configuration runs
    services    no unit of systemd has failed that hadn't; only where systemd runs

An agent that is restarted by what was installed has `seconds` to answer again.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from connetos_agent.services.packages.root import SYSTEMD, Root

ASK_SECONDS = 5.0
MAX_LINE = 16 * 1024


@dataclass(frozen=True)
class Health:
    """What was found. `answers` is whether the agent does; lists are of names."""

    answers: bool = False
    revision: int = 0
    troubles: tuple[str, ...] = ()
    ports_up: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    failed_units: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """The opposite of `to_dict`."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**values)


class _Agent:
    """The agent's socket: HTTP as much as is needed here, without the time that a library takes to load."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ASK_SECONDS)
        self._socket.connect(path)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def state(self, area: str) -> Any:
        """An area of the state.

        Raises:
            OSError, ValueError: the agent doesn't answer, or not with it.
        """
        self._socket.sendall(f"GET /api/v1/state/{area} HTTP/1.1\r\nHost: switch\r\n\r\n".encode())
        status = self._file.readline(MAX_LINE)
        if status.split()[1:2] != [b"200"]:
            raise OSError(f"the agent answers {status[:40]!r}")
        length = 0
        while (line := self._file.readline(MAX_LINE)).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self._file.read(length))


def look(root: Root, agent_socket: str) -> Health:
    """The switch now."""
    units = _failed_units(root)
    try:
        with contextlib.closing(_Agent(agent_socket)) as agent:
            system = agent.state("system")
            ports = agent.state("interface").get("gigabit-ethernet", {})
            routes = agent.state("route").get("static", {})
    except (OSError, ValueError):
        return Health(failed_units=units)
    return Health(
        answers=True,
        revision=system["revision"],
        troubles=tuple(system["troubles"]),
        ports_up=tuple(name for name, port in ports.items() if port.get("oper") == "up"),
        routes=tuple(prefix for prefix, route in routes.items() if route.get("installed")),
        failed_units=units,
    )


def _failed_units(root: Root) -> tuple[str, ...]:
    if not root.whole_system or not SYSTEMD.exists():
        return ()
    done = root.query(
        ["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"], seconds=30
    )
    return tuple(line.split()[0] for line in done.stdout.splitlines() if line.split())


Check = Callable[[Health, Health], str]
"""What got worse from the first to the second, in a sentence; empty if nothing did."""


def _worse(what: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    return f"{what}: {', '.join(sorted(set(after) - set(before)))}" if set(after) - set(before) else ""


CHECKS: dict[str, Check] = {
    "agent": lambda before, after: "the agent doesn't answer" if before.answers and not after.answers else "",
    "troubles": lambda before, after: _worse("new troubles", before.troubles, after.troubles),
    "forwarding": lambda before, after: (
        _worse("ports went down", after.ports_up, before.ports_up)
        or _worse("routes are gone", after.routes, before.routes)
    ),
    "revision": lambda before, after: (
        f"revision {after.revision} runs instead of {before.revision}"
        if after.revision < before.revision
        else ""
    ),
    "services": lambda before, after: _worse("services failed", before.failed_units, after.failed_units),
}


def problems(before: Health, after: Health) -> dict[str, str]:
    """What each check finds worse, by its name."""
    if not after.answers:
        names = ("agent", "services")
        found = {name: CHECKS[name](before, after) for name in names}
    else:
        found = {name: check(before, after) for name, check in CHECKS.items()}
    return {name: text for name, text in found.items() if text}


def wait_healthy(root: Root, agent_socket: str, before: Health, seconds: float) -> dict[str, str]:
    """What is still worse after at most `seconds`; empty as soon as nothing is."""
    deadline = time.monotonic() + seconds
    while worse := problems(before, look(root, agent_socket)):
        if time.monotonic() >= deadline:
            return worse
        time.sleep(min(1.0, max(0.05, deadline - time.monotonic())))
    return {}
