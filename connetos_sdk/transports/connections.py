"""Connections of which each is used by one thread at a time.

httpx's own pool gives an idle connection to one thread while another may still find it expired and close it. So each
client here has one connection, and who uses it has it alone; another thread gets another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class Connections:
    """Clients to be borrowed; as many as are used at the same time.

    Args:
        make: makes a client; it connects when it is first used.
    """

    def __init__(self, make: Callable[[], httpx.Client]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[httpx.Client] = []
        self._all: list[httpx.Client] = []

    @contextmanager
    def one(self) -> Iterator[httpx.Client]:
        """A client that nobody else uses until the block ends; the one that was used last, if it is idle."""
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = self._make()
            with self._lock:
                self._all.append(client)
        try:
            yield client
        finally:
            with self._lock:
                if not client.is_closed:
                    self._idle.append(client)

    def close(self) -> None:
        """Close all, also those that are used: who waits for an answer is told that the connection broke."""
        with self._lock:
            closing, self._all, self._idle = self._all, [], []
        for client in closing:
            client.close()
