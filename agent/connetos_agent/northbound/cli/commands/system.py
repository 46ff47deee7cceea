"""The switch as a whole."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import system


async def _version(terminal: Terminal, _values: Sequence[str]) -> str:
    state = await terminal.read_state(())
    interfaces = state["interface"]["management-ethernet"]
    routed = list(state["vlan-interface"]["interface"].values())
    macs = {
        "management": interfaces.get("eth0", {}).get("mac", ""),
        "switch": routed[0]["mac"] if routed else "",
    }
    return system.version(state["system"], macs)


async def _host_date(_terminal: Terminal, _values: Sequence[str]) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Z %Y\n")


async def _host_os(_terminal: Terminal, _values: Sequence[str]) -> str:
    name = os.uname()
    return f"{name.sysname} {name.nodename} {name.release} {name.version} {name.machine} GNU/Linux\n"


COMMANDS = (
    command("show host date", "Date and time", _host_date),
    command("show host os", "Operating system of the host", _host_os),
    command("show version", "Product, software and MAC addresses", _version, state="system"),
)
