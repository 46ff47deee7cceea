"""The operations `ping`, `traceroute` and `capture`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.diagnostics.interfaces import devices
from connetos_agent.services.diagnostics.quota import Quota
from connetos_agent.services.operations import Operations, Report
from connetos_agent.settings import Settings
from connetos_sdk.errors import NotFound, NotRealisable

PROBES_PER_SWITCH = 16
PROBES_PER_USER = 8
CAPTURES_PER_SWITCH = 4
CAPTURES_PER_USER = 2


class DiagnosticsService:
    """See `connetos_agent.services.service.Service`. What it needs is loaded when it is first used.

    Args:
        config: for the data plane.
        manager: for the names of interfaces.
    """

    areas: Mapping[str, Callable[[], Any]] = {}

    def __init__(self, config: Settings, manager: ConfigManager) -> None:
        self._forwards = config.dataplane != "memory"
        self._manager = manager
        self._probes = Quota("pings and traceroutes", PROBES_PER_SWITCH, PROBES_PER_USER)
        self._captures = Quota("captures", CAPTURES_PER_SWITCH, CAPTURES_PER_USER)

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("ping", self._ping)
        operations.add("traceroute", self._traceroute)
        operations.add("capture", self._capture)

    async def start(self) -> None:
        """See `Service.start`; there is nothing to begin."""

    async def stop(self) -> None:
        """See `Service.stop`; what runs is cancelled with the surface that asked for it."""

    def _need_network(self) -> None:
        if not self._forwards:
            raise NotRealisable(
                "this switch has no network of its own: its data plane is in memory",
                hint="probes need the data plane openvswitch",
            )

    async def _ping(self, caller: Caller, arguments: Mapping[str, Any], report: Report) -> Any:
        from connetos_agent.services.diagnostics.origin import origin
        from connetos_agent.services.diagnostics.ping import Ping, Request

        self._need_network()
        with self._probes.one(caller.user):
            where = await origin(self._manager, arguments)
            names = ("host", "count", "interval_ms", "timeout_ms", "size", "ttl", "tos", "dont_fragment")
            return await Ping(Request(origin=where, **_chosen(arguments, names)), report).run()

    async def _traceroute(self, caller: Caller, arguments: Mapping[str, Any], report: Report) -> Any:
        from connetos_agent.services.diagnostics.origin import origin
        from connetos_agent.services.diagnostics.traceroute import Request, Traceroute

        self._need_network()
        with self._probes.one(caller.user):
            where = await origin(self._manager, arguments)
            names = (
                "host", "protocol", "first_ttl", "max_hops", "queries", "timeout_ms", "port", "vary_port", "size",
            )  # fmt: skip
            request = Request(
                origin=where, source_port=arguments.get("source_port", 0), **_chosen(arguments, names)
            )
            return await Traceroute(request, report).run()

    async def _capture(self, caller: Caller, arguments: Mapping[str, Any], report: Report) -> Any:
        from connetos_agent.services.diagnostics.capture import Capture, check_filter, request_of

        self._need_network()
        interface = arguments["interface"]
        known = {**self._manager.dataplane.platform.ports, **devices(self._manager)}
        if interface not in known:
            raise NotFound(f"there is no interface {interface}", hint="a port, a VLAN interface, or eth0")
        request = request_of(arguments, known[interface])
        with self._captures.one(caller.user):
            await check_filter(request)
            capture = Capture(request)
            async with aclosing(capture.pieces()) as pieces:
                async for piece in pieces:
                    await report({"pcap": base64.b64encode(piece).decode()})
        return {
            "interface": interface, "frames": capture.frames, "bytes": capture.bytes, "ended_by": capture.ended_by,
        }  # fmt: skip


def _chosen(arguments: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: arguments[name] for name in names}
