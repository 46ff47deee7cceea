"""`show system ...`: the machine that the switch is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError
from connetos_agent.northbound.cli.commands.command import Command, Terminal, command
from connetos_agent.show import machine

MEMBER = "1"
"""A switch that runs standalone is member 1."""

Text = Callable[[Terminal, Sequence[str]], Awaitable[str]]


def _shown(name: str, layout: Callable[[Any], str]) -> Text:
    async def run(terminal: Terminal, _values: Sequence[str]) -> str:
        return layout(await terminal.read_state(("system", name)))

    return run


async def _uptime(terminal: Terminal, _values: Sequence[str]) -> str:
    users = await terminal.read_state(("system", "users"))
    return machine.uptime(await terminal.read_state(("system", "uptime")), len(users))


async def _serial_number(terminal: Terminal, _values: Sequence[str]) -> str:
    modules = await terminal.read_state(("system", "ddm"))
    return machine.serial_number(await terminal.read_state(("system", "serial-number")), modules)


async def _ddm(terminal: Terminal, values: Sequence[str]) -> str:
    name = values[0]
    if name not in terminal.manager.dataplane.platform.ports:
        ports = terminal.manager.dataplane.platform.described_ports()
        raise CliError(f"ERROR: interface {name} is not valid: ports: {ports}.")
    modules = await terminal.read_state(("system", "ddm"))
    if name not in modules:
        return f"{name}: no optical module is present.\n"
    return machine.ddm({name: modules[name]})


def _of_member(run: Text) -> Text:
    async def checked(terminal: Terminal, values: Sequence[str]) -> str:
        if values[0] != MEMBER:
            raise CliError(
                f"ERROR: member {values[0]} is not valid: this switch runs standalone, as member {MEMBER}."
            )
        return f"Member {MEMBER}:\n{await run(terminal, ())}"

    return checked


def _of_all(run: Text) -> Text:
    async def headed(terminal: Terminal, _values: Sequence[str]) -> str:
        return f"Member {MEMBER}:\n{await run(terminal, ())}"

    return headed


def _commands() -> Iterator[Command]:
    by_member: dict[str, tuple[str, Text]] = {
        "cpu-usage": ("Utilisation of the processor", _shown("cpu-usage", machine.cpu_usage)),
        "ddm": ("Optical modules", _shown("ddm", machine.ddm)),
        "fan": ("Fans", _shown("fan", machine.fan)),
        "memory-usage": ("Memory in KiB", _shown("memory-usage", machine.memory_usage)),
        "processes": ("Processes", _shown("processes", machine.processes)),
        "rpsu": ("Power supplies", _shown("rpsu", machine.rpsu)),
        "serial-number": ("Serial numbers of board, power supplies and optics", _serial_number),
        "uptime": ("Time since the machine started, users, load", _uptime),
    }
    for name, (help_line, run) in by_member.items():
        state = f"system {name}"
        yield command(f"show system {name}", help_line, run, state=state)
        yield command(f"show system {name} all", f"{help_line} of all members", _of_all(run), state=state)
        yield command(f"show system {name} member <member-id>", f"{help_line} of one member", _of_member(run))
    yield command(
        "show system ddm <interface-name>",
        "Optical module of one port",
        _ddm,
        state="system ddm <interface-name>",
    )
    others: dict[str, tuple[str, Callable[[Any], str]]] = {
        "boot-messages": ("Messages of the kernel", lambda lines: "".join(f"{line}\n" for line in lines)),
        "core-dumps": ("Core dumps", machine.core_dumps),
        "running-mode": ("Standalone or stack", machine.running_mode),
        "temperature": ("Temperatures", machine.temperature),
        "users": ("Who is logged in", machine.users),
    }
    for name, (help_line, layout) in others.items():
        yield command(f"show system {name}", help_line, _shown(name, layout), state=f"system {name}")


COMMANDS = tuple(_commands())
