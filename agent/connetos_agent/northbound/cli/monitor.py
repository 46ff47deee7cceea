"""Log lines on a command line as they come (`syslog monitor on`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack

from connetos_agent.switch_log import SwitchLog

MAX_WAITING = 200
"""Lines kept for a client that is only told with its next answer; the oldest are lost."""


class Monitor:
    """The lines for one command line: told at once to a client that asked for that, else before its next answer.

    Args:
        log: whose lines.
    """

    def __init__(self, log: SwitchLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._listening = ExitStack()
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING)
        self.tell: Callable[[str], None] | None = None
        """Gets each line at once."""

    def switch(self, on: bool) -> None:
        """Begin or end."""
        self._listening.close()
        if on:
            self._listening.enter_context(self._log.listen(self._logged))

    def take(self) -> str:
        """What waits, as text."""
        text = "".join(f"{line}\n" for line in self._waiting)
        self._waiting.clear()
        return text

    def _logged(self, line: str) -> None:
        self._loop.call_soon_threadsafe(self._add, line)

    def _add(self, line: str) -> None:
        if self.tell is not None:
            self.tell(line)
        else:
            self._waiting.append(line)
