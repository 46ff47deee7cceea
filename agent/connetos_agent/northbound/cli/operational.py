"""Operational mode: what each command does. The table is the grammar: there is no other list of these words."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.cli.answers import CliError, Completion, lines, not_recognised
from connetos_agent.show import layouts
from connetos_agent.show.state import StateReader
from connetos_sdk.errors import NotFound
from connetos_sdk.model import curly

MAX_HISTORY = 200


@dataclass
class Terminal:
    """What a command may ask of the session it runs in."""

    manager: ConfigManager
    read_state: Callable[[tuple[str, ...]], Awaitable[Any]]
    caller: Caller
    size: tuple[int, int] = (80, 24)
    kind: str = "dumb"
    history: list[str] = field(default_factory=list)


Run = Callable[[Terminal, Sequence[str]], Awaitable[str]]


@dataclass(frozen=True)
class Command:
    """An operational command: words, `<...>` for a value, and what it does with the values."""

    words: tuple[str, ...]
    help: str
    run: Run


async def _version(terminal: Terminal, _values: Sequence[str]) -> str:
    state = await terminal.read_state(())
    interfaces = state["interface"]["management-ethernet"]
    routed = list(state["vlan-interface"]["interface"].values())
    macs = {
        "management": interfaces.get("eth0", {}).get("mac", ""),
        "switch": routed[0]["mac"] if routed else "",
    }
    return layouts.version(state["system"], macs)


async def _host_date(_terminal: Terminal, _values: Sequence[str]) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Z %Y\n")


async def _host_os(_terminal: Terminal, _values: Sequence[str]) -> str:
    name = os.uname()
    return f"{name.sysname} {name.nodename} {name.release} {name.version} {name.machine} GNU/Linux\n"


async def _running_config(terminal: Terminal, _values: Sequence[str]) -> str:
    document = curly.mask_secrets(terminal.manager.running.document)
    return await asyncio.to_thread(curly.format_curly, document, (), defaults=True, level=1)


async def _cli_history(terminal: Terminal, _values: Sequence[str]) -> str:
    return lines(*terminal.history)


async def _cli_information(terminal: Terminal, _values: Sequence[str]) -> str:
    width, height = terminal.size
    values = {
        "Idle timeout": "900 seconds",
        "Screen size(w x h)": f"{width} x {height}",
        "Terminal type": terminal.kind,
    }
    return layouts.fields(values, 18)


async def _vlans(terminal: Terminal, _values: Sequence[str]) -> str:
    return layouts.vlans(await terminal.read_state(("vlans",)))


async def _vlan(terminal: Terminal, values: Sequence[str]) -> str:
    return layouts.vlan(values[0], await terminal.read_state(("vlans", "vlan-id", values[0])))


async def _vlan_interfaces(terminal: Terminal, values: Sequence[str]) -> str:
    data = await terminal.read_state(("vlan-interface",))
    if values:
        if values[0] not in data["interface"]:
            raise NotFound(f"there is no VLAN interface {values[0]}")
        data = {"interface": {values[0]: data["interface"][values[0]]}}
    return layouts.vlan_interfaces(data)


async def _management(terminal: Terminal, _values: Sequence[str]) -> str:
    entry = await terminal.read_state(("interface", "management-ethernet", "eth0"))
    return layouts.management(entry, entry.get("mac", ""))


async def _clear_commit(_terminal: Terminal, _values: Sequence[str]) -> str:
    return lines("No commit is scheduled.")


async def _help(_terminal: Terminal, _values: Sequence[str]) -> str:
    return lines(
        "Type ? to see which words may come next, Tab or Space to complete a word.",
        "configure enters configuration mode; help <command> there explains a command.",
    )


async def _cls(_terminal: Terminal, _values: Sequence[str]) -> str:
    return "\x1b[H\x1b[2J"


COMMANDS: tuple[Command, ...] = tuple(
    Command(tuple(words.split()), help_line, run)
    for words, help_line, run in (
        ("clear system commit", "Drop a scheduled commit", _clear_commit),
        ("cls", "Clear the screen", _cls),
        ("help", "How to get help", _help),
        ("show cli history", "Commands typed in this session", _cli_history),
        ("show cli information", "Settings of this session", _cli_information),
        ("show host date", "Date and time", _host_date),
        ("show host os", "Operating system of the host", _host_os),
        ("show interface management-ethernet eth0", "Management port", _management),
        ("show running-config", "Running configuration", _running_config),
        ("show version", "Product, software and MAC addresses", _version),
        ("show vlan-interface", "VLAN interfaces", _vlan_interfaces),
        ("show vlan-interface <vlan-interface>", "One VLAN interface", _vlan_interfaces),
        ("show vlans", "VLANs and their ports", _vlans),
        ("show vlans vlan-id <vlan-id>", "One VLAN", _vlan),
    )
)


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
