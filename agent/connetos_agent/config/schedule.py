"""`commit at`: a candidate that is checked now and committed later, also after a restart of the agent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from connetos_agent.config.rebase import rebase
from connetos_agent.config.sessions import Caller
from connetos_agent.config.store import Store
from connetos_agent.events import Events
from connetos_sdk.errors import ConnetosError, InvalidValue, Locked, NotFound
from connetos_sdk.model.tree import Document

log = logging.getLogger(__name__)

MAX_AHEAD_SECONDS = 366 * 24 * 3600
LOOK_SECONDS = 30.0
"""How often the clock is looked at again: it may have been set."""

Commit = Callable[[Caller, Callable[[Document], Document], str], Awaitable[Any]]
"""Commits what a function makes of the running configuration, with a comment."""


@dataclass(frozen=True)
class ScheduledCommit:
    """A commit that waits for its time, `at` in seconds since 1970."""

    at: float
    caller: Caller
    comment: str
    base: Document
    candidate: Document

    def facts(self) -> dict[str, Any]:
        """Who made it and when it will be: JSON data without the configuration."""
        return {"at": self.at, "user": self.caller.user, "comment": self.comment}


class Schedule:
    """The commit that waits for its time; there is at most one.

    Args:
        store: keeps it over restarts of the agent.
        events: told when it is made, dropped, done, or failed.
        commit: does it.
    """

    def __init__(self, store: Store, events: Events, commit: Commit) -> None:
        self._store = store
        self._events = events
        self._commit = commit
        self._timer: asyncio.Task[None] | None = None
        self.waiting: ScheduledCommit | None = None
        self._committing = False

    def start(self, *, booted: bool) -> None:
        """Go on waiting after a restart of the agent. A reboot of the switch drops the commit."""
        kept = self._store.read_scheduled()
        if kept is None:
            return
        scheduled = ScheduledCommit(**{**kept, "caller": Caller(**kept["caller"])})
        if booted:
            self._store.write_scheduled(None)
            log.warning("scheduled commit dropped by a reboot", extra=scheduled.facts())
        else:
            self._arm(scheduled)

    def stop(self) -> None:
        """Stop waiting; the next start goes on."""
        if self._timer is not None:
            self._timer.cancel()

    def put(self, scheduled: ScheduledCommit) -> None:
        """Keep a commit, which has been checked, until its time.

        Raises:
            Locked: another one waits already.
            InvalidValue: its time is over or too far away.
            StorageFailed: it can't be kept.
        """
        if self.waiting is not None:
            raise Locked(
                f"a commit of {self.waiting.caller.user} is scheduled for {local_time(self.waiting.at)} already",
                hint="clear system commit drops it",
            )
        ahead = scheduled.at - time.time()
        if not 0 < ahead <= MAX_AHEAD_SECONDS:
            raise InvalidValue(
                f"{local_time(scheduled.at)} is {'over' if ahead <= 0 else 'too far away'}",
                hint="a time within a year from now",
            )
        self._store.write_scheduled(asdict(scheduled))
        self._arm(scheduled)
        log.info("commit scheduled", extra=scheduled.facts())
        self._events.publish("commit-scheduled", **scheduled.facts())

    def drop(self, caller: Caller) -> ScheduledCommit:
        """Forget the commit that waits; returns it.

        Raises:
            NotFound: none waits.
            Locked: its time has come, and it is under way.
        """
        waiting = self.waiting
        if waiting is None:
            raise NotFound("no commit is scheduled")
        if self._committing:
            raise Locked("the scheduled commit is under way", hint="rollback 1 undoes it")
        self._store.write_scheduled(None)
        self.stop()
        self.waiting = None
        log.info("scheduled commit dropped", extra={**waiting.facts(), "by": caller.user})
        self._events.publish("commit-dropped", by=caller.user, **waiting.facts())
        return waiting

    def _arm(self, scheduled: ScheduledCommit) -> None:
        self.waiting = scheduled
        self._timer = asyncio.get_running_loop().create_task(self._do_at(scheduled))

    async def _do_at(self, scheduled: ScheduledCommit) -> None:
        while (left := scheduled.at - time.time()) > 0:  # noqa: ASYNC110 - the clock on the wall tells no event
            await asyncio.sleep(min(left, LOOK_SECONDS))
        comment = scheduled.comment or f"scheduled for {local_time(scheduled.at)}"
        self._committing = True
        try:
            await self._commit(
                scheduled.caller,
                lambda running: rebase(scheduled.base, scheduled.candidate, running),
                comment,
            )
        except ConnetosError as error:
            log.error("scheduled commit failed: %s", error, extra=scheduled.facts())
            self._events.publish("scheduled-commit-failed", reason=str(error), **scheduled.facts())
        finally:
            self._committing = False
            self.waiting = None
            self._timer = None
        self._store.write_scheduled(None)


def local_time(at: float) -> str:
    """A time for people: date, time and zone of the switch."""
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at))
