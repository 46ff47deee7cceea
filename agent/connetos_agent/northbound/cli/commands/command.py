"""What an operational command is, and what it may ask of the session it runs in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.cli.answers import CliError, Completion, Told
from connetos_agent.northbound.cli.monitor import Monitor
from connetos_agent.services.operations import Operations, Report, untold
from connetos_agent.switch_log import SwitchLog

MAX_HISTORY = 200
MAX_SIDE = 10_000
"""Columns or lines of a terminal."""


@dataclass(frozen=True)
class Question:
    """What the next line answers: `text` stands in place of the prompt; `then` gets the line, and returns the text."""

    text: str
    then: Callable[[str], Awaitable[str]]


class Interrupted(CliError):
    """The user doesn't want to wait any longer, or has gone."""


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


@dataclass
class Terminal:
    """What a command may ask of the session it runs in."""

    manager: ConfigManager
    read_state: Callable[[tuple[str, ...]], Awaitable[Any]]
    operations: Operations
    caller: Caller
    log: SwitchLog
    size: tuple[int, int] = (80, 24)
    kind: str = "dumb"
    history: list[str] = field(default_factory=list)
    question: Question | None = None
    monitor: Monitor | None = None
    send: Callable[[str], Awaitable[None]] | None = None
    """Shows text while the line still runs; None where only whole answers are wanted."""
    until_interrupted: Callable[[], Awaitable[None]] = _never
    """Returns when the user interrupts the line that runs, or has gone."""
    lends: bool = False
    """Whether the user's end runs programs at the user's terminal."""
    login: tuple[str, ...] = ()
    """The program that the user's end is to run at the terminal."""
    _told: list[str] = field(default_factory=list)

    def sits_at(self, described: Any) -> None:
        """Take in what the user's end says about the terminal, if it says something."""
        if not isinstance(described, dict):
            return
        sides = (described.get("width"), described.get("height"))
        if all(type(side) is int and 0 < side <= MAX_SIDE for side in sides):
            self.size = cast("tuple[int, int]", sides)
        kind = described.get("kind")
        if isinstance(kind, str) and kind.isprintable():
            self.kind = kind[:40]
        self.lends = described.get("lends") is True

    async def tell(self, text: str) -> None:
        """Show `text` now, or with the answer."""
        if self.send is None:
            self._told.append(text)
        else:
            await self.send(text)

    def take_told(self) -> str:
        """What was told and not shown yet."""
        told, self._told = "".join(self._told), []
        return told

    async def call(self, name: str, report: Report = untold, /, **arguments: Any) -> Any:
        """Do an operation as the user of this session, `report` is told how far it is; its result.

        Raises:
            Interrupted: the user didn't want to wait for it; it was cancelled.
            ConnetosError: it failed.
        """
        doing = asyncio.ensure_future(self.operations.call(self.caller, name, arguments, report))
        interrupted = asyncio.ensure_future(self.until_interrupted())
        try:
            await asyncio.wait((doing, interrupted), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
        finally:
            interrupted.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.wait((doing,))
        raise Interrupted("Interrupted.")


Run = Callable[[Terminal, Sequence[str]], Awaitable[str | Told]]
"""Gets the values that stand in the places of `<...>`; returns the text to print."""
Data = Callable[[Terminal, Sequence[str]], Awaitable[Any]]
"""Gets the same; returns JSON data."""
More = Callable[[Terminal, Sequence[str]], Sequence[Completion]]
"""Gets the words after those of the command; returns what may follow them."""


@dataclass(frozen=True)
class Command:
    """An operational command.

    Attributes:
        words: its words, `<...>` for a value.
        run: does it.
        data: what `| display json` shows, for a command that only looks.
        tells: `run` itself returns data beside the text.
        document: the configuration that it shows, which has set lines, too.
        more: further words may follow, and these.
    """

    words: tuple[str, ...]
    help: str
    run: Run
    data: Data | None = None
    tells: bool = False
    document: Data | None = None
    more: More | None = None


def command(
    words: str,
    help_line: str,
    run: Run,
    *,
    state: str = "",
    data: Data | None = None,
    tells: bool = False,
    document: Data | None = None,
    more: More | None = None,
) -> Command:
    """A command from its words in one text: `show vlans vlan-id <vlan-id>`.

    Args:
        words: its words.
        help_line: what it does.
        run: does it.
        state: path of the state that `| display json` shows; a `<...>` in it is that of the words.
        data: instead of `state`, what reads the data.
        tells: see `Command`.
        document: see `Command`.
        more: see `Command`.
    """
    split = tuple(words.split())
    if state:
        data = _state_at(split, tuple(state.split()))
    return Command(split, help_line, run, data or document, tells, document, more)


def _state_at(words: Sequence[str], path: Sequence[str]) -> Data:
    names = [word for word in words if word.startswith("<")]

    async def read(terminal: Terminal, values: Sequence[str]) -> Any:
        given = dict(zip(names, values, strict=True))
        return await terminal.read_state(tuple(given.get(word, word) for word in path))

    return read
