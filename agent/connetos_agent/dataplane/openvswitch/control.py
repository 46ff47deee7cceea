"""The control socket of ovs-vswitchd: what `ovs-appctl` asks, over one connection that is kept.

ovs-vswitchd answers JSON-RPC there (RFC 7047, 4.1, without OVSDB's methods): the method is a command such as
`fdb/show`, the parameters are its words, the result is text. An answer takes 0.2 ms; starting `ovs-appctl` takes 5 ms.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from pathlib import Path

import orjson

from connetos_agent.dataplane.base import TIMEOUT, DriverError
from connetos_agent.dataplane.openvswitch.framing import Splitter

CHUNK_BYTES = 1 << 18


class CommandRefused(DriverError):
    """ovs-vswitchd doesn't know the command, or its words are wrong; the message is its own."""


class Control:
    """A connection to ovs-vswitchd's control socket. Any thread may use it; one command is under way at a time.

    Args:
        path: of the socket; empty to find it beside the pid file of ovs-vswitchd in `run_directory`.
        run_directory: Open vSwitch's, such as `/var/run/openvswitch`.
    """

    def __init__(self, path: str, run_directory: Path) -> None:
        self._path = path
        self._run_directory = run_directory
        self._socket: socket.socket | None = None
        self._splitter = Splitter()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def call(self, command: str, *words: str) -> str:
        """The text that ovs-vswitchd answers to a command; connects when it has to, once more after it was restarted.

        Args:
            command: such as `ofproto/trace`; `list-commands` tells them all.
            words: its arguments, each handed over as it is: there is no shell and nothing is split.

        Raises:
            CommandRefused: it answers that it can't.
            DriverError: it can't be reached, or doesn't answer in `TIMEOUT` seconds.
        """
        with self._lock:
            fresh = self._socket is None
            try:
                return self._ask(command, words)
            except (OSError, ValueError) as error:
                self._hang_up()
                if fresh or isinstance(error, TimeoutError):
                    raise self._unreachable(error) from error
            try:  # it was restarted since: its new socket has the same name or a new pid's
                return self._ask(command, words)
            except (OSError, ValueError) as error:
                self._hang_up()
                raise self._unreachable(error) from error

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            self._hang_up()

    def _ask(self, command: str, words: tuple[str, ...]) -> str:
        if self._socket is None:
            self._socket, self._splitter = self.connect(), Splitter()
        sock = self._socket
        number = next(self._ids)
        sock.sendall(orjson.dumps({"id": number, "method": command, "params": words}))
        while True:
            chunk = sock.recv(CHUNK_BYTES)
            if not chunk:
                raise ConnectionError("it closed the connection")
            for message in self._splitter.feed(chunk):
                answer = orjson.loads(message)
                if answer.get("id") != number:
                    continue
                if answer.get("error") is not None:
                    raise CommandRefused(f"ovs-vswitchd refused {command}: {str(answer['error']).strip()}")
                return str(answer["result"])

    def connect(self) -> socket.socket:
        """A new connection to the control socket.

        Raises:
            OSError: nobody listens there.
        """
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(TIMEOUT)
            sock.connect(self._path or self._found())
        except BaseException:
            sock.close()
            raise
        return sock

    def _found(self) -> str:
        pid = (self._run_directory / "ovs-vswitchd.pid").read_text("ascii").strip()
        return str(self._run_directory / f"ovs-vswitchd.{pid}.ctl")

    def _hang_up(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def _unreachable(self, error: Exception) -> DriverError:
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number else str(error)
        where = self._path or f"in {self._run_directory}"
        return DriverError(f"ovs-vswitchd's control socket {where} can't be used ({reason}); is it running?")
