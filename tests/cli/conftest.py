"""A command line on the agent's socket, as root's `cli` or an SSH server opens it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab


@dataclass(frozen=True)
class Answer:
    text: str
    ok: bool
    mode: int
    prompt: str
    ended: bool


class CommandLine:
    """One connection to `cli.sock`."""

    def __init__(self, path: str, hello: dict[str, Any]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")
        self.greeting = self.ask({"hello": hello})

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.send(message)
        return self.read()

    def send(self, message: dict[str, Any]) -> None:
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()

    def read(self) -> dict[str, Any]:
        """The next thing that the agent says."""
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def __call__(self, line: str) -> Answer:
        answer = self.ask({"id": 1, "line": line})
        return Answer(**{name: answer[name] for name in ("text", "ok", "mode", "prompt", "ended")})

    def words(self, line: str) -> list[str]:
        return [c["word"] for c in self.ask({"id": 2, "complete": line})["completions"]]

    def close(self) -> None:
        self._file.close()
        self._socket.close()


Open = Callable[..., CommandLine]


@pytest.fixture
def open_cli(memory_lab: Lab, switch: Switch) -> Iterator[Open]:
    """Opens command lines; the configuration is put back afterwards (fixture `switch`)."""
    opened: list[CommandLine] = []
    path = str(memory_lab.switch("leaf1").directory / "run" / "cli.sock")

    def open_one(**hello: Any) -> CommandLine:
        opened.append(CommandLine(path, hello or {"user": "root", "authenticated": True, "via": "test"}))
        return opened[-1]

    yield open_one
    for cli in opened:
        cli.close()


@pytest.fixture
def cli(open_cli: Open) -> CommandLine:
    return open_cli()
