"""connetos_events/0.1: what happens in the switch, asked for and waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.events import Event, Events
from connetos_agent.northbound.xrl.target import Interface, Results

KEPT = 256
"""Events that can still be asked for."""
MAX_WAIT_MS = 60_000


class Happenings:
    """Keeps the last events, with numbers from 1, and tells those that wait.

    Args:
        events: what happens in the switch.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._kept: deque[tuple[int, Event]] = deque(maxlen=KEPT)
        self._last = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep events."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """Stop, and answer those that wait."""
        self._news.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        with self._events.listen(own=True) as queue:
            while True:
                event = await queue.get()
                self._last += 1
                self._kept.append((self._last, event))
                self._news.set()
                self._news = asyncio.Event()

    def interface(self) -> Interface:
        """The methods."""
        return Interface.of(
            "connetos_events/0.1",
            {
                "get_last -> last:u32": self._get_last,
                "next ? after:u32 & wait_ms:u32 -> last:u32 & events:txt": self._next,
            },
        )

    def _get_last(self, _: Caller) -> Results:
        return (self._last,)

    async def _next(self, _: Caller, after: int, wait_ms: int) -> Results:
        if after >= self._last:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(wait_ms, MAX_WAIT_MS) / 1000):
                    await self._news.wait()
        found = [
            {"number": number, "kind": event.kind, "time": event.time, **event.data}
            for number, event in self._kept
            if number > after
        ]
        return self._last, orjson.dumps(found).decode()
