"""Connections to a switch's command line, and what is asked over them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from connetos_sdk import errors
from connetos_sdk.transports.rcc.failures import error_of
from connetos_sdk.transports.rcc_client import Response

DATA = " | display json"
"""What makes our agent answer in JSON, its errors, too."""
MAX_IDLE = 4


class Client(Protocol):
    """One connection to a command line, such as `RccClient`."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection that the switch hasn't closed."""

    def run_many(self, commands: Sequence[str]) -> list[Response]:
        """The responses to `commands`, run in order, whether or not those before succeed."""

    def expect_single_messages(self) -> None:
        """Our agent answers: each message is a whole response."""

    def close(self) -> None:
        """End it; a candidate that isn't committed is dropped."""


class Shell:
    """One connection to a command line."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def run(self, commands: Sequence[str]) -> list[Response]:
        """The responses to `commands`, whether or not they succeed."""
        return self.client.run_many(commands)

    def texts(self, commands: Sequence[str]) -> list[str]:
        """What commands print.

        Raises:
            ConnetosError: what the first that failed says.
        """
        found = self.run(commands)
        for response in found:
            if not response.success:
                raise error_of(response)
        return [response.text for response in found]

    def text(self, command: str) -> str:
        """What a command prints. Raises as `texts` does."""
        return self.texts([command])[0]

    def data(self, *commands: str) -> list[Any]:
        """What commands of our agent tell as JSON. Raises as `texts` does."""
        texts = self.texts([command + DATA for command in commands])
        try:
            return [json.loads(text) for text in texts]
        except ValueError:
            raise errors.ProtocolError("the switch answered something that isn't JSON") from None


class Shells:
    """Connections in operational mode, made when they are needed and kept for the next use.

    Args:
        make: makes a client.
    """

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[Shell] = []

    @contextmanager
    def one(self) -> Iterator[Shell]:
        """A connection for as long as the block lasts."""
        shell = self.take()
        try:
            yield shell
        finally:
            self.give_back(shell)

    def take(self) -> Shell:
        """A connection that nobody else uses; for `give_back`."""
        with self._lock:
            shell = self._idle.pop() if self._idle else None
        if shell is None:
            return Shell(self._make())
        if not shell.client.connected:
            shell.client.close()  # it ended while nobody used it; the next command connects anew
        return shell

    def give_back(self, shell: Shell) -> None:
        """Keep a connection, which is in operational mode, for the next user."""
        with self._lock:
            keep = shell.client.connected and len(self._idle) < MAX_IDLE
            if keep:
                self._idle.append(shell)
        if not keep:
            shell.client.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for shell in idle:
            shell.client.close()
