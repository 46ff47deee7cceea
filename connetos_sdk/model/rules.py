"""Rules across leaves: values that are each valid, but not together.

A rule looks at a whole document and yields problems. It says which subtrees it is about, so that it runs
only when one of them changed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connetos_sdk.errors import Problem, RuleViolation
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.tree import Document, get

PORTS: Path = ("interface", "gigabit-ethernet")
MANAGEMENT: Path = ("interface", "management-ethernet")
ETH0: Path = (*MANAGEMENT, "eth0")
AGGREGATES: Path = ("interface", "aggregate-ethernet")
ANALYZERS: Path = ("analyzer", "instance")
FORWARDING: Path = ("forwarding-options",)
LOAD_BALANCE: Path = (*FORWARDING, "load-balance")
VLANS: Path = ("vlans", "vlan-id")
VLAN_INTERFACES: Path = ("vlan-interface", "interface")
LOOPBACKS: Path = ("loopback-interface", "interface")
ROUTES: Path = ("protocols", "static", "route")
ARP_INTERFACES: Path = ("protocols", "arp", "interface")
TERMS: Path = ("firewall", "term")
FILTERS: Path = ("firewall", "filter")
FORWARDERS: Path = ("firewall", "forwarder")


@dataclass(frozen=True)
class Rule:
    """A check of a whole document, and the subtrees that it looks at (paths of one or two words)."""

    check: Callable[[Document], Iterable[Problem]]
    about: tuple[Path, ...]


def _problem(reason: str, path: Path, hint: str) -> Problem:
    return Problem(reason, path, hint, RuleViolation.code)


def access_ports_carry_one_vlan(document: Document) -> Iterator[Problem]:
    """VLAN members are for trunk ports: an access port carries its native VLAN only."""
    for entry, port in _ports_and_aggregates(document):
        switching = get(port, ("family", "ethernet-switching"), {})
        if "vlan" in switching and switching.get("port-mode", "access") == "access":
            path = (*entry, "family", "ethernet-switching")
            yield _problem(
                "an access port carries its native VLAN only, so it can't have members",
                (*path, "vlan", "members"),
                f"set {format_path(path)} port-mode trunk, or use native-vlan-id",
            )


def _ports_and_aggregates(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path in (PORTS, AGGREGATES):
        for name, entry in get(document, path, {}).items():
            yield (*path, name), entry


OF_THE_AGGREGATE = ("family", "mtu", "rate-limiting", "static-mac-address", "storm-control")
"""What a member of an aggregate can't have: frames are switched and limited as those of the aggregate."""


def members_are_part_of_their_aggregate(document: Document) -> Iterator[Problem]:
    """A member of an aggregate has nothing of its own that frames would be switched by."""
    for name, port in get(document, PORTS, {}).items():
        aggregate = get(port, ("ether-options", "802.3ad"), None)
        for word in OF_THE_AGGREGATE if aggregate else ():
            if word in port:
                yield _problem(
                    f"{name} is a member of {aggregate}, so it has no {word} of its own",
                    (*PORTS, name, word),
                    f"configure it at {format_path((*AGGREGATES, aggregate))}, or take the port out",
                )


def static_addresses_have_one_place(document: Document) -> Iterator[Problem]:
    """A static MAC address is one that a host can have, and behind one port in each VLAN."""
    places: dict[tuple[str, int], Path] = {}
    for entry, port in _ports_and_aggregates(document):
        native = get(port, ("family", "ethernet-switching", "native-vlan-id"), 1)
        for mac, settings in port.get("static-mac-address", {}).items():
            path = (*entry, "static-mac-address", mac)
            if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
                yield _problem(f"{mac} can't be a host's address", path, "use a unicast MAC address")
            for vlan in settings.get("vlan", [native]):
                other = places.setdefault((mac, vlan), entry)
                if other != entry:
                    yield _problem(
                        f"{mac} is behind {other[-1]} in VLAN {vlan} already",
                        path,
                        "an address has one place in a VLAN",
                    )


