"""Connections of which each is used by one thread at a time.

httpx's own pool gives an idle connection to one thread while another may still find it expired and close it. So each
client here has one connection, and who uses it has it alone; another thread gets another one.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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
        self._followed: set[_Followed] = set()

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

    @contextmanager
    def following(self, response: httpx.Response) -> Iterator[Iterator[str]]:
        """The lines of an answer that has no end, until somebody closes the connections."""
        followed = _Followed(response)
        self._followed.add(followed)
        try:
            yield followed.lines()
        finally:
            self._followed.discard(followed)

    def close(self) -> None:
        """Close all, also those that are used: who waits for an answer is told that the connection broke."""
        for followed in list(self._followed):
            followed.end()
        with self._lock:
            closing, self._all, self._idle = self._all, [], []
        for client in closing:
            client.close()


class _Followed:
    """An answer that one thread reads line by line, and another may end."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        stream = response.extensions.get("network_stream")
        self._socket: socket.socket | None = None if stream is None else stream.get_extra_info("socket")
        self._reading = threading.Lock()

    def lines(self) -> Iterator[str]:
        """What comes."""
        while True:
            with self._reading:
                line = next(self._lines, None)
            if line is None:
                return
            yield line

    def end(self) -> None:
        """Let nothing more come, and return when nobody reads any more.

        A socket mustn't be closed before that: its number may be another connection's at once.
        """
        if self._socket is None:  # somebody else carries it
            return
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        with self._reading:
            pass
