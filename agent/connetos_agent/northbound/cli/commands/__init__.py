"""The operational commands, a module for each area. The tables are the grammar: there is no other list of these words."""

from __future__ import annotations

from connetos_agent.northbound.cli.commands import (
    atp,
    clock,
    configuration,
    diagnostics,
    drift,
    firewall,
    interfaces,
    lldp,
    log,
    machine,
    maintenance,
    navmesh,
    operations,
    packages,
    routing,
    session,
    state,
    switching,
    system,
    vlans,
)
from connetos_agent.northbound.cli.commands.command import Command

_AREAS = (
    atp,
    clock,
    configuration,
    diagnostics,
    drift,
    firewall,
    interfaces,
    lldp,
    log,
    machine,
    maintenance,
    navmesh,
    operations,
    packages,
    routing,
    session,
    state,
    switching,
    system,
    vlans,
)

COMMANDS: tuple[Command, ...] = tuple(
    sorted(
        (command for area in _AREAS for command in area.COMMANDS),
        key=lambda command: (
            command.more is not None,
            tuple((word.startswith("<"), word) for word in command.words),
        ),
    )
)
"""A word of the language is found before a value in its place, and those that take further words come last."""
