"""Auto provision."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import atp


async def _atp(terminal: Terminal, _values: Sequence[str]) -> str:
    return atp.atp(await terminal.read_state(("atp",)))


COMMANDS = (command("show atp", "How far auto provision is", _atp, state="atp"),)
