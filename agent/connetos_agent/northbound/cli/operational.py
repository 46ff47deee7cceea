"""Operational mode: finds, completes and runs the commands of `connetos_agent.northbound.cli.commands`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, Completion, Told, as_json, not_recognised
from connetos_agent.northbound.cli.commands import COMMANDS
from connetos_agent.northbound.cli.commands.command import Command, Terminal
from connetos_agent.show.state import StateReader
from connetos_sdk.model.setlines import format_set


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
            rest = words[len(command.words) :]
            if command.more or not rest:
                return command, [*values, *rest]
            deepest = max(deepest, len(command.words))
    if deepest >= len(words):
        raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")
    raise not_recognised(words[deepest])


def complete(terminal: Terminal, words: Sequence[str]) -> list[Completion]:
    """What may follow `words`."""
    found: dict[str, Completion] = {}
    for command in COMMANDS:
        head = command.words[: len(words)]
        fits = all(h == w or h.startswith("<") for h, w in zip(head, words, strict=False))
        if not fits:
            continue
        if len(command.words) > len(words):
            word = command.words[len(words)]
            last = len(command.words) == len(words) + 1
            if last or word not in found:
                found[word] = Completion(
                    word, command.help if last else found.get(word, Completion(word)).help
                )
        elif command.more is not None:
            found.update((c.word, c) for c in command.more(terminal, words[len(command.words) :]))
    return list(found.values())


async def run(terminal: Terminal, words: Sequence[str], display: str = "") -> str:
    """Run the operational command `words`; what it prints, in the form that `display` names.

    Raises:
        CliError, ConnetosError: it isn't a command, or it failed, or has no such form.
    """
    command, values = find(words)
    if display == "set":
        if command.document is None:
            raise CliError("ERROR: | display set is for configurations.")
        document = await command.document(terminal, values)
        return await asyncio.to_thread(format_set, document)
    if display == "json":
        return as_json(await _data(command, terminal, values))
    reply = await command.run(terminal, values)
    return reply.text if isinstance(reply, Told) else reply


async def _data(command: Command, terminal: Terminal, values: Sequence[str]) -> Any:
    if command.data is not None:
        return await command.data(terminal, values)
    if not command.tells:
        raise CliError(f"ERROR: {' '.join(command.words)} has no data for | display json.")
    reply = await command.run(terminal, values)
    return reply.data if isinstance(reply, Told) else None


def reader(state: StateReader, executor: Any) -> Callable[[tuple[str, ...]], Awaitable[Any]]:
    """A function that reads state in the thread that the reader belongs to."""

    async def read(path: tuple[str, ...]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(executor, state.at, path)

    return read
