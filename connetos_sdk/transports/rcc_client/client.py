"""The client that programs use: one connection, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from connetos_sdk import errors
from connetos_sdk.transports.rcc_client.access import Access
from connetos_sdk.transports.rcc_client.connection import Connection, Response
from connetos_sdk.transports.rcc_client.loop import run
from connetos_sdk.wire import rcc

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 300.0


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
        self._connection: Connection | None = None
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
                run(connection.close())

    @property
    def connected(self) -> bool:
        """Whether there is a connection that the switch hasn't closed."""
        return self._connection is not None and not self._connection.ended

    def expect_single_messages(self) -> None:
        """Take each message for a whole response from now on: our agent answers, behind whatever SSH server."""
        with self._lock:
            self._quiet = 0.0
            if self._connection is not None:
                self._connection.quiet = 0.0

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
                return run(connection.run(commands, self._timeout_s))
            except errors.TransportError:
                self._connection = None
                run(connection.close())
                raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = run(Connection.open(self._access, self._quiet, self._connect_timeout_s))
        return self._connection
