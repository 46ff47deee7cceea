"""Drift."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import drift


async def _drift(terminal: Terminal, _values: Sequence[str]) -> str:
    return drift.drift(await terminal.read_state(("system", "drift")))


COMMANDS = (command("show system drift", "What isn't as configured", _drift, state="system drift"),)