def mirrors_have_an_output_of_their_own(document: Document) -> Iterator[Problem]:
    """The output port of a mirror is neither mirrored nor a member of an aggregate."""
    for name, mirror in get(document, ANALYZERS, {}).items():
        output, path = mirror.get("output"), (*ANALYZERS, name)
        inputs = mirror.get("input", {})
        if output is not None and output in {*inputs.get("ingress", ()), *inputs.get("egress", ())}:
            yield _problem(f"{output} is mirrored to itself", (*path, "output"), "use another port")
        for port in (output, *inputs.get("ingress", ()), *inputs.get("egress", ())):
            aggregate = get(document, (*PORTS, str(port), "ether-options", "802.3ad"), None)
            if aggregate:
                yield _problem(
                    f"{port} is a member of {aggregate}",
                    path,
                    "a mirror's ports can't be members of an aggregate",
                )


def vlan_interfaces_are_bound(document: Document) -> Iterator[Problem]:
    """Each VLAN interface belongs to exactly one VLAN."""
    bound: dict[str, str] = {}
    for vlan, entry in get(document, VLANS, {}).items():
        name = entry.get("l3-interface")
        if name is None:
            continue
        if name in bound:
            yield _problem(
                f"{name} already routes for VLAN {bound[name]}",
                (*VLANS, vlan, "l3-interface"),
                "give each VLAN an interface of its own",
            )
        bound.setdefault(name, vlan)
    for name in get(document, VLAN_INTERFACES, {}):
        if name not in bound:
            yield _problem(
                "no VLAN has this interface",
                (*VLAN_INTERFACES, name),
                f"set vlans vlan-id <id> l3-interface {name} first",
            )


def arp_interfaces_are_bound(document: Document) -> Iterator[Problem]:
    """ARP is configured for interfaces that there are; an entry needs the MAC address."""
    bound = {entry.get("l3-interface") for entry in get(document, VLANS, {}).values()}
    for name, interface in get(document, ARP_INTERFACES, {}).items():
        if name not in bound:
            yield _problem(
                f"there is no VLAN interface {name}",
                (*ARP_INTERFACES, name),
                f"set vlans vlan-id <id> l3-interface {name} first",
            )
        for address, entry in interface.get("address", {}).items():
            if "mac-address" not in entry:
                path = (*ARP_INTERFACES, name, "address", address)
                yield _problem(
                    "the entry has no MAC address", path, f"set {format_path(path)} mac-address <mac>"
                )


def loopbacks_have_names_of_their_own(document: Document) -> Iterator[Problem]:
    """A loopback and a VLAN interface are different network devices."""
    bound = {entry.get("l3-interface"): vlan for vlan, entry in get(document, VLANS, {}).items()}
    for name in get(document, LOOPBACKS, {}):
        if name in bound:
            yield _problem(
                f"{name} is the interface of VLAN {bound[name]} already",
                (*LOOPBACKS, name),
                "give the loopback or the VLAN interface another name",
            )


def _interfaces(document: Document) -> Iterator[tuple[Path, ipaddress.IPv4Interface]]:
    """Every configured address with the path that it stands at."""
    for name, entry in get(document, VLAN_INTERFACES, {}).items():
        for address, settings in entry.get("address", {}).items():
            if "prefix-length" in settings:
                interface = ipaddress.IPv4Interface(f"{address}/{settings['prefix-length']}")
                yield (*VLAN_INTERFACES, name, "address", address), interface
    for name, entry in get(document, LOOPBACKS, {}).items():
        for address in entry.get("address", {}):
            yield (*LOOPBACKS, name, "address", address), ipaddress.IPv4Interface(address)
    management = get(document, (*ETH0, "address"), "0.0.0.0/0")
    if management != "0.0.0.0/0":
        yield (*ETH0, "address"), ipaddress.IPv4Interface(management)


def dhcp_servers_can_be_asked(document: Document) -> Iterator[Problem]:
    """A relay asks in the name of its interface's address, and asks others than the switch itself."""
    own = {str(interface.ip) for _, interface in _interfaces(document)}
    for name, entry in get(document, VLAN_INTERFACES, {}).items():
        servers, path = get(entry, ("dhcp-relay", "server-ip"), ()), (*VLAN_INTERFACES, name, "dhcp-relay")
        if servers and not entry.get("address"):
            yield _problem(
                "a relay needs an address of its interface, which the server chooses the subnet by",
                path,
                f"set {format_path((*VLAN_INTERFACES, name))} address <address> prefix-length <length>",
            )
        for server in servers:
            if server in own:
                yield _problem(
                    f"{server} is an address of this switch", (*path, "server-ip"), "name a DHCP server"
                )
            elif _unusable(ipaddress.IPv4Address(server)):
                yield _problem(
                    f"{server} can't be a server's address", (*path, "server-ip"), "use a unicast address"
                )


