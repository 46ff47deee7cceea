"""Ports and aggregates: state and counters; the MAC table; LACP; mirrors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.commands.command import Command, Run, Terminal, command
from connetos_agent.show import interfaces, switching
from connetos_sdk.errors import NotFound


def _one(words: str, show: Callable[[str, Mapping[str, Any], Mapping[str, int]], str]) -> Run:
    """Shows one port or aggregate, its state and its counters."""

    async def run(terminal: Terminal, values: Sequence[str]) -> str:
        known = await terminal.read_state(("interface", words))
        if values[0] not in known:
            raise NotFound(f"this switch has no {values[0]}", hint=_some(known))
        counters = (await terminal.read_state(("statistics",))).get(values[0], {})
        return show(values[0], known[values[0]], counters)

    return run


def _some(known: Mapping[str, Any]) -> str:
    names = list(known)
    return f"{names[0]} to {names[-1]}" if len(names) > 1 else "".join(names) or "there are none"


async def _brief(terminal: Terminal, _values: Sequence[str]) -> str:
    return interfaces.brief(await terminal.read_state(("interface",)))


async def _mac_table(terminal: Terminal, _values: Sequence[str]) -> str:
    return switching.mac_table(await terminal.read_state(("ethernet-switching",)))


async def _analyzers(terminal: Terminal, values: Sequence[str]) -> str:
    known = (await terminal.read_state(("analyzer",)))["instance"]
    if values and values[0] not in known:
        raise NotFound(f"there is no analyzer {values[0]}", hint=", ".join(known) or "none is configured")
    return switching.analyzers({values[0]: known[values[0]]} if values else known)


def _lacp(show: Callable[[Mapping[str, Mapping[str, Any]]], str]) -> Run:
    """Shows LACP on all aggregates, on one, or on one member."""

    async def run(terminal: Terminal, values: Sequence[str]) -> str:
        known = (await terminal.read_state(("lacp",)))["aggregate-ethernet"]
        if not values:
            return show(known)
        if values[0] in known:
            return show({values[0]: known[values[0]]})
        chosen = {
            ae: {values[0]: members[values[0]]} for ae, members in known.items() if values[0] in members
        }
        if not chosen:
            raise NotFound(
                f"LACP doesn't run on {values[0]}", hint=", ".join(known) or "it runs on no aggregate"
            )
        return show(chosen)

    return run


def _clear(name: str) -> Run:
    """Does a clearing operation, for all or for one."""

    async def run(terminal: Terminal, values: Sequence[str]) -> str:
        await terminal.call(name, **({"interface": values[0]} if values else {}))
        return ""

    return run


async def _clear_vlan_interface(terminal: Terminal, values: Sequence[str]) -> str:
    known = (await terminal.read_state(("vlan-interface",)))["interface"]
    if values[0] not in known:
        raise NotFound(f"there is no VLAN interface {values[0]}", hint=_some(known))
    await terminal.call("clear/interface-statistics", interface=values[0])
    return ""


async def _no_tunnel(_terminal: Terminal, values: Sequence[str]) -> str:
    raise NotFound(
        f"there is no {values[0]}: this switch has no tunnels", hint="VXLAN isn't among what it does"
    )


def _about_lacp(words: str, help_line: str, run: Run, state: str = "") -> list[Command]:
    return [
        command(words, help_line, run, state=state),
        command(f"{words} aggregate-ethernet <ae-number>", f"{help_line}: one aggregate", run, state=state),
        command(f"{words} gigabit-ethernet <interface-name>", f"{help_line}: one member", run, state=state),
    ]


def _about_interfaces() -> list[Command]:
    found = []
    for words, key, what in (
        ("gigabit-ethernet", "<interface-name>", "Port"), ("aggregate-ethernet", "<ae-number>", "Aggregate"),
    ):  # fmt: skip
        line, state = f"show interface {words} {key}", f"interface {words} {key}"
        found += [
            command(line, f"{what}: state and main counters", _one(words, interfaces.one), state=state),
            command(f"{line} detail", f"{what}: state and all counters", _one(words, interfaces.detail), state=state),
            command(f"{line} statistics", f"{what}: all counters", _one(words, interfaces.statistics),
                    state=f"statistics {key}"),
        ]  # fmt: skip
    return found


COMMANDS = (
    *_about_interfaces(),
    command("show interface brief", "Ports and aggregates, a line each", _brief, state="interface"),
    command("show ethernet-switching table", "MAC table", _mac_table, state="ethernet-switching"),
    command("show analyzer", "Mirrors", _analyzers, state="analyzer"),
    command(
        "show analyzer <instance-name>", "One mirror", _analyzers, state="analyzer instance <instance-name>"
    ),
    *_about_lacp("show lacp internal", "LACP of this switch", _lacp(switching.lacp_internal), "lacp"),
    *_about_lacp("show lacp neighbor", "LACP of the other ends", _lacp(switching.lacp_neighbor), "lacp"),
    *_about_lacp("show lacp statistics", "LACP frames", _lacp(switching.lacp_statistics), "lacp"),
    *_about_lacp("clear lacp statistics", "Count LACP frames from zero", _clear("clear/lacp-statistics")),
    command("clear ethernet-switching table all", "Forget learned MAC addresses", _clear("clear/mac-table")),
    command(
        "clear ethernet-switching table <interface-name>",
        "Forget those behind one port",
        _clear("clear/mac-table"),
    ),
    command(
        "clear interface statistics <interface-name>",
        "Count its frames from zero",
        _clear("clear/interface-statistics"),
    ),
    command(
        "clear vlan-interface statistics <vlan-interface>",
        "Count its packets from zero",
        _clear_vlan_interface,
    ),
    *(
        command(f"clear {words} tunnel-ethernet <tunnel-name>", "There are no tunnels", _no_tunnel)
        for words in ("ethernet-switching table", "interface statistics")
    ),
)
