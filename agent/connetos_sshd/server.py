"""The SSH server: who may come in, and what each channel becomes. asyncssh speaks the protocol."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from connetos_sdk import __version__
from connetos_sdk.wire.rcc import SUBSYSTEM
from connetos_sshd import keys
from connetos_sshd.agent_link import AgentLink, AgentLost, Login, Refused, Welcome
from connetos_sshd.control import Policy
from connetos_sshd.conversation import Conversation, Plain, Rcc
from connetos_sshd.limits import LOGIN_SECONDS, MAX_CHANNELS, MAX_FAILURES, Door, Limits
from connetos_sshd.shell import Shell

log = logging.getLogger(__name__)

SERVER_VERSION = f"ConnetOSAgent_{__version__}"
"""In the server's version string; our client sees by it that a response is one message."""

SHELL_COMMANDS = ("cli",)
"""Commands that mean the shell itself."""

NO_AGENT = "the switch's agent doesn't answer, so nobody can log in by password; try again when it runs"

BACKLOG = 128

WINDOW_BYTES = 256 * 1024
"""How much a client may send before it is read."""

DEAD_AFTER = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""TCP looks after clients that vanish, which frees their candidates. SSH itself stays silent: the vendor's client
can hang when something else than data comes (spec/wire/rcc.md, 1.3, trap 5)."""


@dataclass(frozen=True)
class Settings:
    """What the server needs to know.

    Attributes:
        agent_socket: where the agent's CLI listens.
        state_directory: has the host key and the users' public keys.
        limits: how many connections are served.
    """

    agent_socket: Path
    state_directory: Path
    limits: Limits = field(default_factory=Limits)


class Connection(asyncssh.SSHServer):
    """One client's connection, from the first byte to the last."""

    def __init__(self, settings: Settings, door: Door, announcement: Callable[[], str]) -> None:
        self._settings = settings
        self._door = door
        self._announcement = announcement
        self._connection: asyncssh.SSHServerConnection | None = None
        self._source = ""
        self._user = ""
        self._let_in = False
        self._stranger = True
        self._failures = 0
        self._channels = 0
        self._first: tuple[AgentLink, Welcome] | None = None

    # -- coming and going --------------------------------------------------------------------------------------

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """See `asyncssh.SSHServer`."""
        self._connection = conn
        self._source = str((conn.get_extra_info("peername") or ("local",))[0])
        self._let_in = self._door.enter(self._source)
        if not self._let_in:
            log.warning("too many connections", extra={"source": self._source})
            conn.abort()
            return
        sock = conn.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            for option, value in DEAD_AFTER.items():
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncssh calls it
        """See `asyncssh.SSHServer`."""
        if self._let_in:
            self._door.leave(self._source, stranger=self._stranger)
            self._let_in = False
        self._drop_first()

    # -- logging in --------------------------------------------------------------------------------------------

    def begin_auth(self, username: str) -> bool:
        """See `asyncssh.SSHServer`."""
        assert self._connection is not None  # noqa: S101
        if self._full():
            return True
        if not self._user and (text := self._announcement()):
            self._connection.send_auth_banner(f"{text}\n")
        self._user = username
        self._drop_first()
        trusted = keys.authorized_keys(self._settings.state_directory, username)
        self._connection.set_authorized_keys(trusted)
        return True

    def _full(self) -> bool:
        """Whether as many are logged in as may be; then this connection is ended."""
        most = self._door.most_logins
        full = self._stranger and self._door.logins >= most
        if full and self._connection is not None:
            log.warning("too many logins", extra={"source": self._source, "limit": most})
            self._connection.disconnect(
                asyncssh.DISC_TOO_MANY_CONNECTIONS, f"{most} are logged in, which is the limit"
            )
        return full

    def _come_in(self) -> bool:
        """This connection is a login from now on, unless there are too many."""
        if self._full():
            return False
        if self._stranger:
            self._stranger = False
            self._door.logged_in(self._source)
        return True

    def password_auth_supported(self) -> bool:
        """See `asyncssh.SSHServer`."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Let the agent check the password; a wrong one is answered late."""
        login = Login(username, "ssh", self._source, password)
        self._drop_first()
        try:
            self._first = await AgentLink.open(self._settings.agent_socket, login)
        except Refused:
            log.warning("login failed", extra={"user": username[:64], "source": self._source})
        except AgentLost as error:
            log.error("login impossible: %s", error)
            self._send_away()
            return False
        else:
            return self._come_in()
        self._failures += 1
        if self._failures >= MAX_FAILURES and self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_PROTOCOL_ERROR, "too many wrong passwords")
        return False

    def _send_away(self) -> None:
        """End a connection whose password nobody can check: that it is wrong would be a lie."""
        if self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_SERVICE_NOT_AVAILABLE, NO_AGENT)

    def auth_completed(self) -> None:
        """See `asyncssh.SSHServer`."""
        if not self._come_in():
            return
        log.info("logged in", extra={"user": self._user, "source": self._source})

    # -- sessions of the agent's CLI -----------------------------------------------------------------------------

    async def open_session(self, via: str) -> tuple[AgentLink, Welcome]:
        """A session of the agent's CLI for this connection's user.

        The one in which the agent checked the password is the first channel's. For others the agent must believe
        that this process has authenticated the user, which it does when the process is root's.
        """
        trusted = os.geteuid() == 0
        first, self._first = self._first, None
        if first is not None and (via == "ssh" or not trusted):
            return first
        if first is not None:
            first[0].close()
        return await AgentLink.open(self._settings.agent_socket, Login(self._user, via, self._source))

    def _drop_first(self) -> None:
        if self._first is not None:
            self._first[0].close()
            self._first = None

    # -- channels ------------------------------------------------------------------------------------------------

    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], asyncssh.SSHServerSession[bytes]] | bool:
        """See `asyncssh.SSHServer`."""
        if self._channels >= MAX_CHANNELS or self._connection is None:
            return False
        self._channels += 1
        return self._connection.create_server_channel(encoding=None, window=WINDOW_BYTES), Session(self)

    def channel_closed(self) -> None:
        """A channel is gone."""
        self._channels -= 1


