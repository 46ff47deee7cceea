"""Connections of which each is used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connetos_sdk.transports.http import Client


class Connections:
    """Clients to be borrowed; as many as are used at the same time.

    Args:
        make: makes a client; it connects when it is first used.
    """

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[Client] = []
        self._used: set[Client] = set()

    @contextmanager
    def one(self) -> Iterator[Client]:
        """A client that nobody else uses until the block ends; the one that was used last, if it is idle."""
        with self._lock:
            client = self._idle.pop() if self._idle else self._make()
            self._used.add(client)
        try:
            yield client
        finally:
            with self._lock:
                kept = client in self._used
                if kept:
                    self._used.remove(client)
                    self._idle.append(client)
            if not kept:
                client.close()

    def close(self) -> None:
        """Close all, also those that are used: who waits for an answer is told that the connection broke."""
        with self._lock:
            idle, self._idle = self._idle, []
            used, self._used = self._used, set()
        for client in idle:
            client.close()
        for client in used:
            client.interrupt()
