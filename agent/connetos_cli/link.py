"""The agent's end of a command line: JSON objects on a unix socket (connetos_agent.northbound.cli.server)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

SOCKET = Path("/run/connetos/cli.sock")
HELLO_SECONDS = 60.0
"""An agent that starts answers within this time; systemd holds connections for it meanwhile."""
TIMEOUT_SECONDS = 300.0


class LinkError(Exception):
    """The agent can't be talked to; the message says why and what to do."""


@dataclass(frozen=True)
class Reply:
    """The answer to one line."""

    text: str
    ok: bool
    ended: bool
    prompt: str
    interrupted: bool = False
    login: tuple[str, ...] = ()
    """The program to run at the user's terminal."""


class Link:
    """One command line at the agent.

    Args:
        path: the agent's socket.
        via: the surface, for the agent's records: `cli` or `ssh`.
        source: where the user comes from, for the same.

    Raises:
        LinkError: no agent answers there, or it doesn't know the user.
    """

    def __init__(self, path: Path, via: str = "cli", source: str = "tty") -> None:
        self._notice = ""
        self._interrupted = False
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(HELLO_SECONDS)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise LinkError(
                f"the agent doesn't answer at {path} ({reason}); is it running, and are you root or a user of the switch?"
            ) from error
        self._file = self._socket.makefile("rwb")
        # Root is whoever root says; who else connects is known to the agent from the kernel.
        name = "root" if os.geteuid() == 0 else ""
        greeting = self._ask({"hello": {"user": name, "authenticated": True, "via": via, "source": source}})
        if not greeting.get("ok"):
            raise LinkError(str(greeting.get("error", "the agent refused")))
        self._socket.settimeout(TIMEOUT_SECONDS)
        self.banner: str = greeting["banner"]
        self.prompt: str = greeting["prompt"]

    def close(self) -> None:
        """Leave; what isn't committed is dropped."""
        self._socket.close()

    def interrupt(self) -> None:
        """Have what runs end at once, if it is something that takes long. May be called while `run` waits."""
        self._interrupted = True
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps({"cancel": 1}).encode() + b"\n")

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        with contextlib.suppress(OSError):  # what the agent said before it closed can still be read
            self._file.write(json.dumps(message).encode() + b"\n")
            self._file.flush()
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """The next answer.

        Raises:
            LinkError: the agent ended the session, and maybe said why.
        """
        while True:
            try:
                line = self._file.readline()
            except TimeoutError:
                raise LinkError(
                    "the agent doesn't answer; systemctl status connetos-agent may say why"
                ) from None
            except OSError as error:
                raise LinkError(self._notice or f"the connection to the agent broke: {error}") from error
            if not line:
                raise LinkError(self._notice or "the agent ended the session")
            answer: dict[str, Any] = json.loads(line)
            if "notice" not in answer:
                return answer
            self._notice = str(answer["notice"])

    def fileno(self) -> int:
        """The socket; between two commands something comes on it only when the session ends."""
        return self._socket.fileno()

    def run(
        self, line: str, show: Callable[[str], None] | None = None, *, terminal: dict[str, Any] | None = None
    ) -> Reply:
        """Run a line.

        Args:
            line: what is typed.
            terminal: what the user sits at (`connetos_agent.northbound.cli.server`); None for no terminal.
            show: gets text that comes while the line still runs; without it, all comes with the answer. With it, the
                first Ctrl-C interrupts the line, where that takes long, and not this program.
        """
        if show is None:
            answer = self._ask({"id": 1, "line": line, "terminal": terminal})
        else:
            with self._ctrl_c_interrupts():
                answer = self._ask({"id": 1, "line": line, "stream": True, "terminal": terminal})
                while "part" in answer:
                    show(answer["part"])
                    answer = self.receive()
        self.prompt = answer["prompt"]
        return Reply(
            answer["text"], answer["ok"], answer["ended"], answer["prompt"], self._interrupted,
            tuple(answer.get("login", ())),
        )  # fmt: skip

    @contextlib.contextmanager
    def _ctrl_c_interrupts(self) -> Iterator[None]:
        self._interrupted = False

        def pressed(number: int, frame: FrameType | None) -> None:
            if self._interrupted:
                signal.default_int_handler(number, frame)
            self.interrupt()

        before = signal.signal(signal.SIGINT, pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def complete(self, line: str, *, keywords: bool = False) -> list[tuple[str, str]]:
        """(word, help) pairs of what may stand at the end of `line`; a word in angle brackets is a value.

        With `keywords`, only if they are all words of the language: a name or a value may be typed on.
        """
        found = self._ask({"id": 2, "complete": line})["completions"]
        if keywords and not all(c["keyword"] for c in found):
            return []
        return [(c["word"], c["help"]) for c in found]
