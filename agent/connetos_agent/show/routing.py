"""Layouts of ARP and routes (the state is the routing service's)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from connetos_agent.show.layout import table


def arp(state: Mapping[str, Any]) -> str:
    """`show arp`."""
    rows = [
        (
            e["address"],
            e["mac"].upper(),
            e["type"].capitalize(),
            e["interface"],
            "" if e["age_s"] is None else str(e["age_s"]),
        )
        for e in state["entries"]
    ]
    head = f"Aging-time(seconds): {state['aging-time']}\nTotal count        : {len(rows)}\n"
    return head + table(("Address", "HW Address", "Type", "Interface", "Age"), (15, 17, 7, 9, 5), rows)


def distances(values: Mapping[str, int]) -> str:
    """`show route admin distance ipv4 unicast`."""
    rows = [("Protocol", "Administrative distance"), *((name, str(value)) for name, value in values.items())]
    return "".join(f"{name.ljust(25)}{value}\n" for name, value in rows)


def routes(entries: Iterable[Mapping[str, Any]]) -> str:
    """`show route table ipv4 unicast …`."""
    out = ""
    for entry in entries:
        out += f"{entry['prefix'].ljust(19)}[{entry['protocol']}({entry['distance']})/{entry['metric']}]\n"
        for hop in entry["next-hop"]:
            to = f"to {hop['address']} " if hop["address"] else ""
            out += f"{' ' * 17}> {to}via {hop['interface']}/{hop['interface']}\n"
    return out


def routes_detail(entries: Iterable[Mapping[str, Any]]) -> str:
    """`show route table ipv4 unicast … detail`: a block for each next hop."""
    out = ""
    for entry in entries:
        for hop in entry["next-hop"]:
            fields = {
                "Nexthop": hop["address"] or "0.0.0.0",
                "Interface": hop["interface"],
                "Vif": hop["interface"],
                "Metric": str(entry["metric"]),
                "Protocol": entry["protocol"],
                "Admin distance": str(entry["distance"]),
            }
            out += f"Network {entry['prefix']}\n"
            out += "".join(f"    {label.ljust(14)} := {value}\n" for label, value in fields.items())
    return out


def hosts(entries: Iterable[Mapping[str, Any]], ports: Mapping[str, str]) -> str:
    """`show route forward-host ipv4 …`; `ports` are those at which MAC addresses were learned."""
    rows = [(e["address"], e["mac"].upper(), ports.get(e["mac"], "")) for e in entries]
    return table(("Address", "HWaddress", "Port"), (15, 17, 9), rows, gap=3) + host_count(len(rows))


def host_count(count: int) -> str:
    """The last line of host routes."""
    return f"Total host count:{count}\n"


def forwarding(
    entries: Iterable[Mapping[str, Any]], macs: Mapping[str, str], ports: Mapping[str, str], own: str
) -> str:
    """`show route forward-route ipv4 …`.

    Args:
        entries: routes that win.
        macs: MAC addresses of next hops.
        ports: ports at which MAC addresses were learned.
        own: the switch's own MAC address.
    """
    rows = []
    for entry in entries:
        network = ipaddress.IPv4Network(entry["prefix"])
        for hop in entry["next-hop"]:
            mac = macs.get(hop["address"], "") if hop["address"] else own
            port = ports.get(mac, "") if hop["address"] else "connected"
            rows.append((str(network.network_address), str(network.netmask), mac.upper(), port))
    names = ("Destination", "NetMask", "NextHopMac", "Port")
    return table(names, (15, 15, 17, 9), rows, gap=3) + route_count(len(rows))


def route_count(count: int) -> str:
    """The last line of routes."""
    return f"Total route count:{count}\n"
