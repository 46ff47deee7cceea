"""Configurations that the switch keeps: the running one, the startup one, earlier revisions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import Told
from connetos_agent.northbound.cli.arguments import number
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show.layout import table
from connetos_sdk.model import curly
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document

MAX_REVISION = 999_999_999


async def _running(terminal: Terminal, _values: Sequence[str]) -> Any:
    return curly.mask_secrets(terminal.manager.running.document)


async def _running_config(terminal: Terminal, values: Sequence[str]) -> str:
    document = await _running(terminal, values)
    return await asyncio.to_thread(curly.format_curly, document, (), defaults=True, level=1)


async def _startup(terminal: Terminal, _values: Sequence[str]) -> Any:
    def read() -> Any:
        text = terminal.manager.store.read_startup()
        return curly.mask_secrets(parse_document(text)) if text is not None else {}

    return await asyncio.to_thread(read)


async def _startup_config(terminal: Terminal, values: Sequence[str]) -> str:
    return _braces(await _startup(terminal, values))


def _braces(document: Document) -> str:
    return curly.format_curly(document, (), level=1)


async def _commits(terminal: Terminal, _values: Sequence[str]) -> Told:
    kept = terminal.manager.revisions()
    rows = [
        (
            str(facts["rollback"]), str(facts["id"]),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(facts["time"])),
            facts["user"], facts["via"], facts["comment"],
        )
        for facts in kept
    ]  # fmt: skip
    names = ("Rollback", "Revision", "Time", "User", "Via", "Comment")
    return Told(table(names, (8, 8, 19, 12, 7, 20), rows), kept)


async def _changes(terminal: Terminal, values: Sequence[str]) -> Told:
    text = await asyncio.to_thread(terminal.manager.store.difference, _revision(values[0]))
    return Told(text, text)


async def _difference(terminal: Terminal, values: Sequence[str]) -> Told:
    new, old = [await _at(terminal, [value]) for value in values]
    text = curly.format_difference(old, new)
    return Told(text, text)


async def _at(terminal: Terminal, values: Sequence[str]) -> Any:
    return curly.mask_secrets(await asyncio.to_thread(terminal.manager.store.read, _revision(values[0])))


async def _configuration(terminal: Terminal, values: Sequence[str]) -> str:
    return _braces(await _at(terminal, values))


def _revision(word: str) -> int:
    return number(word, 1, MAX_REVISION)


COMMANDS = (
    command("show running-config", "Running configuration", _running_config, document=_running),
    command("show startup-config", "What the switch boots with", _startup_config, document=_startup),
    command("show system commit", "Kept revisions, newest first", _commits, tells=True),
    command("show system commit changes <revision>", "What a revision changed", _changes, tells=True),
    command(
        "show system commit changes <revision> against <revision>",
        "How two revisions differ",
        _difference,
        tells=True,
    ),
    command("show system commit configuration <revision>", "A revision", _configuration, document=_at),
)
