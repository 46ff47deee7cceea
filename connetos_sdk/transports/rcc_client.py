"""RCC over SSH: commands to a switch's CLI, and their answers (docs/rcc.md).

    with RccClient("leaf1", username="ops", password=...) as client:
        print(client.run("show vlans").text)

An RCC response has no end mark. Our agent sends one message for each command, so nothing is waited for and
`run_many` sends all commands at once. A vendor's switch may send several; there a response ends when nothing more
has come for `quiet` seconds, as in the vendor's own client. The server's version string tells the two apart.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import asyncssh

from connetos_sdk import errors
from connetos_sdk.wire import rcc
from connetos_sdk.wire.rcc import Message, MessageReader

log = logging.getLogger(__name__)

OUR_VERSION = "SSH-2.0-ConnetOSAgent_"
"""How the version string of our agent's SSH server begins."""

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 300.0
WINDOW_BYTES = 4 * 1024 * 1024

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ShownKey:
    """The key that a switch shows, and the file that should have it."""

    host: str
    port: int
    public_key: str
    fingerprint: str
    known_hosts: Path


class UnknownHostKey(errors.Unreachable):
    """The switch shows a key that nobody has vouched for yet; `trust_host_key` does."""

    code = "unknown-host-key"

    def __init__(
        self,
        reason: str = "",
        *,
        path: tuple[str, ...] = (),
        hint: str = "",
        problems: Iterable[errors.Problem] = (),
        shown: ShownKey | None = None,
    ) -> None:
        super().__init__(reason, path=path, hint=hint, problems=problems)
        self.shown = shown
        """The key; None in an error that came from elsewhere as JSON."""


def trust_host_key(shown: ShownKey) -> None:
    """Add the key to the known hosts, so that the next connection is made."""
    name = shown.host if shown.port == rcc.PORT else f"[{shown.host}]:{shown.port}"
    shown.known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with shown.known_hosts.open("a", encoding="utf-8") as file:
        file.write(f"{name} {shown.public_key}\n")


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


@dataclass(frozen=True)
class Access:
    """How to reach a switch and who one is.

    Attributes:
        host: name or address.
        username: user on the switch.
        password: its password; None to log in with keys only.
        port: where SSH listens.
        key_files: private keys. Without these and without a password: the user's own keys and SSH agent.
        known_hosts: file with the keys of known switches.
        verify: whether the switch's key is checked at all.
    """

    host: str
    username: str
    password: str | None = field(default=None, repr=False)
    port: int = rcc.PORT
    key_files: tuple[Path, ...] = ()
    known_hosts: Path = Path("~/.ssh/known_hosts")
    verify: bool = True


class RccClient:
    """One connection to a switch's CLI. Methods may be called from several threads; commands take turns.

    Args:
        host: name or address of the switch.
        username: user on the switch.
        password: its password; None to log in with keys only.
        port: where SSH listens.
        key_files: private keys. Without these and without a password: the user's own keys and SSH agent.
        known_hosts: file with the keys of known switches; `~/.ssh/known_hosts` by default.
        verify: whether the switch's key is checked.
        quiet: seconds without a further message that end a response; 0 if each is one message. None finds out.
        timeout_s: seconds to wait for an answer.
        connect_timeout_s: seconds to wait for the connection.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str,
        password: str | None = None,
        port: int = rcc.PORT,
        key_files: Iterable[str | Path] = (),
        known_hosts: str | Path | None = None,
        verify: bool = True,
        quiet: float | None = None,
        timeout_s: float = ANSWER_SECONDS,
        connect_timeout_s: float = CONNECT_SECONDS,
    ) -> None:
        files = tuple(map(Path, key_files))
        known = Path(known_hosts or "~/.ssh/known_hosts").expanduser()
        self._access = Access(host, username, password, port, files, known, verify)
        self._quiet = quiet
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._connection: _Connection | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> RccClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def banner(self) -> str:
        """What the switch said before the log-in; empty if nothing."""
        with self._lock:
            return self._connected().banner

    def connect(self) -> None:
        """Connect now; otherwise the first command does.

        Raises:
            Unreachable: there is no connection; `UnknownHostKey` if only for the switch's key.
            AuthenticationFailed: user name, password or key is wrong.
            Unsupported: the switch has no RCC.
        """
        with self._lock:
            self._connected()

    def close(self) -> None:
        """Close the connection; the switch drops an uncommitted candidate. The next command connects anew."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                _run(connection.close())

    def run(self, command: str) -> Response:
        """Run one command.

        Raises:
            TimedOut: no answer in time; the connection is closed, because a late answer would be the next one's.
            Unreachable: the connection is lost; what the command did is unknown.
            BadRequest: the command has more than one line, or is too long.
        """
        return self.run_many([command])[0]

    def run_many(self, commands: Sequence[str]) -> list[Response]:
        """Run commands in order, whether or not those before succeed; see `run`."""
        for command in commands:
            rcc.encode_command(command)
        with self._lock:
            connection = self._connected()
            try:
                return _run(connection.run(commands, self._timeout_s))
            except errors.TransportError:
                self._connection = None
                _run(connection.close())
                raise

    def _connected(self) -> _Connection:
        if self._connection is None:
            self._connection = _run(_Connection.open(self._access, self._quiet, self._connect_timeout_s))
        return self._connection


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


