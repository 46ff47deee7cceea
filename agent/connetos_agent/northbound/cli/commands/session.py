"""Commands about the session itself."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.config.schedule import local_time
from connetos_agent.config.sessions import IDLE_SECONDS
from connetos_agent.northbound.cli.answers import lines
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show.layout import fields
from connetos_sdk.errors import NotFound


async def _cls(_terminal: Terminal, _values: Sequence[str]) -> str:
    return "\x1b[H\x1b[2J"


async def _help(_terminal: Terminal, _values: Sequence[str]) -> str:
    return lines(
        "Type ? to see which words may come next, Tab or Space to complete a word.",
        "configure enters configuration mode; help <command> there explains a command.",
    )


async def _cli_history(terminal: Terminal, _values: Sequence[str]) -> str:
    return lines(*terminal.history)


async def _cli_information(terminal: Terminal, _values: Sequence[str]) -> str:
    width, height = terminal.size
    values = {
        "Idle timeout": f"{IDLE_SECONDS:.0f} seconds",
        "Screen size(w x h)": f"{width} x {height}",
        "Terminal type": terminal.kind,
    }
    return fields(values, 18)


async def _clear_commit(terminal: Terminal, _values: Sequence[str]) -> str:
    try:
        dropped = await terminal.call("cancel-scheduled")
    except NotFound:
        return lines("No commit is scheduled.")
    return lines(f"The commit scheduled for {local_time(dropped['at'])} is dropped.")


COMMANDS = (
    command("clear system commit", "Drop a scheduled commit", _clear_commit),
    command("cls", "Clear the screen", _cls),
    command("help", "How to get help", _help),
    command("show cli history", "Commands typed in this session", _cli_history),
    command("show cli information", "Settings of this session", _cli_information),
)
