"""The operations `ping`, `traceroute` and `capture`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents import intent
from connetos_agent.dataplane.states.ports import Port
from connetos_agent.services.diagnostics.interfaces import devices
from connetos_agent.services.diagnostics.quota import Quota
from connetos_agent.services.operations import Operations, Report
from connetos_agent.settings import Settings
from connetos_sdk.errors import BadRequest, NotFound, NotRealisable, PermissionDenied, Problem
from connetos_sdk.model.operations import PCAP
from connetos_sdk.model.ranges import compress_numbers
from connetos_sdk.model.rules import PORTS
from connetos_sdk.model.tree import get

PROBES_PER_SWITCH = 16
PROBES_PER_USER = 8
LEAST_INTERVAL_MS = 200
MOST_BYTES = 1472
"""What a user who may only look may ask of a ping, as ping(8) does for whoever isn't root; and a request of such a user
is one frame of Ethernet's usual size (1500 bytes less headers)."""
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
        _check_flood(caller, arguments)
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

    def _tagged(self, interface: str, vlan: int) -> bool:
        """Whether frames of a VLAN are tagged at a port.

        Raises:
            BadRequest: it carries none, or isn't a port.
        """
        platform, document = self._manager.dataplane.platform, self._manager.running.document
        name = get(document, (*PORTS, interface, "ether-options", "802.3ad"), interface)
        port = intent(ObjectKey("port", name), document, platform) if interface in platform.ports else None
        if not isinstance(port, Port) or vlan not in port.vlans:
            carried = (
                f"it carries {','.join(compress_numbers(port.vlans))}"
                if isinstance(port, Port)
                else "it isn't a port"
            )
            reason = f"there is no VLAN {vlan} at {interface}: {carried}"
            raise BadRequest(problems=[Problem(reason, ("vlan",), "a VLAN of the port", BadRequest.code)])
        return vlan != port.native_vlan

    async def _capture(self, caller: Caller, arguments: Mapping[str, Any], report: Report) -> Any:
        from connetos_agent.services.diagnostics.capture import Capture, check_filter, in_vlan, request_of

        self._need_network()
        interface = arguments["interface"]
        known = {**self._manager.dataplane.platform.ports, **devices(self._manager)}
        if interface not in known:
            raise NotFound(f"there is no interface {interface}", hint="a port, a VLAN interface, or eth0")
        request = request_of(arguments, known[interface])
        with self._captures.one(caller.user):
            await check_filter(request)
            if vlan := arguments.get("vlan"):
                request = in_vlan(request, self._tagged(interface, vlan), vlan)
            capture = Capture(request)
            async with aclosing(capture.pieces()) as pieces:
                async for piece in pieces:
                    await report({PCAP: base64.b64encode(piece).decode()})
        return {
            "interface": interface, "frames": capture.frames, "bytes": capture.bytes, "ended_by": capture.ended_by,
        }  # fmt: skip


def _check_flood(caller: Caller, arguments: Mapping[str, Any]) -> None:
    """Let nobody who may only look send more than a ping usually does.

    Raises:
        PermissionDenied: that is asked for.
    """
    if caller.may_configure:
        return
    reasons = []
    if arguments["interval_ms"] < LEAST_INTERVAL_MS:
        reasons.append(f"an interval below {LEAST_INTERVAL_MS} ms")
    if arguments["size"] > MOST_BYTES:
        reasons.append(f"a size above {MOST_BYTES} bytes")
    if reasons:
        raise PermissionDenied(
            f"{caller.user} is of class {caller.user_class}",
            hint=f"{' and '.join(reasons)} needs class super-user",
        )


def _chosen(arguments: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: arguments[name] for name in names}
