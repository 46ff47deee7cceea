"""VLANs and VLAN interfaces."""

from __future__ import annotations

from collections.abc import Sequence

from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_agent.show import vlans
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


COMMANDS = (
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