def _unusable(address: ipaddress.IPv4Address) -> bool:
    return address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved


def addresses_are_usable(document: Document) -> Iterator[Problem]:
    """No address is one that a host can't have: network, broadcast, multicast, loopback, unspecified."""
    for path, interface in _interfaces(document):
        network, address = interface.network, interface.ip
        if network.prefixlen < 31 and address in (network.network_address, network.broadcast_address):
            role = "network" if address == network.network_address else "broadcast"
            yield _problem(f"{address} is the {role} address of {network}", path, "use a host's address")
        elif _unusable(address):
            yield _problem(f"{address} can't be an interface's address", path, "use a unicast address")


def subnets_are_apart(document: Document) -> Iterator[Problem]:
    """Subnets of different interfaces don't overlap; one interface may have several addresses in one subnet."""
    known = sorted(
        _interfaces(document), key=lambda item: (item[1].network.network_address, item[1].network.prefixlen)
    )
    widest: tuple[Path, ipaddress.IPv4Interface] | None = None
    for path, interface in known:
        if widest and interface.network.subnet_of(widest[1].network):
            same_interface = path[:3] == widest[0][:3] and path[0] != "interface"
            if not same_interface:
                yield _problem(
                    f"{interface.network} overlaps {widest[1].network} of {format_path(widest[0])}",
                    path,
                    "subnets of different interfaces must be apart",
                )
        else:
            widest = (path, interface)


def management_gateway_is_reachable(document: Document) -> Iterator[Problem]:
    """The management port's gateway is in the subnet of its address."""
    gateway = get(document, (*ETH0, "gateway"), "0.0.0.0")
    if gateway == "0.0.0.0":
        return
    address = get(document, (*ETH0, "address"), "0.0.0.0/0")
    path = (*ETH0, "gateway")
    if address == "0.0.0.0/0":
        yield _problem(
            "a gateway needs an address", path, f"set {format_path(ETH0)} address, or leave both to DHCP"
        )
    elif ipaddress.IPv4Address(gateway) not in (network := ipaddress.IPv4Interface(address).network):
        yield _problem(
            f"{gateway} isn't in the port's subnet {network}", path, "use a gateway in that subnet"
        )


def routes_have_next_hops(document: Document) -> Iterator[Problem]:
    """Each static route has next hops, and each is a neighbour in a subnet of a VLAN interface."""
    routes = get(document, ROUTES, {})
    if not routes:
        return
    interfaces = [(path[0], i) for path, i in _interfaces(document) if path[0] != "interface"]
    subnets: Mapping[Any, None] = dict.fromkeys(
        i.network for sort, i in interfaces if sort == "vlan-interface"
    )
    own = {i.ip for _, i in interfaces}
    shown = ", ".join(map(str, list(subnets)[:8])) or "no VLAN interface has an address"
    for prefix, route in routes.items():
        path = (*ROUTES, prefix)
        hops = [((*path, "next-hop"), route["next-hop"])] if "next-hop" in route else []
        hops += [((*path, "qualified-next-hop", hop), hop) for hop in route.get("qualified-next-hop", {})]
        if not hops:
            yield _problem(
                "a static route needs a next hop", path, f"set {format_path(path)} next-hop <address>"
            )
        if ipaddress.IPv4Network(prefix) in subnets:
            yield _problem(
                f"{prefix} is the subnet of a VLAN interface", path, "a connected network needs no route"
            )
        network = ipaddress.IPv4Network(prefix)
        if (
            network.is_multicast
            or network.is_loopback
            or any(ip in network and network.prefixlen == 32 for ip in own)
        ):
            yield _problem(
                f"{prefix} can't be routed: it is multicast, loopback or the switch itself",
                path,
                "use a unicast network",
            )
        for hop_path, hop in hops:
            address = ipaddress.IPv4Address(hop)
            ends = {a for s in subnets if s.prefixlen < 31 for a in (s.network_address, s.broadcast_address)}
            if address in ends:
                yield _problem(
                    f"{hop} is the network or broadcast address of its subnet",
                    hop_path,
                    "use a neighbour's address",
                )
            elif address in own:
                yield _problem(f"{hop} is an address of this switch", hop_path, "use a neighbour's address")
            elif not any(address in subnet for subnet in subnets):
                yield _problem(f"{hop} is in no connected subnet", hop_path, f"connected: {shown}")
        if route.get("next-hop") in route.get("qualified-next-hop", {}):
            hop_path = (*path, "qualified-next-hop", route["next-hop"])
            yield _problem(
                f"{route['next-hop']} is the route's next-hop already", hop_path, "name each next hop once"
            )


