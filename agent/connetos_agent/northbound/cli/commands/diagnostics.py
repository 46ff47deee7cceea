"""Ping and traceroute, line by line while they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli import options
from connetos_agent.northbound.cli.answers import Completion, Told
from connetos_agent.northbound.cli.commands.command import Interrupted, More, Terminal, command
from connetos_agent.show import diagnostics


async def _ping(terminal: Terminal, values: Sequence[str]) -> Told:
    head: dict[str, Any] = {}
    probes: list[Mapping[str, Any]] = []

    async def told(report: Mapping[str, Any]) -> None:
        if "seq" in report:
            probes.append(report)
            await terminal.tell(diagnostics.ping_line(report))
        else:
            head.update(report)
            await terminal.tell(diagnostics.ping_head(report))

    arguments = options.parse("ping", values[1:])
    try:
        result = await terminal.call("ping", told, host=values[0], **arguments)
    except Interrupted:
        if not head:
            raise
        from connetos_agent.services.diagnostics.ping import result as numbers

        answered = [probe for probe in probes if probe["outcome"] != "duplicate"]
        result = head | numbers(answered, len(answered), len(probes) - len(answered))
    return Told(diagnostics.ping_summary(result), result)


async def _traceroute(terminal: Terminal, values: Sequence[str]) -> Told:
    async def told(report: Mapping[str, Any]) -> None:
        line = diagnostics.trace_line if "ttl" in report else diagnostics.trace_head
        await terminal.tell(line(report))

    arguments = options.parse("traceroute", values[1:])
    result = await terminal.call("traceroute", told, host=values[0], **arguments)
    return Told("", result)


def _options(name: str) -> More:
    def complete(_terminal: Terminal, words: Sequence[str]) -> Sequence[Completion]:
        return options.complete(name, words)

    return complete


COMMANDS = (
    command("ping <host>", "Send ICMP echo requests", _ping, tells=True, more=_options("ping")),
    command(
        "traceroute <host>", "Trace the path to a host", _traceroute, tells=True, more=_options("traceroute")
    ),
)
