"""ARP and routes."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.commands.command import Command, Run, Terminal, command
from connetos_agent.show import routing
from connetos_sdk.errors import InvalidValue, NotFound


async def _arp(terminal: Terminal, _values: Sequence[str]) -> str:
    return routing.arp(await terminal.read_state(("arp",)))


async def _clear_arp(terminal: Terminal, values: Sequence[str]) -> str:
    with contextlib.suppress(NotFound):  # what isn't there needn't be forgotten
        await terminal.call("clear/arp", **({"address": values[0]} if values else {}))
    return ""


async def _distances(_terminal: Terminal, _values: Sequence[str]) -> str:
    from connetos_agent.services.routing import DISTANCES

    return routing.distances(DISTANCES)


async def _fib(terminal: Terminal) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = await terminal.read_state(("fib", "ipv4"))
    return found


def _table(chosen: Callable[[Mapping[str, Any]], bool], layout: Callable[..., str]) -> Run:
    async def show(terminal: Terminal, _values: Sequence[str]) -> str:
        return layout([entry for entry in await _fib(terminal) if chosen(entry)])

    return show


async def _ports(terminal: Terminal) -> dict[str, str]:
    """The port at which each MAC address was learned."""
    learned = await terminal.read_state(("ethernet-switching",))
    return {entry["mac-address"]: entry["interface"] for entry in learned["table"]}


async def _hosts(terminal: Terminal, values: Sequence[str]) -> str:
    entries = (await terminal.read_state(("arp",)))["entries"]
    if values:
        entries = [entry for entry in entries if entry["address"] == values[0]]
    return routing.hosts(entries, await _ports(terminal))


async def _host_count(terminal: Terminal, _values: Sequence[str]) -> str:
    return routing.host_count(len((await terminal.read_state(("arp",)))["entries"]))


async def _forwarding(terminal: Terminal, values: Sequence[str]) -> str:
    fib = await terminal.read_state(("fib",))
    entries = [entry for entry in fib["ipv4"] if entry["final"]]
    if values:
        try:
            prefix = str(ipaddress.IPv4Network(values[0]))
        except ValueError as error:
            raise InvalidValue(f"{values[0]} is no network", hint="such as 203.0.113.0/24") from error
        entries = [entry for entry in entries if entry["prefix"] == prefix]
        if not entries:
            raise NotFound(f"there is no route to {prefix}")
    known = (await terminal.read_state(("arp",)))["entries"]
    macs = {entry["address"]: entry["mac"] for entry in known}
    return routing.forwarding(entries, macs, await _ports(terminal), fib["mac"])


async def _route_count(terminal: Terminal, _values: Sequence[str]) -> str:
    return routing.route_count(sum(len(e["next-hop"]) for e in await _fib(terminal) if e["final"]))


def _tables() -> list[Command]:
    tables: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
        "final": ("Routes that are used", lambda entry: bool(entry["final"])),
        "connected": ("Routes of the switch's own subnets", lambda entry: entry["protocol"] == "connected"),
        "static": ("Static routes", lambda entry: entry["protocol"] == "static"),
        "ospf": ("Routes learned by OSPF", lambda entry: entry["protocol"] == "ospf"),
        "ospf winners": (
            "Those that are used",
            lambda entry: entry["protocol"] == "ospf" and bool(entry["final"]),
        ),
    }
    listed = []
    for words, (help_line, chosen) in tables.items():
        base = f"show route table ipv4 unicast {words}"
        listed.append(command(base, help_line, _table(chosen, routing.routes), state="fib ipv4"))
        listed.append(command(f"{base} brief", "Short", _table(chosen, routing.routes), state="fib ipv4"))
        listed.append(
            command(f"{base} detail", "Every field", _table(chosen, routing.routes_detail), state="fib ipv4")
        )
    return listed


COMMANDS = (
    command("clear arp all", "Forget learned ARP entries", _clear_arp),
    command("clear arp ip-address <ip-address>", "Forget one ARP entry", _clear_arp),
    command("show arp", "ARP table", _arp, state="arp"),
    command("show route admin distance ipv4 unicast", "Which protocol's routes win", _distances),
    command("show route forward-host brief", "How many hosts", _host_count, state="arp entries"),
    command("show route forward-host ipv4 all", "Hosts and their ports", _hosts, state="arp entries"),
    command("show route forward-host ipv4 <ip-address>", "One host", _hosts, state="arp entries"),
    command("show route forward-route brief", "How many routes", _route_count, state="fib ipv4"),
    command("show route forward-route ipv4 all", "Routes that are used", _forwarding, state="fib ipv4"),
    command("show route forward-route ipv4 <network-address>", "One route", _forwarding, state="fib ipv4"),
    *_tables(),
)
