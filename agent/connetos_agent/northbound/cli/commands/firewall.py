"""Filters: what they met."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import firewall
from connetos_sdk.errors import NotFound


async def _filters(terminal: Terminal, values: Sequence[str]) -> str:
    data = await terminal.read_state(("firewall",))
    known = data["filter"]
    if values and values[0] not in known:
        raise NotFound(f"there is no filter {values[0]}", hint=", ".join(known) or "none is configured")
    return firewall.filters({**data, "filter": {values[0]: known[values[0]]}} if values else data)


async def _forwarders(terminal: Terminal, values: Sequence[str]) -> str:
    data = await terminal.read_state(("firewall",))
    if values and values[0] not in data["forwarder"]:
        hint = ", ".join(data["forwarder"]) or "none is configured"
        raise NotFound(f"there is no forwarder {values[0]}", hint=hint)
    return firewall.forwarders({**data, "forwarder": list(values) or data["forwarder"]})


async def _clear(terminal: Terminal, values: Sequence[str]) -> str:
    await terminal.call("clear/firewall", **({"filter": values[0]} if values else {}))
    return ""


async def _clear_forwarder(terminal: Terminal, values: Sequence[str]) -> str:
    """A data plane that has forwarders counts nothing for them: it is memory."""
    await _forwarders(terminal, values)
    return ""


COMMANDS = (
    command("show firewall filter", "Filters and what met their terms", _filters, state="firewall"),
    command(
        "show firewall filter <filter-name>", "One filter", _filters, state="firewall filter <filter-name>"
    ),
    command("show firewall forwarder", "Forwarders", _forwarders, state="firewall forwarder"),
    command("show firewall forwarder <forwarder-name>", "One forwarder", _forwarders),
    command("clear firewall", "Count what meets the terms of filters from zero", _clear),
    command("clear firewall filter <filter-name>", "Count from zero at one filter", _clear),
    command(
        "clear firewall forwarder <forwarder-name>", "Count from zero at one forwarder", _clear_forwarder
    ),
)
