"""Loopbacks, addresses and static routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.intents.relay import relay_of
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.routing import Addresses, Loopback, Route
from connetos_sdk.model.rules import LOAD_BALANCE, LOOPBACKS, ROUTES, VLAN_INTERFACES
from connetos_sdk.model.tree import Document, effective, get


def _loopback(name: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*LOOPBACKS, name), None)
    return None if entry is None else Loopback(entry.get("description", ""))


def _interfaces(document: Document, _platform: Platform) -> list[str]:
    return [*get(document, VLAN_INTERFACES, {}), *get(document, LOOPBACKS, {})]


def _addresses(name: str, document: Document, _platform: Platform) -> State | None:
    entries = get(document, (*VLAN_INTERFACES, name, "address"), {})
    found = [ipaddress.IPv4Interface(f"{ip}/{entry['prefix-length']}") for ip, entry in entries.items()]
    found += map(ipaddress.IPv4Interface, get(document, (*LOOPBACKS, name, "address"), {}))
    return Addresses(tuple(map(str, sorted(found)))) if found else None


def _route(prefix: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*ROUTES, prefix), None)
    if entry is None:
        return None
    metric = entry.get("metric", 1)
    hops = {(metric, entry["next-hop"])} if "next-hop" in entry else set()
    hops |= {(q.get("metric", metric), hop) for hop, q in entry.get("qualified-next-hop", {}).items()}
    found = [(metric, hop, _interface_towards(hop, document)) for metric, hop in _shared(hops, document)]
    return Route(tuple(sorted(found))) if found else None


def _shared(hops: Iterable[tuple[int, str]], document: Document) -> Iterator[tuple[int, str]]:
    """The next hops that share the load: of each metric so many as may, those with the lowest addresses."""
    most: int = effective(document, (*LOAD_BALANCE, "ecmp", "max-path"))
    in_order = sorted(hops, key=lambda hop: (hop[0], ipaddress.IPv4Address(hop[1])))
    for _, equal in groupby(in_order, key=itemgetter(0)):
        yield from islice(equal, most)


def _interface_towards(hop: str, document: Document) -> str:
    """The VLAN interface in whose subnet the next hop is: one, as the model's rules say; empty if none."""
    address = ipaddress.IPv4Address(hop)
    for name, interface in get(document, VLAN_INTERFACES, {}).items():
        for ip, entry in interface.get("address", {}).items():
            if address in ipaddress.IPv4Interface(f"{ip}/{entry['prefix-length']}").network:
                return str(name)
    return ""


KINDS = (
    Kind("loopback", 5, _loopback, lambda document, _platform: get(document, LOOPBACKS, {}), ("addresses",)),
    Kind("addresses", 7, _addresses, _interfaces, ("route",), relay_of),
    Kind("route", 8, _route, lambda document, _platform: get(document, ROUTES, {})),
)