class _Client(asyncssh.SSHClient):
    """Keeps what the server shows before the log-in."""

    def __init__(self) -> None:
        self.banner = ""
        self.shown_key: asyncssh.SSHKey | None = None

    def auth_banner_received(self, msg: str, lang: str) -> None:  # noqa: ARG002 - as asyncssh calls it
        self.banner += msg

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.shown_key = key
        return False


class _Connection:
    """A connection with its channel; lives in the loop of `_run`."""

    def __init__(
        self,
        ssh: asyncssh.SSHClientConnection,
        channel: asyncssh.SSHClientChannel[bytes],
        session: _Channel,
        quiet: float,
        banner: str,
    ) -> None:
        self._ssh, self._channel, self._session, self._quiet = ssh, channel, session, quiet
        self.banner = banner

    @classmethod
    async def open(cls, access: Access, quiet: float | None, seconds: float) -> _Connection:
        client, session = _Client(), _Channel()
        ssh: asyncssh.SSHClientConnection | None = None
        try:
            async with asyncio.timeout(seconds):
                ssh = await asyncssh.connect(
                    access.host, access.port, client_factory=lambda: client, **_options(access)
                )
                channel, _ = await ssh.create_session(
                    lambda: session, subsystem=rcc.SUBSYSTEM, encoding=None, window=WINDOW_BYTES
                )
        except Exception as error:
            if ssh is not None:
                ssh.abort()
            raise _explained(error, access, client) from error
        if quiet is None:
            version = str(ssh.get_extra_info("server_version"))
            quiet = 0.0 if version.startswith(OUR_VERSION) else rcc.QUIET_SECONDS
        return cls(ssh, channel, session, quiet, client.banner)

    async def run(self, commands: Sequence[str], seconds: float) -> list[Response]:
        if self._quiet > 0:
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
            return await self._session.wait(count, self._quiet)
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
        self._ssh.close()
        try:
            async with asyncio.timeout(2):
                await self._ssh.wait_closed()
        except TimeoutError:
            self._ssh.abort()


def _options(access: Access) -> dict[str, Any]:
    """What asyncssh is told; it reads no configuration file of SSH."""
    known: Any = str(access.known_hosts) if access.known_hosts.exists() else ([], [], [])
    options: dict[str, Any] = {
        "username": access.username,
        "password": access.password,
        "known_hosts": known if access.verify else None,
        "compression_algs": ["none"],
        "config": None,
    }
    if access.key_files or access.password is not None:
        options["client_keys"] = [str(path) for path in access.key_files] or None
        options["agent_path"] = None
    return options


def _explained(error: Exception, access: Access, client: _Client) -> errors.ConnetosError:
    """The same as an error of ours."""
    where = access.host if access.port == rcc.PORT else f"{access.host} port {access.port}"
    match error:
        case TimeoutError():
            return errors.Unreachable(f"{where} doesn't answer")
        case asyncssh.PermissionDenied():
            return errors.AuthenticationFailed("user name, password or key is wrong")
        case asyncssh.HostKeyNotVerifiable() if client.shown_key is not None:
            return _unverified(access, client.shown_key)
        case asyncssh.ChannelOpenError():
            return errors.Unsupported(f"{where} has no RCC: it refuses the subsystem {rcc.SUBSYSTEM}")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return errors.Unreachable(f"no connection to {where}: {reason}")


def _unverified(access: Access, key: asyncssh.SSHKey) -> errors.Unreachable:
    known = access.known_hosts
    if known.exists() and any(asyncssh.match_known_hosts(str(known), access.host, "", access.port)[0]):
        return errors.Unreachable(
            f"the key of {access.host} isn't the known one: somebody else may be answering",
            hint=f"if the switch was installed anew, remove its line from {known}",
        )
    public, fingerprint = key.export_public_key().decode().rstrip(), key.get_fingerprint()
    return UnknownHostKey(
        f"the key of {access.host} isn't known: {fingerprint}",
        hint=f"compare it with the switch's own and add it to {known}",
        shown=ShownKey(access.host, access.port, public, fingerprint, known),
    )


def _late(command: str, seconds: float) -> errors.TimedOut:
    return errors.TimedOut(f"no answer to {command.split(' ', 1)[0]!r} within {seconds:g} s")


class _Loop:
    """One thread with an event loop for all clients of this process, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="connetos-rcc", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


_loop = _Loop()


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return _loop.run(work)
