"""Date and time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import lines
from connetos_agent.northbound.cli.commands.command import Terminal, command


async def _set_date(terminal: Terminal, values: Sequence[str]) -> str:
    done = await terminal.call("set-date", date=values[0])
    return time.strftime("%a %b %e %H:%M:%S %Z %Y\n", time.localtime(done["time"]))


async def _ntp_status(terminal: Terminal, _values: Sequence[str]) -> str:
    return _as_ntpstat(await terminal.read_state(("system", "ntp-status")))


def _as_ntpstat(status: Mapping[str, Any]) -> str:
    """As ntpstat(1) prints it."""
    if not status["configured"]:
        return lines("unsynchronised", "   no NTP server is configured")
    polling = status.get("polling_s")
    every = f"    polling server every {polling:.0f} s" if polling else "    polling server hasn't begun"
    if "error" in status:
        return lines("unsynchronised", f"   {status['error']}")
    if not status["synchronised"]:
        return lines("unsynchronised", every)
    return lines(
        f"synchronised to NTP server ({status['server']}) at stratum {status['stratum']}",
        f"   time correct to within {max(1, round(1000 * status['within_s']))} ms",
        every,
    )


COMMANDS = (
    command("set date <date>", "Set the clock: hh:mm[:ss] or [YYYY.]MM.DD-hh:mm[:ss]", _set_date),
    command(
        "show system ntp-status",
        "How well the clock follows its server",
        _ntp_status,
        state="system ntp-status",
    ),
)
