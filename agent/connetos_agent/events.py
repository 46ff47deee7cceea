"""What happens in the switch, told to whoever listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

QUEUE_LIMIT = 256
MAX_LISTENERS = 64


@dataclass(frozen=True)
class Event:
    """Something that happened: `kind` such as `commit`, `time` in seconds since 1970, and its data."""

    kind: str
    data: dict[str, Any]
    time: float = field(default_factory=time.time)


class Events:
    """Hands events to listeners; a listener that is too slow loses the oldest, never the agent its memory."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Event]] = set()
        self._own: set[asyncio.Queue[Event]] = set()

    def publish(self, kind: str, **data: Any) -> None:
        """Tell all listeners, clients before the agent's own; called in the event loop."""
        event = Event(kind, data)
        for queue in (*self._listeners, *self._own):
            tell(queue, event)

    @property
    def full(self) -> bool:
        """Whether there are as many listeners as there may be."""
        return len(self._listeners) >= MAX_LISTENERS

    @contextmanager
    def listen(self, *, own: bool = False) -> Iterator[asyncio.Queue[Event]]:
        """A queue that gets every event until the block ends. The agent's `own` listeners aren't counted."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        listeners = self._own if own else self._listeners
        listeners.add(queue)
        try:
            yield queue
        finally:
            listeners.discard(queue)


def tell(queue: asyncio.Queue[Event], event: Event) -> None:
    """Tell one listener; it loses the oldest event if it has too many to take."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
