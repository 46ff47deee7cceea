"""LLDP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import lldp
from connetos_sdk.errors import NotFound


async def _state(terminal: Terminal, values: Sequence[str]) -> tuple[Mapping[str, Any], list[str]]:
    """The state, and the ports that the command is about."""
    platform = terminal.manager.dataplane.platform
    if values and values[0] not in platform.ports:
        raise NotFound(f"this switch has no port {values[0]}", hint=platform.described_ports())
    state = await terminal.read_state(("lldp",))
    return state, [values[0]] if values else list(state["interface"])


async def _detail(terminal: Terminal, _values: Sequence[str]) -> str:
    return lldp.detail((await _state(terminal, ()))[0])


async def _local_info(terminal: Terminal, _values: Sequence[str]) -> str:
    return lldp.local_info((await _state(terminal, ()))[0])


async def _neighbors(terminal: Terminal, values: Sequence[str]) -> str:
    return lldp.neighbors(*await _state(terminal, values))


async def _neighbor_detail(terminal: Terminal, values: Sequence[str]) -> str:
    state, ports = await _state(terminal, values)
    return lldp.neighbor_detail(state, ports[0])


async def _statistics(terminal: Terminal, values: Sequence[str]) -> str:
    return lldp.statistics(*await _state(terminal, values))


async def _clear_entries(terminal: Terminal, values: Sequence[str]) -> str:
    await terminal.call("clear/lldp-entries", **({"interface": values[0]} if values else {}))
    return ""


async def _clear_statistics(terminal: Terminal, values: Sequence[str]) -> str:
    await terminal.call("clear/lldp-statistics", **({"interface": values[0]} if values else {}))
    return ""


_NEIGHBOR = "lldp neighbor <interface-name>"

COMMANDS = (
    command("clear lldp entry", "Forget LLDP neighbours until they are heard again", _clear_entries),
    command("clear lldp entry <interface-name>", "Forget the neighbours of one port", _clear_entries),
    command("clear lldp statistics", "Count LLDP frames from zero", _clear_statistics),
    command("clear lldp statistics <interface-name>", "Count those of one port from zero", _clear_statistics),
    command("show lldp detail", "LLDP settings", _detail, state="lldp settings"),
    command("show lldp local-info", "The switch as neighbours see it, and ports", _local_info, state="lldp"),
    command("show lldp neighbor", "LLDP neighbours", _neighbors, state="lldp neighbor"),
    command("show lldp neighbor <interface-name>", "Neighbours of one port", _neighbors, state=_NEIGHBOR),
    command(
        "show lldp neighbor <interface-name> detail", "All that they advertise", _neighbor_detail, state=_NEIGHBOR
    ),
    command("show lldp statistics", "LLDP frames by port", _statistics, state="lldp interface"),
    command(
        "show lldp statistics <interface-name>", "LLDP frames of one port", _statistics,
        state="lldp interface <interface-name>",
    ),
)  # fmt: skip
