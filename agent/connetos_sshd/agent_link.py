"""A session of the agent's CLI over its unix socket: JSON objects, one a line (docs/rcc.md, "The agent's socket")."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Longest line on the socket, either way."""

READ_BYTES = 256 * 1024

HELLO_SECONDS = 60.0
"""How long the agent may take for a log-in; a wrong password is answered late on purpose."""

Answer = dict[str, Any]
OnPart = Callable[[str], None]


class AgentLost(Exception):
    """The agent isn't there, went away, or says what isn't the protocol."""


class Refused(Exception):
    """The agent doesn't let this user in; the message is the agent's own."""


@dataclass(frozen=True)
class Login:
    """Who wants a session.

    Attributes:
        user: name of the user.
        via: the surface, for the agent's records: `ssh` or `rcc`.
        source: address of the client.
        password: what the agent is to check; None when this process has authenticated the user already.
    """

    user: str
    via: str
    source: str
    password: str | None = None

    def hello(self) -> bytes:
        """The first line of a session."""
        proof = {"authenticated": True} if self.password is None else {"password": self.password}
        return _line({"hello": {"user": self.user, **proof, "via": self.via, "source": self.source}})

    def __repr__(self) -> str:
        return f"Login({self.user!r}, via={self.via!r}, source={self.source!r})"


@dataclass(frozen=True)
class Welcome:
    """What the agent says to a new session."""

    prompt: str
    mode: int
    banner: str


class AgentLink(asyncio.Protocol):
    """One session. Requests are answered in order; several may be under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._rest = bytearray()
        self._waiting: deque[Callable[[Answer | None], None]] = deque()
        self._number = 0
        self._lost = self._closed = False
        self._on_part: OnPart | None = None
        self.notice = ""
        """What the agent said about ending the session."""
        self.on_live: Callable[[str], None] | None = None
        """Called with each line of the log that the agent shows as it comes."""
        self.on_lost: Callable[[], None] | None = None
        """Called when the agent goes away, after the requests under way were answered with None."""

    @classmethod
    async def open(cls, path: Path, login: Login) -> tuple[AgentLink, Welcome]:
        """Begin a session.

        Raises:
            Refused: the agent doesn't let the user in.
            AgentLost: there is no agent.
        """
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_unix_connection(cls, str(path))
        except OSError as error:
            raise AgentLost(f"the agent can't be reached at {path}: {error.strerror}") from error
        try:
            # Not `wait_for`: when it is cancelled as the answer comes, it goes on, and nobody would close the session.
            async with asyncio.timeout(HELLO_SECONDS):
                answer = await link._send(login.hello())
        except BaseException as error:
            link.close()
            if isinstance(error, TimeoutError):
                raise AgentLost("the agent doesn't answer") from error
            raise
        if not answer.get("ok"):
            link.close()
            raise Refused(str(answer.get("error", "refused")))
        mode = answer.get("mode")
        return link, Welcome(
            str(answer.get("prompt", "")), mode if isinstance(mode, int) else 1, str(answer.get("banner", ""))
        )

    def request(self, body: dict[str, Any], on_answer: Callable[[Answer | None], None]) -> None:
        """Send a request; `on_answer` gets the answer, or None when the agent went away before."""
        if self._lost or self._transport is None:
            on_answer(None)
            return
        self._number += 1
        self._waiting.append(on_answer)
        self._transport.write(_line({"id": self._number, **body}))

    async def ask(self, body: dict[str, Any], on_part: OnPart | None = None) -> Answer:
        """Send a request and wait for its answer.

        Args:
            body: the request.
            on_part: gets the parts of its text that come before, if the request asks for them (`stream`).

        Raises:
            AgentLost: it went away before.
        """
        self._number += 1
        return await self._send(_line({"id": self._number, **body}), on_part)

    def cancel(self) -> None:
        """Have the request that is under way end at once, if it is something that takes long."""
        if self._transport is not None and self._waiting:
            self._transport.write(_line({"cancel": self._number}))

    async def _send(self, line: bytes, on_part: OnPart | None = None) -> Answer:
        if self._lost or self._transport is None:
            raise AgentLost("the agent went away")
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

        def answered(answer: Answer | None) -> None:
            if not future.done():
                future.set_result(answer)

        self._on_part = on_part
        self._waiting.append(answered)
        self._transport.write(line)
        answer = await future
        if answer is None:
            raise AgentLost("the agent went away")
        return answer

    def close(self) -> None:
        """End the session; the agent drops its candidate."""
        self.on_lost = None
        self._break_off()

    def pause(self) -> None:
        """Take no answers for now: whoever wants them doesn't read."""
        if self._transport is not None:
            with contextlib.suppress(RuntimeError):
                self._transport.pause_reading()

    def resume(self) -> None:
        """Take answers again."""
        if self._transport is not None:
            with contextlib.suppress(RuntimeError):
                self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._closed:
            return
        newline = data.find(b"\n")
        if newline < 0:
            self._rest += data
            if len(self._rest) > MAX_LINE_BYTES:
                self._break_off()
            return
        lines = (bytes(self._rest) + data).split(b"\n")
        self._rest = bytearray(lines.pop())
        for line in lines:
            try:
                answer = json.loads(line)
            except ValueError:
                answer = None
            if isinstance(answer, dict) and "notice" in answer:
                self.notice = str(answer["notice"])
                continue
            if isinstance(answer, dict) and "live" in answer:
                if self.on_live is not None:
                    self.on_live(str(answer["live"]))
                continue
            if isinstance(answer, dict) and "part" in answer and self._on_part is not None:
                self._on_part(str(answer["part"]))
                continue
            if not isinstance(answer, dict) or not self._waiting:
                self._break_off()
                return
            self._waiting.popleft()(answer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        """See `asyncio.Protocol`."""
        if self._waiting and not self._closed:
            self._read_on()
        self._lost = True
        waiting, self._waiting = self._waiting, deque()
        for answered in waiting:
            answered(None)
        if self.on_lost is not None:
            self.on_lost()

    def _read_on(self) -> None:
        """Take the answers that are here already.

        The agent answers `exit` and closes. Whatever is written meanwhile fails, and asyncio then gives the
        connection up without reading what came before.
        """
        shared = None if self._transport is None else self._transport.get_extra_info("socket")
        if shared is None:
            return
        with contextlib.suppress(OSError), shared.dup() as sock:
            sock.setblocking(False)
            while data := sock.recv(READ_BYTES):
                self.data_received(data)

    def _break_off(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.abort()


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
