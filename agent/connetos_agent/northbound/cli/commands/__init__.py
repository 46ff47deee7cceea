"""The operational commands, a module for each area. The tables are the grammar: there is no other list of these words."""

from __future__ import annotations

from connetos_agent.northbound.cli.commands import (
    configuration,
    interfaces,
    operations,
    session,
    state,
    system,
    vlans,
)
from connetos_agent.northbound.cli.commands.command import Command

_AREAS = (configuration, interfaces, operations, session, state, system, vlans)

COMMANDS: tuple[Command, ...] = tuple(
    sorted(
        (command for area in _AREAS for command in area.COMMANDS),
        key=lambda command: (command.more is not None, command.words),
    )
)
"""Those that take further words come last, so that a longer command of other words is found before them."""
