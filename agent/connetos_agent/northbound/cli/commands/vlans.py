"""VLANs, VLAN interfaces and loopbacks."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import loopbacks, vlans
from connetos_sdk.errors import NotFound


async def _vlans(terminal: Terminal, _values: Sequence[str]) -> str:
    return vlans.vlans(await terminal.read_state(("vlans",)))


async def _brief(terminal: Terminal, _values: Sequence[str]) -> str:
    return vlans.brief(await terminal.read_state(("vlans",)))


async def _detail(terminal: Terminal, _values: Sequence[str]) -> str:
    return vlans.detail(await terminal.read_state(("vlans",)))


async def _vlan(terminal: Terminal, values: Sequence[str]) -> str:
    return vlans.vlan(values[0], await terminal.read_state(("vlans", "vlan-id", values[0])))


async def _vlan_interfaces(terminal: Terminal, values: Sequence[str]) -> str:
    data = await terminal.read_state(("vlan-interface",))
    if values:
        if values[0] not in data["interface"]:
            raise NotFound(f"there is no VLAN interface {values[0]}")
        data = {"interface": {values[0]: data["interface"][values[0]]}}
    return vlans.vlan_interfaces(data)


async def _loopbacks(terminal: Terminal, values: Sequence[str]) -> str:
    known = (await terminal.read_state(("loopback-interface",)))["interface"]
    if values and values[0] not in known:
        raise NotFound(f"there is no loopback {values[0]}", hint=", ".join(known) or "none is configured")
    return loopbacks.loopbacks({values[0]: known[values[0]]} if values else known)


COMMANDS = (
    command("show loopback-interface", "Loopbacks", _loopbacks, state="loopback-interface"),
    command(
        "show loopback-interface <lo-interface-name>", "One loopback", _loopbacks,
        state="loopback-interface interface <lo-interface-name>",
    ),
    command("show vlan-interface", "VLAN interfaces", _vlan_interfaces, state="vlan-interface"),
    command(
        "show vlan-interface <vlan-interface>", "One VLAN interface", _vlan_interfaces,
        state="vlan-interface interface <vlan-interface>",
    ),
    command("show vlans", "VLANs and their ports", _vlans, state="vlans"),
    command("show vlans brief", "VLANs, a line each", _brief, state="vlans"),
    command("show vlans detail", "VLANs, all that is known of each", _detail, state="vlans"),
    command("show vlans vlan-id <vlan-id>", "One VLAN", _vlan, state="vlans vlan-id <vlan-id>"),
)  # fmt: skip
