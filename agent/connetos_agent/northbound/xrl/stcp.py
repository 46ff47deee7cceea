"""Answers XRLs over STCP (spec/wire/xrl.md, 5.3), any number at once on each connection."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.access import Access
from connetos_agent.northbound.xrl.target import Method
from connetos_sdk.errors import TooMany
from connetos_sdk.wire.xrl import packed, stcp
from connetos_sdk.wire.xrl.codes import CORRUPT, Code, Reply, reply_of
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.stcp import Frame, FrameReader, FrameType

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256
MAX_RUNNING = 100
"""Calls that take time, at once on one connection; no more is read meanwhile. XORP sends about as many."""
MAX_RUNNING_TOTAL = 512
FREE_BYTES = 64 * 1024
"""A frame up to this size may always be begun."""
BUDGET_BYTES = 64 * 1024 * 1024
"""What the larger incomplete frames of all connections may take together."""
WRITE_BYTES = 64 * 1024
"""Answers are handed to the kernel in pieces of about this size."""
FRAME_SECONDS = 30.0
"""A frame that was begun must be complete after so long."""
SILENCE_SECONDS = 180.0
"""A connection on which nothing was written for so long is closed (spec/wire/xrl.md, 5.3)."""
SWEEP_SECONDS = 5.0


class StcpListener:
    """Listens, and dispatches requests to methods by their resolved names.

    Args:
        access: who may connect.
        silence_seconds: after how long without an answer a connection is closed.
    """

    def __init__(self, access: Access, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.access = access
        self.methods: dict[bytes, Method] = {}
        """By resolved name, such as `common/0.1/get_status-7946868c354b63d3`."""
        self.connections: set[_Connection] = set()
        self.running: set[asyncio.Task[None]] = set()
        self.budget = BUDGET_BYTES
        self.silence_seconds = silence_seconds
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; the address, with the port that was taken.

        Raises:
            OSError: it can't.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        self._sweeper = loop.create_task(self._sweep())
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def stop(self) -> None:
        """Stop listening, let calls end that run, close all connections."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self.running:
            await asyncio.wait(self.running, timeout=5.0)
        for connection in list(self.connections):
            connection.drop("")

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self.silence_seconds))
            now = time.monotonic()
            for connection in list(self.connections):
                connection.check_time(now)


class _Connection(asyncio.Protocol):
    """One caller."""

    transport: asyncio.Transport

    def __init__(self, listener: StcpListener) -> None:
        self._listener = listener
        self._methods = listener.methods
        self._reader = FrameReader()
        self._waiting: deque[Frame] = deque()
        self._running = 0
        self._paused = False
        self._choked = False
        self._taken = 0
        self._begun: float | None = None
        self._written = time.monotonic()
        self._caller: Caller | None = None

    # -- connection -----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._caller = self._listener.access.caller(transport)
        if self._caller is None or len(self._listener.connections) >= MAX_CONNECTIONS:
            log.warning("XRL connection refused", extra={"peer": transport.get_extra_info("peername")})
            self._caller = None
            transport.abort()
            return
        self._listener.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._waiting.clear()
        self._take_budget(0)
        self._listener.connections.discard(self)

    def drop(self, why: str) -> None:
        """Close at once."""
        if why and self._caller is not None and not self.transport.is_closing():
            log.info("XRL connection dropped", extra={"peer": self._caller.source, "reason": why})
        self._waiting.clear()
        self.transport.abort()

    def check_time(self, now: float) -> None:
        """Close if a frame takes too long to come, or nothing was answered for long."""
        if self._begun is not None and now - self._begun > FRAME_SECONDS:
            self.drop("a frame takes too long")
        elif now - self._written > self._listener.silence_seconds and not self._running:
            self.drop("nothing was asked for long")

    def pause_writing(self) -> None:
        self._choked = True
        self._regulate()

    def resume_writing(self) -> None:
        self._choked = False
        self._work()

    def _regulate(self) -> None:
        pause = self._choked or bool(self._waiting)
        if pause is not self._paused and not self.transport.is_closing():
            self._paused = pause
            if pause:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def _take_budget(self, wanted: int) -> bool:
        """Have `wanted` bytes of the common budget; False when there aren't so many."""
        self._listener.budget += self._taken
        self._taken = 0
        if wanted > self._listener.budget:
            return False
        self._taken = wanted
        self._listener.budget -= wanted
        return True

    # -- requests -------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._caller is None:
            return
        try:
            frames = self._reader.feed(data)
        except Malformed as error:
            self.drop(error.reason)
            return
        wanted = self._reader.wanted if self._reader.wanted > FREE_BYTES else 0
        if wanted != self._taken and not self._take_budget(wanted):
            self.drop("too many large frames are on their way")
            return
        if not self._reader.held:
            self._begun = None
        elif frames or self._begun is None:
            self._begun = time.monotonic()
        if frames:
            self._waiting += frames
            self._work()

    def _work(self) -> None:
        out: list[bytes] = []
        size = 0
        waiting = self._waiting
        while waiting and not self._choked and self._running < MAX_RUNNING:
            answer = self._answer(waiting.popleft())
            if answer:
                out.append(answer)
                size += len(answer)
                if size >= WRITE_BYTES:  # after which the transport may say that the caller doesn't read
                    self._write(b"".join(out))
                    out, size = [], 0
        if out:
            self._write(b"".join(out))
        self._regulate()

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self._written = time.monotonic()
            self.transport.write(data)

    def _answer(self, frame: Frame) -> bytes:
        """What is to be sent at once; empty when the answer takes time."""
        if frame.type == FrameType.HELO:
            return stcp.helo_ack(frame.seqno)
        if frame.type != FrameType.REQUEST:
            self.drop("it answered what it wasn't asked")
            return b""
        reply = self._dispatch(frame.body)
        if isinstance(reply, Reply):
            return _response(frame.seqno, reply)
        self._running += 1
        task = asyncio.ensure_future(self._finish(frame.seqno, reply))
        self._listener.running.add(task)
        task.add_done_callback(self._listener.running.discard)
        return b""

    def _dispatch(self, body: bytes) -> Reply | Awaitable[Reply]:
        try:
            command, begin, count = packed.unpack_command(body)
            method = self._methods.get(command)
            if method is None or self._caller is None:
                return CORRUPT
            atoms = packed.unpack_arguments(body, begin, count)
        except Malformed:
            return CORRUPT
        if len(self._listener.running) >= MAX_RUNNING_TOTAL:
            return reply_of(TooMany("too many calls are under way", hint="try again in a moment"))
        return method(self._caller, atoms)

    async def _finish(self, seqno: int, reply: Awaitable[Reply]) -> None:
        try:
            self._write(_response(seqno, await reply))
        finally:
            self._running -= 1
            self._work()


def _response(seqno: int, reply: Reply) -> bytes:
    try:
        body = packed.pack_args(reply.results)
        if len(body) <= stcp.MAX_BODY_BYTES:
            return stcp.response(seqno, reply.code, reply.note, body)
        reason = "it is too large"
    except Malformed as error:
        reason = str(error)
    log.error("an answer can't be sent: %s", reason)
    return stcp.response(seqno, Code.INTERNAL_ERROR, "the answer can't be sent")
