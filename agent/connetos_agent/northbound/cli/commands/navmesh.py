"""`show navmesh`: the ports of a flow, from tables, and from traffic where these leave several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, Told
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import navmesh


async def _navmesh(terminal: Terminal, values: Sequence[str]) -> Told:
    source, destination, *numbers = values
    names = ("source_port", "destination_port", "protocol")
    arguments: dict[str, Any] = {"source": source, "destination": destination}
    for name, word in zip(names, numbers, strict=True):
        if not (word.isascii() and word.isdigit()) or len(word) > 5:
            raise CliError(f"ERROR: {word} isn't a {name.replace('_', ' ')}: give a number.")
        arguments[name] = int(word)
    answer = await terminal.call("navmesh", **arguments)
    if len(answer["paths"]) > 1:
        answer = await terminal.call("navmesh", **arguments, live=True)
    return Told(navmesh.navmesh(answer), answer)


COMMANDS = (
    command(
        "show navmesh source-ipv4 <source-ipv4-address> dest-ipv4 <dest-ipv4-address> "
        "l4-source-port <source-port-number> l4-dest-port <dest-port-number> protocol <protocol-number>",
        "Ports by which a flow comes in and goes out",
        _navmesh,
        tells=True,
    ),
)
