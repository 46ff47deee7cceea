"""The operational commands, a module for each area. The tables are the grammar: there is no other list of these words."""

from __future__ import annotations

from connetos_agent.northbound.cli.commands import interfaces, session, system, vlans
from connetos_agent.northbound.cli.commands.command import Command

COMMANDS: tuple[Command, ...] = tuple(
    sorted(
        (command for area in (interfaces, session, system, vlans) for command in area.COMMANDS),
        key=lambda command: command.words,
    )
)
