"""Rebooting, reports for support, files."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, lines
from connetos_agent.northbound.cli.commands.command import Question, Run, Terminal, command
from connetos_sdk.errors import PermissionDenied

REALLY = "Are you sure you want to reboot the switch (yes/no)? "


def _asking(question: str, then: Callable[[Terminal, Sequence[str]], Awaitable[str]]) -> Any:
    """A command that is run after `yes`."""

    async def ask(terminal: Terminal, values: Sequence[str]) -> str:
        if not terminal.caller.may_configure:
            raise PermissionDenied(
                f"{terminal.caller.user} is of class {terminal.caller.user_class}",
                hint="a reboot needs class super-user",
            )

        async def answered(line: str) -> str:
            if line.lower() == "yes":
                return await then(terminal, values)
            if line.lower() not in ("no", ""):
                raise CliError(f'ERROR: "{line[:40]}" is neither yes nor no: nothing is done.')
            return ""

        terminal.question = Question(question, answered)
        return ""

    return ask


async def _reboot(terminal: Terminal, _values: Sequence[str]) -> str:
    await terminal.call("reboot")
    return lines("The switch reboots now.")


async def _reboot_at(terminal: Terminal, values: Sequence[str]) -> str:
    return _planned(await terminal.call("reboot", at=values[0]))


async def _reboot_in(terminal: Terminal, values: Sequence[str]) -> str:
    if not values[0].isascii() or not values[0].isdigit() or not 1 <= int(values[0][:6]) <= 43200:
        raise CliError(f"ERROR: {values[0]} is not a number of minutes from 1 to 43200.")
    return _planned(await terminal.call("reboot", delay=60 * int(values[0])))


def _planned(plan: Any) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(plan["at"]))
    return lines(f"The switch reboots at {moment}; clear system reboot cancels that.")


async def _clear_reboot(terminal: Terminal, _values: Sequence[str]) -> str:
    if await terminal.read_state(("system", "reboot")) is None:
        return lines("No reboot is planned.")
    await terminal.call("clear/reboot")
    return lines("The planned reboot is cancelled.")


async def _tech_support(terminal: Terminal, _values: Sequence[str]) -> str:
    report = await terminal.call("tech-support")
    return lines(
        "Start to collect information ......",
        "",
        f"The information has been stored in {report['file']}, please forward to your support",
    )


async def _tftp_get(terminal: Terminal, values: Sequence[str]) -> str:
    remote, local, server = values
    names = {"remote-file": remote, "local-file": local, "server": server}
    done = await terminal.call("tftp/get", **names)
    return lines(f"{done['bytes']} bytes received, stored as {done['file']}.")


def _login(program: str) -> Run:
    async def log_in(terminal: Terminal, values: Sequence[str]) -> str:
        try:
            address = str(ipaddress.ip_address(values[0]))
        except ValueError:
            raise CliError(f"ERROR: {values[0][:60]} is no IP address.") from None
        if not terminal.lends:
            raise CliError(
                f"ERROR: a login at {address} is not supported from here: it needs a terminal, as `cli` on the switch has."
            )
        # Telnet's escape character would lead to a shell of the switch.
        options = ("-l", terminal.caller.user, "--") if program == "ssh" else ("-E",)
        terminal.login = (program, *options, address)
        return ""

    return log_in


COMMANDS = (
    command("clear system reboot", "Cancel the planned reboot", _clear_reboot),
    command(
        "file tftp get remote-file <remote-file> local-file <local-file> ip-address <ip-address>",
        "Download a file over TFTP; connetos.boot is the startup configuration",
        _tftp_get,
    ),
    command("request system reboot", "Reboot the switch", _asking(REALLY, _reboot)),
    command("request system reboot at <time>", "Reboot at a time", _asking(REALLY, _reboot_at)),
    command("request system reboot in <minutes>", "Reboot after some minutes", _asking(REALLY, _reboot_in)),
    command("ssh <ip-address>", "Log in at another device", _login("ssh")),
    command("telnet <ip-address>", "Log in at another device, in clear", _login("telnet")),
    command("show tech-support", "Store a report for support", _tech_support),
)
