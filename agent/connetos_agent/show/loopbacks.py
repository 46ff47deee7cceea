"""Loopback interfaces."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.routing import Addresses, Loopback
from connetos_agent.show.layout import oper
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import LOOPBACKS
from connetos_sdk.model.tree import get

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader


def state(reader: StateReader) -> dict[str, Any]:
    """Loopbacks by name: addresses, description, oper state, and the index of the network device."""
    names = sorted(get(reader.running, LOOPBACKS, {}), key=port_order)
    states = reader.observe([ObjectKey(k, n) for n in names for k in ("loopback", "addresses")])
    links = reader.links() if names else {}
    shown: dict[str, Any] = {}
    for name in names:
        loopback, addresses = states[ObjectKey("loopback", name)], states[ObjectKey("addresses", name)]
        status = links.get(name)
        shown[name] = {
            "address": list(addresses.addresses) if isinstance(addresses, Addresses) else [],
            "description": loopback.description if isinstance(loopback, Loopback) else "",
            "oper": oper(status),
            "index": status.index if status else None,
        }
    return {"interface": shown}


def loopbacks(data: Mapping[str, Mapping[str, Any]]) -> str:
    """`show loopback-interface`: a line for each loopback, one below it for each address."""
    out = ""
    for name, entry in data.items():
        flags = "ENABLED,LOOPBACK" if entry["oper"] == "up" else "LOOPBACK"
        out += f"{name}: Index:{entry['index'] or ''}  Flags:<{flags}>\n"
        for text in entry["address"]:
            address = ipaddress.IPv4Interface(text)
            network = address.network
            out += f"{' ' * 8}inet {address.ip} subnet {network} broadcast {network.broadcast_address}\n"
    return out