def filters_have_their_terms(document: Document) -> Iterator[Problem]:
    """A filter's terms are there."""
    terms = get(document, TERMS, {})
    for name, entry in get(document, FILTERS, {}).items():
        for term in get(entry, ("matching", "term"), {}):
            if term not in terms:
                yield _problem(
                    f"there is no firewall term {term}",
                    (*FILTERS, name, "matching", "term", term),
                    f"set {format_path((*TERMS, term))} first",
                )


def filters_are_at_interfaces(document: Document) -> Iterator[Problem]:
    """A filter is at aggregates and VLAN interfaces that there are, not at a member of an aggregate; an interface has
    one filter in a direction, and not the same in both."""
    aggregates, ports = get(document, AGGREGATES, {}), get(document, PORTS, {})
    bound = {entry.get("l3-interface") for entry in get(document, VLANS, {}).values()}
    copies = {entry.get("output"): name for name, entry in get(document, ANALYZERS, {}).items()}
    taken: dict[tuple[str, str], str] = {}
    for path, interface in _filtered(document):
        name, direction = path[2], path[3]
        own = get(ports.get(interface, {}), ("ether-options", "802.3ad"), None)
        other = taken.setdefault((direction, interface), name)
        if path[4] == "vlan-interface" and interface not in bound:
            hint = f"set vlans vlan-id <id> l3-interface {interface} first"
            yield _problem(f"there is no VLAN interface {interface}", path, hint)
        elif interface.startswith("ae") and path[4] != "vlan-interface" and interface not in aggregates:
            hint = f"set {format_path((*AGGREGATES, interface))} first"
            yield _problem(f"there is no aggregate {interface}", path, hint)
        elif own is not None:
            yield _problem(f"{interface} is a member of {own}", path, f"put the filter at {own}")
        elif interface in copies:
            reason = f"{interface} is the output of analyzer {copies[interface]}"
            yield _problem(reason, path, "it gets copies and nothing else: put the filter somewhere else")
        elif other != name:
            reason = f"{interface} has filter {other} for {direction} already"
            yield _problem(reason, path, "an interface has one filter in a direction: put the terms into one")
        elif direction == "output" and taken.get(("input", interface)) == name:
            reason = f"filter {name} is at {interface} for input already"
            yield _problem(
                reason, path, "one filter can't be at both directions of an interface: use a second"
            )


def _filtered(document: Document) -> Iterator[tuple[Path, str]]:
    """Every place that a filter is at, those for input first."""
    for direction in ("input", "output"):
        for name, entry in get(document, FILTERS, {}).items():
            for kind, interfaces in entry.get(direction, {}).items():
                for interface in interfaces:
                    yield (*FILTERS, name, direction, kind), interface


RULES: tuple[Rule, ...] = (
    Rule(access_ports_carry_one_vlan, (PORTS, AGGREGATES)),
    Rule(members_are_part_of_their_aggregate, (PORTS,)),
    Rule(static_addresses_have_one_place, (PORTS, AGGREGATES)),
    Rule(mirrors_have_an_output_of_their_own, (ANALYZERS, PORTS)),
    Rule(vlan_interfaces_are_bound, (VLANS, VLAN_INTERFACES)),
    Rule(arp_interfaces_are_bound, (VLANS, ARP_INTERFACES[:2])),
    Rule(loopbacks_have_names_of_their_own, (VLANS, LOOPBACKS)),
    Rule(dhcp_servers_can_be_asked, (VLAN_INTERFACES, LOOPBACKS, MANAGEMENT)),
    Rule(addresses_are_usable, (VLAN_INTERFACES, LOOPBACKS, MANAGEMENT)),
    Rule(subnets_are_apart, (VLAN_INTERFACES, LOOPBACKS, MANAGEMENT)),
    Rule(management_gateway_is_reachable, (MANAGEMENT,)),
    Rule(routes_have_next_hops, (ROUTES[:2], VLAN_INTERFACES, LOOPBACKS)),
    Rule(filters_have_their_terms, (FILTERS, TERMS)),
    Rule(filters_are_at_interfaces, (FILTERS, AGGREGATES, ANALYZERS, PORTS, VLANS)),
)
"""All rules, in the order in which their problems are told."""
