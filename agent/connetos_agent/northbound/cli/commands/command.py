"""What an operational command is, and what it may ask of the session it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.operations import Operations

MAX_HISTORY = 200


@dataclass
class Terminal:
    """What a command may ask of the session it runs in."""

    manager: ConfigManager
    read_state: Callable[[tuple[str, ...]], Awaitable[Any]]
    operations: Operations
    caller: Caller
    size: tuple[int, int] = (80, 24)
    kind: str = "dumb"
    history: list[str] = field(default_factory=list)

    async def call(self, name: str, **arguments: Any) -> Any:
        """Do an operation as the user of this session; its result."""
        return await self.operations.call(self.caller, name, arguments)


Run = Callable[[Terminal, Sequence[str]], Awaitable[str]]
"""Gets the values that stand in the places of `<...>`; returns the text to print."""


@dataclass(frozen=True)
class Command:
    """An operational command: words, `<...>` for a value, and what it does with the values."""

    words: tuple[str, ...]
    help: str
    run: Run


def command(words: str, help_line: str, run: Run) -> Command:
    """A command from its words in one text: `show vlans vlan-id <vlan-id>`."""
    return Command(tuple(words.split()), help_line, run)
