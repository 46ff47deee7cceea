"""Who has a command line open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connetos_agent.config.sessions import Caller


class Logins:
    """The open command lines; written in the event loop, read from any thread."""

    def __init__(self) -> None:
        self._open: dict[int, dict[str, Any]] = {}

    @contextmanager
    def session(self, caller: Caller) -> Iterator[None]:
        """Until the block ends `caller` is logged in, on a line such as `ssh/1`."""
        number = next(n for n in range(1, len(self._open) + 2) if n not in self._open)
        self._open[number] = {
            "user": caller.user,
            "line": f"{caller.via[:8]}/{number}",
            "since": time.time(),
            "source": caller.source,
        }
        try:
            yield
        finally:
            del self._open[number]

    def state(self) -> list[dict[str, Any]]:
        """User, line, since when in seconds since 1970, and source of each."""
        return list(self._open.copy().values())
