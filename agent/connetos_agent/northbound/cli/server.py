"""Serves command lines on a unix socket: JSON objects, one a line.

    {"hello": {"user": "admin", "password": "...", "via": "ssh", "source": "198.18.0.9"}}
    {"ok": true, "class": "super-user", "prompt": "leaf1> ", "mode": 1, "banner": "Welcome to switch CLI shell."}
    {"id": 1, "line": "show vlans"}
    {"id": 1, "text": "...", "ok": true, "mode": 1, "prompt": "leaf1> ", "ended": false}
    {"id": 2, "complete": "show vl"}
    {"id": 2, "completions": [{"word": "vlans", "help": "VLANs and their ports", "keyword": true}]}

Only root may connect. Root may say `"authenticated": true` instead of giving a password: an SSH server that has
checked a key does. The connection's end frees the candidate.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import orjson

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.auth import Authenticator
from connetos_agent.northbound.cli.commands.command import Terminal
from connetos_agent.northbound.cli.operational import reader
from connetos_agent.northbound.cli.session import CliSession
from connetos_agent.services.operations import Operations
from connetos_agent.show.state import StateReader
from connetos_sdk.errors import ConnetosError
from connetos_sdk.model.tree import effective

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 512 * 1024
MAX_CONNECTIONS = 256
HELLO_SECONDS = 30.0
IDLE_SECONDS = 900.0
BANNER = "Welcome to switch CLI shell."


class CliServer:
    """The unix socket.

    Args:
        manager: the configuration.
        state: operational state, read in `executor`.
        operations: what commands may ask for.
        authenticator: checks passwords.
    """

    def __init__(
        self,
        manager: ConfigManager,
        state: StateReader,
        executor: Executor,
        operations: Operations,
        authenticator: Authenticator,
    ) -> None:
        self._operations = operations
        self._manager = manager
        self._read_state = reader(state, executor)
        self._authenticator = authenticator
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, sock: socket.socket) -> None:
        """Serve on a listening unix socket."""
        self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=MAX_MESSAGE_BYTES)

    async def stop(self) -> None:
        """Stop listening and end every command line."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MAX_CONNECTIONS or _peer_uid(out) != 0:
            out.close()
            return
        self._connections.add(task)
        try:
            await self._serve(lines, out)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, TimeoutError):
            pass  # gone, or speaks something else: the connection ends
        finally:
            self._connections.discard(task)
            out.close()

    async def _serve(self, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        hello = await _receive(lines, HELLO_SECONDS)
        try:
            caller = await self._caller(hello.get("hello"))
        except ConnetosError as error:
            await _send(out, {"ok": False, "error": error.reason})
            return
        session = CliSession(
            Terminal(self._manager, self._read_state, self._operations, caller), self._hostname
        )
        try:
            greeting = {"ok": True, "class": caller.user_class, "banner": BANNER}
            await _send(out, {**greeting, "mode": session.mode, "prompt": session.prompt})
            while True:
                message = await _receive(lines, IDLE_SECONDS)
                answer = await self._answer(session, message)
                await _send(out, {"id": message.get("id"), **answer})
                if answer.get("ended"):
                    return
        finally:
            with contextlib.suppress(ConnetosError):
                session.close()

    async def _answer(self, session: CliSession, message: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(message.get("complete"), str):
            found = await session.complete(message["complete"])
            return {"completions": [{"word": c.word, "help": c.help, "keyword": c.keyword} for c in found]}
        line = message.get("line")
        answer = await session.run(line if isinstance(line, str) else "")
        return {
            "text": answer.text, "ok": answer.ok, "ended": answer.ended,
            "mode": session.mode, "prompt": session.prompt,
        }  # fmt: skip

    async def _caller(self, hello: Any) -> Caller:
        if not isinstance(hello, dict):
            raise ConnetosError("the first message must be a hello")
        user, via, source = (str(hello.get(name, ""))[:64] for name in ("user", "via", "source"))
        if hello.get("authenticated") is True:
            return self._authenticator.trusted(user, via=via or "cli", source=source)
        return await self._authenticator.login(
            user, str(hello.get("password", ""))[:256], via=via or "cli", source=source
        )

    def _hostname(self) -> str:
        return str(effective(self._manager.running.document, ("system", "hostname")))


def _peer_uid(out: asyncio.StreamWriter) -> int:
    sock: socket.socket = out.get_extra_info("socket")
    _, uid, _ = struct.unpack(
        "3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return int(uid)


async def _receive(lines: asyncio.StreamReader, seconds: float) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        line = await lines.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("closed")
    message = orjson.loads(line)
    if not isinstance(message, dict):
        raise ConnectionError("speaks something else")
    return message


async def _send(out: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    out.write(orjson.dumps(message) + b"\n")
    await out.drain()
