"""A connection to a switch: its channel, its messages, which of them are the answer to which command."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import asyncssh

from connetos_sdk import errors
from connetos_sdk.transports.rcc_client.access import Access, explained, options
from connetos_sdk.wire import rcc
from connetos_sdk.wire.rcc import Message, MessageReader

log = logging.getLogger(__name__)

OUR_VERSION = "SSH-2.0-ConnetOSAgent_"
"""How the version string of our agent's SSH server begins."""

WINDOW_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Response:
    """What a switch answered to one command."""

    command: str
    messages: tuple[Message, ...]

    @cached_property
    def text(self) -> str:
        """The text of all messages."""
        return b"".join(message.text for message in self.messages).decode("utf-8", "replace")

    @property
    def success(self) -> bool:
        """Whether the command did what it should; the last message decides."""
        return self.messages[-1].succeeded

    @property
    def mode(self) -> int:
        """Mode of the CLI after the command; see `connetos_sdk.wire.rcc.Mode`."""
        return self.messages[-1].mode


class _Channel(asyncssh.SSHClientSession[bytes]):
    """The channel's messages, in order."""

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.ended: errors.TransportError | None = None
        self._reader = MessageReader()
        self._awaited: asyncio.Future[None] | None = None
        self._enough = 1

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype is None and self.ended is None:
            try:
                self.messages.extend(self._reader.feed(data))
            except errors.ProtocolError as error:
                self.ended = error
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.ended or errors.Unreachable(
            "the switch has closed the session", hint=str(exc) if exc else ""
        )
        self._wake()

    async def wait(self, count: int, seconds: float) -> bool:
        """Wait until so many messages are here; False when the time is over."""
        while len(self.messages) < count:
            if self.ended is not None:
                raise self.ended
            self._enough = count
            self._awaited = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._awaited
            except TimeoutError:
                return False
            finally:
                self._awaited = None
        return True

    def _wake(self) -> None:
        full = len(self.messages) >= self._enough or self.ended is not None
        if full and self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)


class _Greeter(asyncssh.SSHClient):
    """Keeps what the server shows before the log-in."""

    def __init__(self) -> None:
        self.banner = ""
        self.shown_key: asyncssh.SSHKey | None = None

    def auth_banner_received(self, msg: str, lang: str) -> None:  # noqa: ARG002 - as asyncssh calls it
        self.banner += msg

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.shown_key = key
        return False


class Connection:
    """A connection with its channel; lives in the loop of `_run`."""

    def __init__(
        self,
        ssh: asyncssh.SSHClientConnection,
        channel: asyncssh.SSHClientChannel[bytes],
        session: _Channel,
        quiet: float,
        banner: str,
    ) -> None:
        self._ssh, self._channel, self._session, self.quiet = ssh, channel, session, quiet
        self.banner = banner

    @classmethod
    async def open(cls, access: Access, quiet: float | None, seconds: float) -> Connection:
        """Connect, log in, and ask for RCC; `seconds` for all of it."""
        client, session = _Greeter(), _Channel()
        ssh: asyncssh.SSHClientConnection | None = None
        try:
            async with asyncio.timeout(seconds):
                ssh = await asyncssh.connect(
                    access.host, access.port, client_factory=lambda: client, **options(access)
                )
                channel, _ = await ssh.create_session(
                    lambda: session, subsystem=rcc.SUBSYSTEM, encoding=None, window=WINDOW_BYTES
                )
        except Exception as error:
            if ssh is not None:
                ssh.abort()
            raise explained(error, access, client.shown_key) from error
        if quiet is None:
            version = str(ssh.get_extra_info("server_version"))
            quiet = 0.0 if version.startswith(OUR_VERSION) else rcc.QUIET_SECONDS
        return cls(ssh, channel, session, quiet, client.banner)

    @property
    def ended(self) -> bool:
        """Whether the other end has closed it."""
        return self._session.ended is not None

    async def run(self, commands: Sequence[str], seconds: float) -> list[Response]:
        """The responses to `commands`; `seconds` for each."""
        if self.quiet > 0:
            return [Response(command, await self._one(command, seconds)) for command in commands]
        self._send("".join(f"{command}\n" for command in commands))
        answered = 0
        while answered < len(commands):
            # Each new answer gives the others the whole time again.
            complete = await self._session.wait(len(commands), seconds)
            if not complete and len(self._session.messages) == answered:
                raise _late(commands[answered], seconds)
            answered = len(self._session.messages)
        return [Response(command, (self._session.messages.popleft(),)) for command in commands]

    async def _one(self, command: str, seconds: float) -> tuple[Message, ...]:
        messages = self._session.messages
        if messages:
            log.warning("messages came after the end of their response", extra={"count": len(messages)})
            messages.clear()
        self._send(f"{command}\n")
        if not await self._session.wait(1, seconds):
            raise _late(command, seconds)
        while self._session.ended is None and await self._more(len(messages) + 1):
            pass
        response = tuple(messages)
        messages.clear()
        return response

    async def _more(self, count: int) -> bool:
        try:
            return await self._session.wait(count, self.quiet)
        except errors.Unreachable:
            return False  # it has answered before it closed; the next command will find out

    def _send(self, lines: str) -> None:
        if self._session.ended is not None:
            raise self._session.ended
        try:
            self._channel.write(lines.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise errors.Unreachable("the switch has closed the session") from error

    async def close(self) -> None:
        """Close the connection, politely if the other end still answers."""
        self._ssh.close()
        try:
            async with asyncio.timeout(2):
                await self._ssh.wait_closed()
        except TimeoutError:
            self._ssh.abort()


def _late(command: str, seconds: float) -> errors.TimedOut:
    return errors.TimedOut(f"no answer to {command.split(' ', 1)[0]!r} within {seconds:g} s")
