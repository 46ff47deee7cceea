"""Runs operations (`connetos_sdk.model.operations`) for every surface: checks who asks and with what, and bounds."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_sdk.errors import NotFound, PermissionDenied, TooMany
from connetos_sdk.model.operations import operation, operations

log = logging.getLogger(__name__)

MAX_RUNNING = 64
MAX_RUNNING_PER_USER = 16

Report = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Tells whoever asked how far an operation is: a JSON object whose form is the operation's own."""

Run = Callable[[Caller, Mapping[str, Any], Report], Awaitable[Any]]
"""Does an operation with checked arguments; returns its result as JSON data. It is cancelled when nobody waits
for the result any more; what must end by itself (a package installation) runs in a task of its own."""


async def untold(_progress: Mapping[str, Any]) -> None:
    """For callers who only want the result."""


PACKAGES = ("packages/", "system/upgrade")
NO_PACKAGES = (
    'its package service is switched off, as on switches of a lab: [packages] root = "/" in its settings'
)


class Operations:
    """The operations that this agent has; services add theirs."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._running: Counter[str] = Counter()
        self._leaving: list[Callable[[], None]] = []

    def add(self, name: str, run: Run) -> None:
        """Add what does the operation `name`, which the model describes."""
        operation(name)
        self._runs[name] = run

    def when_stopping(self, leave: Callable[[], None]) -> None:
        """Have `leave` called when the agent stops, before its surfaces close: who waits for what goes on is told so."""
        self._leaving.append(leave)

    def stop(self) -> None:
        """The agent stops."""
        for leave in self._leaving:
            leave()

    @property
    def names(self) -> list[str]:
        """Names of the operations there are."""
        return sorted(self._runs)

    def check(self, caller: Caller, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments in normal form, if there is such an operation and `caller` may use it.

        Raises:
            NotFound, PermissionDenied, BadRequest: it can't be done; the error says why.
        """
        if name not in self._runs and name in operations():
            hint = NO_PACKAGES if name.startswith(PACKAGES) else ", ".join(self.names)
            raise NotFound(f"this agent doesn't do {name}", hint=hint)
        described = operation(name)
        if described.super_user and not caller.may_configure:
            raise PermissionDenied(
                f"{caller.user} is of class {caller.user_class}", hint=f"{name} needs class super-user"
            )
        return described.check(arguments)

    async def call(
        self, caller: Caller, name: str, arguments: Mapping[str, Any], report: Report = untold
    ) -> Any:
        """Do an operation and return its result.

        Args:
            caller: who asks.
            name: which operation.
            arguments: checked here.
            report: told how far it is.

        Raises:
            ConnetosError: it can't be done, or failed; the error says why.
        """
        checked = self.check(caller, name, arguments)
        if self._running.total() >= MAX_RUNNING or self._running[caller.user] >= MAX_RUNNING_PER_USER:
            raise TooMany("too many operations are running", hint="wait until some have ended")
        self._running[caller.user] += 1
        try:
            return await self._runs[name](caller, checked, report)
        finally:
            self._running[caller.user] -= 1
            self._running += Counter()  # forgets users who have none running