class Session(asyncssh.SSHServerSession[bytes]):
    """One channel: finds out what it is to be, and passes on what happens to it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._conversation: Conversation | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """See `asyncssh.SSHServerSession`."""
        self._channel = chan

    def pty_requested(
        self,
        term_type: str,  # noqa: ARG002 - as asyncssh calls it
        term_size: tuple[int, int, int, int],  # noqa: ARG002
        term_modes: object,  # noqa: ARG002
    ) -> bool:
        """See `asyncssh.SSHServerSession`."""
        return True

    def shell_requested(self) -> bool:
        """A shell is what a terminal gets; without one, commands are taken from standard input."""
        assert self._channel is not None  # noqa: S101
        channel, opener = self._channel, self._connection.open_session
        if channel.get_terminal_type() is None:
            self._conversation = Plain(channel, opener)
        else:
            width, height, *_ = channel.get_terminal_size()
            kind = channel.get_terminal_type() or "dumb"
            self._conversation = Shell(channel, opener, kind, width, height)
        return True

    def exec_requested(self, command: str) -> bool:
        """See `asyncssh.SSHServerSession`."""
        assert self._channel is not None  # noqa: S101
        if command.strip() in SHELL_COMMANDS:
            return self.shell_requested()
        self._conversation = Plain(self._channel, self._connection.open_session, command)
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """See `asyncssh.SSHServerSession`."""
        assert self._channel is not None  # noqa: S101
        if subsystem != SUBSYSTEM:
            return False
        self._conversation = Rcc(self._channel, self._connection.open_session)
        return True

    def session_started(self) -> None:
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.start()

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002 - there is only one
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.received(data)

    def eof_received(self) -> bool:
        """What was asked before the end of input is still answered."""
        if self._conversation is not None:
            self._conversation.finished()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncssh calls it
        """See `asyncssh.SSHServerSession`."""
        self._connection.channel_closed()
        if self._conversation is not None:
            self._conversation.lost()

    def pause_writing(self) -> None:
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.hold()

    def resume_writing(self) -> None:
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.go_on()

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:  # noqa: ARG002
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.resized(width, height)

    def break_received(self, msec: int) -> bool:  # noqa: ARG002 - as asyncssh calls it
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None:
            self._conversation.interrupted()
        return True

    def signal_received(self, signal: str) -> None:
        """See `asyncssh.SSHServerSession`."""
        if self._conversation is not None and signal == "INT":
            self._conversation.interrupted()


class Server:
    """SSH on listening sockets, as the agent says that it shall be.

    Args:
        settings: what doesn't change.
        sockets: they listen while SSH is served, and refuse connections while it isn't. They must be bound to the
            number of a port: one that the kernel chose would be given up.
    """

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket]) -> None:
        # The log of the SSH library has commands, and so what is secret in them.
        asyncssh.set_log_level(logging.ERROR)
        self._settings = settings
        self._sockets = sockets
        self._host_key = keys.host_key(settings.state_directory)
        self._door = Door(settings.limits)
        self._acceptors: list[asyncssh.SSHAcceptor] = []
        self._announcement = ""

    async def apply(self, policy: Policy) -> None:
        """Serve as `policy` says from now on; connections that there are stay."""
        self._door.most_logins = policy.connection_limit
        self._announcement = policy.announcement
        if policy.enabled and not self._acceptors:
            for sock in self._sockets:
                sock.listen(BACKLOG)
                self._acceptors.append(await self._listen(sock.dup()))
        elif not policy.enabled and self._acceptors:
            self.close()
            for sock in self._sockets:
                sock.shutdown(socket.SHUT_RDWR)  # of a socket that listens: connections are refused

    def close(self) -> None:
        """Take no more connections."""
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()

    async def _listen(self, sock: socket.socket) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            sock=sock,
            server_factory=lambda: Connection(self._settings, self._door, lambda: self._announcement),
            server_host_keys=[self._host_key],
            server_version=SERVER_VERSION,
            compression_algs=["none"],
            login_timeout=LOGIN_SECONDS,
            keepalive_interval=0,
            rekey_seconds=0,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            encoding=None,
        )


def listening_socket(address: tuple[str, int]) -> socket.socket:
    """A listening TCP socket; an IPv6 address is only for IPv6."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
