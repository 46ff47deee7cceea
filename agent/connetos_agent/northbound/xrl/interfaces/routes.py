"""Looking up routes: fti/0.2 as XORP's `fea` offers it, rib/0.1 as its `rib` does (spec/wire/xrl-interfaces.txt).

The table is that of connected networks and installed static routes. What else XORP's interfaces have changes
routes, and routes change through connetos_config/0.1 only.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.reads import StateReads
from connetos_agent.northbound.xrl.target import Interface, Results
from connetos_sdk.wire.xrl.codes import CommandFailed

DISTANCES = {"connected": 0, "static": 1}
"""Administrative distance by protocol."""
UNSPECIFIED = IPv4Address(0)


@dataclass(frozen=True)
class _Route:
    network: IPv4Network
    next_hop: IPv4Address
    ifname: str
    metric: int
    protocol: str


async def _table(reads: StateReads) -> list[_Route]:
    interfaces = {
        **(await reads.at("vlan-interface"))["interface"],
        **(await reads.at("loopback-interface"))["interface"],
    }
    static = (await reads.at("route"))["static"]
    connected = [
        _Route(IPv4Interface(address).network, UNSPECIFIED, name, 0, "connected")
        for name, entry in interfaces.items()
        for address in entry["address"]
    ]
    found = list(connected)
    for prefix, entry in static.items():
        hops = entry["next-hop"]
        if not entry["installed"] or not hops:
            continue
        best = min(hops, key=lambda hop: int(hop["metric"]))
        next_hop = IPv4Address(best["address"])
        ifname = next((route.ifname for route in connected if next_hop in route.network), "")
        found.append(_Route(IPv4Network(prefix), next_hop, ifname, int(best["metric"]), "static"))
    return found


async def _by_address(reads: StateReads, address: IPv4Address) -> _Route:
    routes = [route for route in await _table(reads) if address in route.network]
    if not routes:
        raise CommandFailed(f"No routing entry for {address}")
    return max(routes, key=lambda route: (route.network.prefixlen, -DISTANCES[route.protocol]))


def fti(reads: StateReads) -> Interface:
    """fti/0.2, IPv4 only."""

    async def by_dest(_: Caller, dst: IPv4Address) -> Results:
        found = await _by_address(reads, dst)
        return (found.network, *_described(found))

    async def by_network(_: Caller, dst: IPv4Network) -> Results:
        routes = [route for route in await _table(reads) if route.network == dst]
        if not routes:
            raise CommandFailed(f"No entry for {dst}")
        return _described(min(routes, key=lambda route: DISTANCES[route.protocol]))

    facts = "nexthop:ipv4 & ifname:txt & vifname:txt & metric:u32 & admin_distance:u32 & protocol_origin:txt"
    return Interface.of(
        "fti/0.2",
        {
            f"lookup_route_by_dest4 ? dst:ipv4 -> netmask:ipv4net & {facts}": by_dest,
            f"lookup_route_by_network4 ? dst:ipv4net -> {facts}": by_network,
            "have_ipv4 -> result:bool": lambda _: (True,),
        },
    )


def _described(route: _Route) -> Results:
    distance = DISTANCES[route.protocol]
    return route.next_hop, route.ifname, route.ifname, route.metric, distance, route.protocol


def rib(reads: StateReads) -> Interface:
    """rib/0.1, the part that reads."""

    async def lookup(_: Caller, addr: IPv4Address, _unicast: bool, _multicast: bool) -> Results:
        return ((await _by_address(reads, addr)).next_hop,)

    def protocols(_: Caller, ipv4: bool, _ipv6: bool, unicast: bool, _multicast: bool) -> Results:
        return (list(DISTANCES) if ipv4 and unicast else [], [], [], [])

    def distances(_: Caller, ipv4: bool, unicast: bool) -> Results:
        known = DISTANCES if ipv4 and unicast else {}
        return list(known), list(known.values())

    def distance(_: Caller, protocol: str, ipv4: bool, unicast: bool) -> Results:
        if protocol not in DISTANCES or not (ipv4 and unicast):
            raise CommandFailed(f"No such protocol {protocol[:60]}")
        return (DISTANCES[protocol],)

    return Interface.of(
        "rib/0.1",
        {
            "get_registered_protocols ? ipv4:bool & ipv6:bool & unicast:bool & multicast:bool"
            " -> ipv4_unicast_protocols:list<txt> & ipv6_unicast_protocols:list<txt>"
            " & ipv4_multicast_protocols:list<txt> & ipv6_multicast_protocols:list<txt>": protocols,
            "lookup_route_by_dest4 ? addr:ipv4 & unicast:bool & multicast:bool -> nexthop:ipv4": lookup,
            "get_protocol_admin_distances ? ipv4:bool & unicast:bool"
            " -> protocols:list<txt> & admin_distances:list<u32>": distances,
            "get_protocol_admin_distance ? protocol:txt & ipv4:bool & unicast:bool"
            " -> admin_distance:u32": distance,
        },
    )
