"""Ports and the management port."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import interfaces


async def _management(terminal: Terminal, _values: Sequence[str]) -> str:
    entry = await terminal.read_state(("interface", "management-ethernet", "eth0"))
    return interfaces.management(entry, entry.get("mac", ""))


COMMANDS = (
    command(
        "show interface management-ethernet eth0", "Management port", _management,
        state="interface management-ethernet eth0",
    ),
)  # fmt: skip
