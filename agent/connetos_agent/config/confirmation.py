"""`commit confirmed`: the commit that waits for confirmation, and the timer that rolls it back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.sessions import AGENT, Caller
from connetos_agent.config.store import Confirmation
from connetos_sdk.errors import ConnetosError, InvalidValue, Locked, NotFound

log = logging.getLogger(__name__)

CONFIRM_LIMITS = (1, 30000)
"""Seconds of `commit confirmed` (spec/cli/limits.yaml)."""
CONFIRM_HINT = f"{CONFIRM_LIMITS[0]} to {CONFIRM_LIMITS[1]} seconds"
RETRY_SECONDS = 10.0


class Confirmations:
    """The commit that waits for confirmation; there is at most one.

    Args:
        roll_back: rolls that commit back if it still waits; may raise `ConnetosError`, and is called again later then.
    """

    def __init__(self, roll_back: Callable[[Confirmation], Awaitable[object]]) -> None:
        self.pending: Confirmation | None = None
        self._roll_back = roll_back
        self._timer: asyncio.Task[None] | None = None

    def check(self, caller: Caller, options: CommitOptions) -> None:
        """Whether `caller` may commit so.

        Raises:
            InvalidValue: the time is out of range.
            Locked: somebody else's commit waits.
        """
        low, high = CONFIRM_LIMITS
        if options.confirm is not None and not low <= options.confirm <= high:
            raise InvalidValue(f"confirm {options.confirm} is out of range", hint=CONFIRM_HINT)
        pending = self.pending
        if (
            pending is not None
            and caller is not AGENT
            and caller.user != pending.user
            and not options.dry_run
        ):
            raise Locked(
                f"a commit of {pending.user} waits for confirmation for another {_remaining(pending):.0f} s",
                hint="it must be confirmed or rolled back first",
            )

    def one(self) -> Confirmation:
        """The commit that waits.

        Raises:
            NotFound: none does.
        """
        if self.pending is None:
            raise NotFound(
                "no commit waits for confirmation", hint="it may have rolled back already; see the revisions"
            )
        return self.pending

    def arm(self, confirmation: Confirmation) -> None:
        """Wait for this one, instead of another."""
        self.disarm()
        self.pending = confirmation
        self._timer = asyncio.get_running_loop().create_task(self._at_the_deadline(confirmation))

    def disarm(self) -> None:
        """None waits any more."""
        self.pending = None
        if self._timer is not None and self._timer is not asyncio.current_task():
            self._timer.cancel()
        self._timer = None

    def stop(self) -> None:
        """End the timer; the commit goes on waiting in the store."""
        if self._timer is not None:
            self._timer.cancel()

    async def _at_the_deadline(self, confirmation: Confirmation) -> None:
        delay = min(_remaining(confirmation), float(CONFIRM_LIMITS[1]))
        while True:
            await asyncio.sleep(delay)
            try:
                await self._roll_back(confirmation)
            except ConnetosError as error:
                log.error("roll back of revision %d failed, trying again: %s", confirmation.revision, error)
                delay = RETRY_SECONDS
            else:
                return


def _remaining(confirmation: Confirmation) -> float:
    return max(0.0, confirmation.deadline - time.time())
