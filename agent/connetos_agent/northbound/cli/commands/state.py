"""All of the operational state, for programs: what REST has at `/api/v1/state`."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.answers import Completion, Told, as_json, keyword
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show.state import AREAS


async def _state(terminal: Terminal, path: Sequence[str]) -> Told:
    data = await terminal.read_state(tuple(path))
    return Told(as_json(data), data)


def _areas(_terminal: Terminal, words: Sequence[str]) -> list[Completion]:
    return [] if words else [keyword(name) for name in AREAS]


COMMANDS = (
    command(
        "show state", "State of an area, or of what is below it, as JSON", _state, tells=True, more=_areas
    ),
)
