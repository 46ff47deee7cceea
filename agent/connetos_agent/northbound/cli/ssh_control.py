"""SSH servers that follow the configuration over the agent's CLI socket (connetos_sshd.control has the other end)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from typing import Any

import orjson

from connetos_agent.dataplane.access import AccessDriver
from connetos_agent.dataplane.base import DriverError

FOLLOW_SECONDS = 5.0


class SshControl:
    """Tells SSH servers what is configured, and waits until they do it.

    Args:
        access: what is configured.
    """

    def __init__(self, access: AccessDriver) -> None:
        self._access = access
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Condition()
        self._followers: dict[asyncio.Task[Any], dict[str, Any] | None] = {}
        access.changed = self._tell

    def _policy(self) -> dict[str, Any]:
        ssh = self._access.ssh
        return {
            "enabled": ssh.enabled,
            "connection_limit": ssh.connection_limit,
            "announcement": self._access.banner,
        }

    async def serve(self, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        """Lead one SSH server until it goes."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a server runs in one
        self._loop = asyncio.get_running_loop()
        told = self._policy()
        self._followers[task] = None
        reading = asyncio.create_task(self._read(task, lines))
        try:
            out.write(orjson.dumps({"ok": True, "ssh": told}) + b"\n")
            while not reading.done():
                await out.drain()
                async with self._changed:
                    while not reading.done() and self._policy() == told:
                        await self._changed.wait()
                told = self._policy()
                out.write(orjson.dumps({"ssh": told}) + b"\n")
        finally:
            reading.cancel()
            self._followers.pop(task, None)

    async def _read(self, task: asyncio.Task[Any], lines: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await lines.readline():
                self._followers[task] = orjson.loads(line).get("ssh")
                async with self._changed:
                    self._changed.notify_all()
        async with self._changed:
            self._followers.pop(task, None)  # gone: nobody waits for it
            self._changed.notify_all()

    def _tell(self) -> None:
        """From the thread that commits: have all of them follow."""
        if self._loop is None or not self._followers:
            return
        waiting = asyncio.run_coroutine_threadsafe(self._followed(), self._loop)
        try:
            waiting.result(FOLLOW_SECONDS)
        except concurrent.futures.TimeoutError:
            waiting.cancel()
            raise DriverError("the SSH server doesn't do what it was told") from None

    async def _followed(self) -> None:
        async with self._changed:
            self._changed.notify_all()
            await self._changed.wait_for(
                lambda: all(done == self._policy() for done in self._followers.values())
            )
