"""What the kernel knows besides what is configured: its ARP table and its routes; clearing of ARP entries."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.kernel.changes import delete_neighbor
from connetos_agent.dataplane.kernel.identity import GROUP, LOCAL_TABLE, LOOPBACK_GROUP, MAIN_TABLE, PROTOCOL
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink
from connetos_agent.dataplane.kernel.tables import LOCAL, UNICAST, ArpEntry, KernelRoute, arp_entries, routes
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import ApplyFailed, NotFound
from connetos_sdk.model.tree import effective

PROTOCOLS = {
    2: "connected",
    PROTOCOL: "static",
    186: "bgp",
    187: "is-is",
    188: "ospf",
    189: "rip",
    192: "eigrp",
}
"""Names of routing protocols by their numbers (rtnetlink.h); 14, `xorp`, is that of our static routes."""
DISTANCES = {
    "connected": 0, "static": 1, "eigrp-summary": 5, "ebgp": 20, "eigrp-internal": 90, "igrp": 100, "ospf": 110,
    "is-is": 115, "rip": 120, "eigrp-external": 170, "ibgp": 200, "fib2mrib": 254, "unknown": 255,
}  # fmt: skip
"""Administrative distances (spec/cli/show-formats.yaml)."""


class RoutingService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: for the running configuration and the platform.
    """

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager
        self._forwards = manager.dataplane.name != "memory"
        self.areas: Mapping[str, Callable[[], Any]] = {"arp": self.arp, "fib": self.fib}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("clear/arp", self._clear_arp)

    async def start(self) -> None:
        """Nothing runs."""

    async def stop(self) -> None:
        """Nothing runs."""

    def arp(self) -> dict[str, Any]:
        """Aging time in seconds, and the entries of all VLAN interfaces: address, MAC, interface, age in seconds."""
        names, entries = {}, []
        if self._forwards:
            names = {index: device.name for index, device in _devices().items() if device.group == GROUP}
            entries = sorted((e for e in arp_entries() if e.index in names), key=_address)
        return {
            "aging-time": effective(self._manager.running.document, ("protocols", "arp", "aging-time")),
            "entries": [
                {
                    "address": e.address,
                    "mac": e.mac,
                    "type": "static" if e.static else "dynamic",
                    "interface": names[e.index],
                    "age_s": e.age,
                }
                for e in entries
            ],
        }

    def fib(self) -> dict[str, Any]:
        """Routes of the main table, but for the management port's: prefix, protocol, metric, next hops; `final` ones win."""
        if not self._forwards:
            return {"ipv4": [], "mac": ""}
        devices = _devices()
        management = self._manager.dataplane.platform.management
        known = routes()
        found = [
            route
            for route in known
            if route.table == MAIN_TABLE
            and route.kind == UNICAST
            and not any(devices[i].name in (management, "lo") for _, i in route.hops if i in devices)
        ]
        found += _host_routes(known, devices)
        found.sort(key=_order)
        seen: set[str] = set()
        shown = []
        for route in found:
            protocol = PROTOCOLS.get(route.protocol, "unknown")
            shown.append(
                {
                    "prefix": route.prefix,
                    "protocol": protocol,
                    "distance": DISTANCES.get(
                        protocol, DISTANCES["ebgp" if protocol == "bgp" else "unknown"]
                    ),
                    "metric": 0 if protocol == "connected" else route.metric,
                    "final": route.prefix not in seen,
                    "next-hop": [
                        {"address": gateway, "interface": devices[index].name if index in devices else ""}
                        for gateway, index in route.hops
                    ],
                }
            )
            seen.add(route.prefix)
        return {"ipv4": shown, "mac": next((d.mac for d in devices.values() if d.group == GROUP), "")}

    async def _clear_arp(self, _caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        if not self._forwards:
            return {"cleared": 0}
        return {"cleared": await asyncio.to_thread(_forget, arguments.get("address"))}


def _host_routes(known: list[KernelRoute], devices: Mapping[int, Device]) -> list[KernelRoute]:
    """The switch's own addresses that are a subnet each: the kernel needs no route of the main table for them."""
    own = {index for index, device in devices.items() if device.group in (GROUP, LOOPBACK_GROUP)}
    subnets: dict[int, list[ipaddress.IPv4Network]] = {}
    for route in known:
        if route.table == MAIN_TABLE and PROTOCOLS.get(route.protocol) == "connected":
            subnets.setdefault(route.hops[0][1], []).append(ipaddress.IPv4Network(route.prefix))
    return [
        route
        for route in known
        if (route.table, route.kind) == (LOCAL_TABLE, LOCAL)
        and (index := route.hops[0][1]) in own
        and not any(ipaddress.IPv4Network(route.prefix).subnet_of(net) for net in subnets.get(index, ()))
    ]


def _address(entry: ArpEntry) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(entry.address)


def _order(route: KernelRoute) -> tuple[int, int, int]:
    network = ipaddress.IPv4Network(route.prefix)
    return int(network.network_address), network.prefixlen, route.metric


def _devices() -> dict[int, Device]:
    reader = LinkReader()
    try:
        return {device.index: device for device in reader.all().values()}
    finally:
        reader.close()


def _forget(address: str | None) -> int:
    """Remove learned entries of VLAN interfaces; how many."""
    ours = {index for index, device in _devices().items() if device.group == GROUP}
    entries = [e for e in arp_entries() if e.index in ours and (address is None or e.address == address)]
    if address is not None and not entries:
        raise NotFound(f"there is no ARP entry for {address}")
    if address is not None and entries[0].static:
        raise ApplyFailed(f"the ARP entry for {address} is configured", hint="delete it in the configuration")
    chosen = [e for e in entries if not e.static]
    with Netlink() as netlink:
        for entry in chosen:
            try:
                delete_neighbor(netlink, entry.index, entry.address)
            except OSError as error:
                raise ApplyFailed(f"clearing {entry.address}: {error.strerror}") from error
    return len(chosen)
