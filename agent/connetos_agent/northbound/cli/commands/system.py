"""The switch as a whole."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import system
from connetos_sdk.model import curly


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


async def _running_config(terminal: Terminal, _values: Sequence[str]) -> str:
    document = curly.mask_secrets(terminal.manager.running.document)
    return await asyncio.to_thread(curly.format_curly, document, (), defaults=True, level=1)


COMMANDS = (
    command("show host date", "Date and time", _host_date),
    command("show host os", "Operating system of the host", _host_os),
    command("show running-config", "Running configuration", _running_config),
    command("show version", "Product, software and MAC addresses", _version),
)
