"""The switch's log."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connetos_agent.northbound.cli.answers import CliError, lines
from connetos_agent.northbound.cli.commands.command import Terminal, command


async def _last_rows(terminal: Terminal, values: Sequence[str]) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,9}", values[0]):
        raise CliError(f"ERROR: {values[0]} is not a number from 1 to 4294967295.")
    return lines(*(await terminal.call("log", rows=int(values[0])))["lines"])


async def _of_day(terminal: Terminal, values: Sequence[str]) -> str:
    return lines(*(await terminal.call("log", date=values[0]))["lines"])


async def _clear(terminal: Terminal, values: Sequence[str]) -> str:
    await terminal.call("clear/log", file=values[0] if values else "all")
    return ""


async def _monitor(terminal: Terminal, values: Sequence[str]) -> str:
    if values[0] not in ("on", "off"):
        raise CliError(f"ERROR: {values[0]} is not valid: on or off.")
    if terminal.monitor is None:
        raise CliError(
            "ERROR: syslog monitor is not supported here: nothing can be shown between two requests."
        )
    terminal.monitor.switch(values[0] == "on")
    return ""


COMMANDS = (
    command("clear log <file-name>", "Delete a log file", _clear),
    command("clear log all", "Delete all log files", _clear),
    command("show log date <date>", "Log lines of one day, such as 2018.2.9", _of_day),
    command("show log last-rows <row-number>", "The newest log lines", _last_rows),
    command("show syslog date <date>", "Log lines of one day, such as 2018.2.9", _of_day),
    command("show syslog last-rows <row-number>", "The newest log lines", _last_rows),
    command("syslog monitor <state>", "Show log lines as they come: on or off", _monitor),
)
