"""Serves command lines on a unix socket: JSON objects, one a line.

    {"hello": {"user": "admin", "password": "...", "via": "ssh", "source": "198.18.0.9"}}
    {"ok": true, "class": "super-user", "prompt": "leaf1> ", "mode": 1, "banner": "Welcome to switch CLI shell."}
    {"id": 1, "line": "show vlans"}
    {"id": 1, "text": "...", "ok": true, "mode": 1, "prompt": "leaf1> ", "ended": false}
    {"id": 2, "live": true}                               (log lines may come at any time: {"live": "..."})
    {"id": 3, "line": "ping 192.0.2.9", "stream": true}
    {"id": 3, "part": "64 bytes from 192.0.2.9: ..."}
    {"cancel": 3}
    {"id": 3, "text": "...", "ok": true, ...}
    {"id": 4, "line": "ssh 192.0.2.9", "terminal": {"kind": "xterm", "width": 120, "height": 40, "lends": true}}
    {"id": 4, "text": "", "ok": true, "login": ["ssh", "--", "192.0.2.9"], ...}
    {"id": 2, "complete": "show vl"}
    {"id": 2, "completions": [{"word": "vlans", "help": "VLANs and their ports", "keyword": true}]}
    {"notice": "The switch's agent is stopping; what wasn't committed is dropped. Forwarding goes on."}

Who connects is known from the kernel. Root may say who is to be logged in, and `"authenticated": true` instead of
giving a password: an SSH server that has checked a key does. Everybody else is the user of the configuration who has
the name of their Linux account, and may leave `user` out; the socket's mode decides who can connect at all. The
connection's end frees the candidate.

With `"stream": true`, text comes in parts while a line still runs, and the answer has the rest. `cancel` interrupts
what takes long (`ping`), which then answers at once; it has no answer of its own and does nothing to other lines. The
connection's end interrupts as well. `terminal` tells what the user sits at; whoever says that it `lends` it runs the
program that the answer names in `login`, with the user's own rights.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pwd
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

import orjson

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import IDLE_SECONDS, Caller
from connetos_agent.dataplane.access import AccessDriver
from connetos_agent.northbound.auth import Authenticator
from connetos_agent.northbound.cli.commands.command import Terminal
from connetos_agent.northbound.cli.monitor import Monitor
from connetos_agent.northbound.cli.operational import reader
from connetos_agent.northbound.cli.session import CliSession
from connetos_agent.northbound.cli.ssh_control import SshControl
from connetos_agent.northbound.logins import Logins
from connetos_agent.services.operations import Operations
from connetos_agent.show.state import StateReader
from connetos_agent.switch_log import SwitchLog
from connetos_sdk.errors import AuthenticationFailed, ConnetosError
from connetos_sdk.model.tree import effective

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 512 * 1024
MAX_AHEAD_BYTES = 64 * 1024
MAX_AHEAD = 256
"""Lines that are read while one runs; more wait in the socket, and then the client's going isn't seen."""
MAX_CONNECTIONS = 256
MAX_CONNECTIONS_OF_OTHERS = 192
"""Of those that aren't root's: whatever they do, root gets in."""
STOP_SECONDS = 5.0
"""A command that is under way when the server stops is answered, if it doesn't take longer."""
MAX_UNREAD_BYTES = 64 * 1024
HELLO_SECONDS = 30.0
SSH_SERVER = {"service": "ssh"}
"""The hello of an SSH server that follows the configuration."""
BANNER = "Welcome to switch CLI shell."
STOPPING = "The switch's agent is stopping{reason}; what wasn't committed is dropped. Forwarding goes on."


