"""Reading operational state for many callers at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connetos_agent.show.state import StateReader
from connetos_sdk.model.paths import Path


class StateReads:
    """Reads in a thread; calls that come while one waits for the thread share its answer.

    Args:
        state: a reader of its own, which nobody else opens.
    """

    def __init__(self, state: StateReader) -> None:
        self._state = state
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xrl-state")
        self._lock = asyncio.Lock()
        self._waiting: dict[Path, asyncio.Future[Any]] = {}

    async def open(self) -> None:
        """Make ready to read."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._state.open)

    async def close(self) -> None:
        """Give the readers back."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._state.close)
        self._thread.shutdown()

    async def at(self, *path: str) -> Any:
        """State at `path`, read after this was called.

        Raises:
            NotFound: there is no such state.
        """
        shared = self._waiting.get(path)
        if shared is None:
            shared = self._waiting[path] = asyncio.ensure_future(self._read(path))
        return await asyncio.shield(shared)

    async def _read(self, path: Path) -> Any:
        async with self._lock:
            # From here on the answer may be older than the call, so nobody joins any more.
            del self._waiting[path]
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._state.at, path)
