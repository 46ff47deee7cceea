"""Operational mode: finds, completes and runs the commands of `connetos_agent.northbound.cli.commands`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, Completion, not_recognised
from connetos_agent.northbound.cli.commands import COMMANDS
from connetos_agent.northbound.cli.commands.command import Command, Terminal
from connetos_agent.show.state import StateReader


def find(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that `words` are, with its values.

    Raises:
        CliError: there is none; names the first word that is wrong.
    """
    deepest = 0
    for command in COMMANDS:
        values: list[str] = []
        for position, word in enumerate(command.words):
            if position >= len(words):
                deepest = max(deepest, position)
                break
            if word.startswith("<"):
                values.append(words[position])
            elif word != words[position]:
                deepest = max(deepest, position)
                break
        else:
            if len(words) == len(command.words):
                return command, values
            deepest = max(deepest, len(command.words))
    if deepest >= len(words):
        raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")
    raise not_recognised(words[deepest])


def complete(words: Sequence[str]) -> list[Completion]:
    """What may follow `words`."""
    found: dict[str, Completion] = {}
    for command in COMMANDS:
        head = command.words[: len(words)]
        fits = len(head) == len(words) and all(
            h == w or h.startswith("<") for h, w in zip(head, words, strict=True)
        )
        if fits and len(command.words) > len(words):
            word = command.words[len(words)]
            last = len(command.words) == len(words) + 1
            if last or word not in found:
                found[word] = Completion(
                    word, command.help if last else found.get(word, Completion(word)).help
                )
    return list(found.values())


async def run(terminal: Terminal, words: Sequence[str]) -> str:
    """Run the operational command `words`; its text.

    Raises:
        CliError, ConnetosError: it isn't a command, or it failed.
    """
    command, values = find(words)
    return await command.run(terminal, values)


def reader(state: StateReader, executor: Any) -> Callable[[tuple[str, ...]], Awaitable[Any]]:
    """A function that reads state in the thread that the reader belongs to."""

    async def read(path: tuple[str, ...]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(executor, state.at, path)

    return read