class CliServer:
    """The unix socket.

    Args:
        manager: the configuration.
        state: operational state, read in `executor`.
        operations: what commands may ask for.
        authenticator: checks passwords.
        logins: told who is there.
        log: told of logins and commands.
        access: what those who log in are shown, and how SSH is served.
    """

    def __init__(
        self,
        manager: ConfigManager,
        state: StateReader,
        executor: Executor,
        operations: Operations,
        authenticator: Authenticator,
        *,
        logins: Logins,
        log: SwitchLog,
        access: AccessDriver,
    ) -> None:
        self._logins = logins
        self._log = log
        self._access = access
        self._ssh = SshControl(access)
        self._operations = operations
        self._manager = manager
        self._read_state = reader(state, executor)
        self._authenticator = authenticator
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], int] = {}
        self._idle: set[asyncio.Task[None]] = set()
        self._notice: dict[str, str] | None = None

    async def start(self, sock: socket.socket) -> None:
        """Serve on a listening unix socket."""
        self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=MAX_MESSAGE_BYTES)

    async def stop(self, reason: str = "") -> None:
        """Stop listening; answer the commands that are under way, tell all command lines why, and end them."""
        self._notice = {"notice": STOPPING.format(reason=f" ({reason})" if reason else "")}
        if self._server is not None:
            self._server.close()
        for task in self._idle:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=STOP_SECONDS)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def open_session(self, caller: Caller) -> CliSession:
        """A command line for `caller`; whoever asked for it closes it."""
        return CliSession(self.terminal(caller), self._hostname)

    def terminal(self, caller: Caller) -> Terminal:
        """What commands of `caller` may ask."""
        return Terminal(self._manager, self._read_state, self._operations, caller, self._log)

    async def _connected(self, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task, uid = asyncio.current_task(), _peer_uid(out)
        if task is None or self._crowded(uid):
            out.close()
            return
        self._connections[task] = uid
        try:
            await self._serve(uid, lines, out)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, TimeoutError):
            pass  # gone, or speaks something else: the connection ends
        finally:
            if self._notice is not None:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    await asyncio.wait_for(_send(out, self._notice), 1)
            del self._connections[task]
            out.close()

    def _crowded(self, uid: int) -> bool:
        others = sum(1 for of in self._connections.values() if of != 0)
        return len(self._connections) >= MAX_CONNECTIONS or (uid != 0 and others >= MAX_CONNECTIONS_OF_OTHERS)

    async def _serve(self, uid: int, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        inbox = _Inbox(lines)
        hello = await self._receive(inbox, HELLO_SECONDS)
        if uid == 0 and hello.get("hello") == SSH_SERVER:
            await self._lead(lines, out)
            return
        try:
            caller = await self._caller(hello.get("hello"), uid)
        except ConnetosError as error:
            await _send(out, {"ok": False, "error": error.reason})
            return
        session = self.open_session(caller)
        self._log.write("warning", f"{caller.user} logined the switch cli")
        monitor = session.terminal.monitor = Monitor(self._log)
        session.terminal.until_interrupted = inbox.until_interrupted
        try:
            with self._logins.session(caller):
                await self._converse(session, inbox, out)
        finally:
            inbox.close()
            monitor.switch(False)
            with contextlib.suppress(ConnetosError):
                session.close()

    async def _lead(self, lines: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a server runs in one
        self._idle.add(task)
        try:
            await self._ssh.serve(lines, out)
        finally:
            self._idle.discard(task)

    async def _converse(self, session: CliSession, inbox: _Inbox, out: asyncio.StreamWriter) -> None:
        terminal, caller = session.terminal, session.terminal.caller
        # An SSH server has shown the announcement before it asked for a password.
        announcement = f"{self._access.banner}\n" if caller.via == "cli" and self._access.banner else ""
        greeting = {"ok": True, "class": caller.user_class, "banner": f"{announcement}{BANNER}"}
        await _send(out, {**greeting, "mode": session.mode, "prompt": session.prompt})

        def live(line: str) -> None:
            if out.transport.get_write_buffer_size() < MAX_UNREAD_BYTES:  # who doesn't read misses lines
                out.write(orjson.dumps({"live": line}) + b"\n")

        while self._notice is None:
            message = await self._receive(inbox, IDLE_SECONDS)
            if "cancel" in message:
                continue  # what it was about has just ended
            number = message.get("id")
            terminal.send = partial(_send_part, out, number) if message.get("stream") is True else None
            terminal.sits_at(message.get("terminal"))
            answer = await self._answer(session, message, live)
            await _send(out, {"id": number, **answer})
            if answer.get("ended"):
                return

    async def _receive(self, inbox: _Inbox, seconds: float) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a server runs in one
        self._idle.add(task)
        try:
            async with asyncio.timeout(seconds):
                return await inbox.next()
        finally:
            self._idle.discard(task)

    async def _answer(
        self, session: CliSession, message: Mapping[str, Any], tell: Callable[[str], None]
    ) -> dict[str, Any]:
        if isinstance(message.get("complete"), str):
            found = await session.complete(message["complete"])
            return {"completions": [{"word": c.word, "help": c.help, "keyword": c.keyword} for c in found]}
        monitor = session.terminal.monitor
        if message.get("live") is True and monitor is not None:
            monitor.tell = tell
            return {"ok": True}
        line = message.get("line")
        session.terminal.login = ()
        answer = await session.run(line if isinstance(line, str) else "")
        login = session.terminal.login if answer.ok else ()
        return {
            **({"login": list(login)} if login else {}),
            "text": (monitor.take() if monitor else "") + answer.text, "ok": answer.ok, "ended": answer.ended,
            "mode": session.mode, "prompt": session.prompt,
        }  # fmt: skip

    async def _caller(self, hello: Any, uid: int) -> Caller:
        if not isinstance(hello, dict):
            raise ConnetosError("the first message must be a hello")
        user, via, source = (str(hello.get(name, ""))[:64] for name in ("user", "via", "source"))
        if uid != 0:
            name = await asyncio.to_thread(_user_name, uid)
            if user not in ("", name):
                raise AuthenticationFailed(f"{name} may not log in as {user}")
            return self._authenticator.trusted(name, via=via or "cli", source=source)
        if hello.get("authenticated") is True:
            return self._authenticator.trusted(user, via=via or "cli", source=source)
        return await self._authenticator.login(
            user, str(hello.get("password", ""))[:256], via=via or "cli", source=source
        )

    def _hostname(self) -> str:
        return str(effective(self._manager.running.document, ("system", "hostname")))


class _Inbox:
    """What one client says; reads ahead while a line runs, to see that it is to be interrupted."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines
        self._ahead: deque[dict[str, Any]] = deque()
        self._reading: asyncio.Task[dict[str, Any]] | None = None

    def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            if self._reading.done() and not self._reading.cancelled():
                self._reading.exception()  # it was about the end of the connection, which is known

    async def next(self) -> dict[str, Any]:
        """The next message.

        Raises:
            ConnectionError, ValueError: there is none any more, or it isn't one.
        """
        if self._ahead:
            return self._ahead.popleft()
        if self._reading is None:
            return await _message(self._lines)
        return await self._read_on()

    async def until_interrupted(self) -> None:
        """Return at a `cancel`, or when the client has gone; other messages wait for `next`."""
        taken = 0
        while len(self._ahead) < MAX_AHEAD and taken < MAX_AHEAD_BYTES:
            try:
                message = await self._read_on()
            except (ConnectionError, ValueError):
                return  # `next` meets it again
            if "cancel" in message:
                return
            self._ahead.append(message)
            taken += len(orjson.dumps(message))
        await asyncio.get_running_loop().create_future()

    async def _read_on(self) -> dict[str, Any]:
        """Read one message, or go on where a call that was cancelled has begun."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(_message(self._lines))
        message = await asyncio.shield(self._reading)
        self._reading = None
        return message


async def _message(lines: asyncio.StreamReader) -> dict[str, Any]:
    line = await lines.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("closed")
    message = orjson.loads(line)
    if not isinstance(message, dict):
        raise ConnectionError("speaks something else")
    return message


def _peer_uid(out: asyncio.StreamWriter) -> int:
    sock: socket.socket = out.get_extra_info("socket")
    _, uid, _ = struct.unpack(
        "3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return int(uid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise AuthenticationFailed(f"there is no account with user id {uid}") from None


async def _send_part(out: asyncio.StreamWriter, number: Any, text: str) -> None:
    await _send(out, {"id": number, "part": text})


async def _send(out: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    out.write(orjson.dumps(message) + b"\n")
    await out.drain()
