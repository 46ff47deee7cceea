"""The switch as a configuration would make it, in memory: what it would do with a frame.

Learned addresses, neighbours and links are those of now. A learned address is where its host would be learned again: in
the VLAN that its port gives to its frames then. What the twin can't know (a neighbour nobody has asked for, the partner
of an aggregate, how a new choice of next hops shares the load) it says to be unknown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents import KINDS, intent
from connetos_agent.dataplane.kernel.tables import KernelRoute
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.arp import ArpInterface
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Link, MacEntry, Port
from connetos_agent.dataplane.states.routing import Addresses, Route
from connetos_agent.dataplane.states.switching import Aggregate, StaticMacs
from connetos_agent.dataplane.states.vlans import VlanInterface
from connetos_agent.services.navmesh.flow import Flow
from connetos_agent.services.navmesh.path import DROPPED, FLOODED, FORWARDED, LOCAL, UNKNOWN
from connetos_sdk.model.rules import PORTS
from connetos_sdk.model.tree import Document, get

S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Frame:
    """What arrives: port, VLAN tag (None: untagged), MAC addresses, and the flow."""

    port: str
    tag: int | None
    source_mac: str
    destination_mac: str
    flow: Flow


@dataclass(frozen=True, order=True)
class Out:
    """A port or aggregate by which a frame leaves, in a VLAN, tagged or not."""

    port: str
    vlan: int
    tagged: bool

    def __str__(self) -> str:
        return f"{self.port} (VLAN {self.vlan}{', tagged' if self.tagged else ''})"


@dataclass(frozen=True)
class Fate:
    """What becomes of a frame; `out` of a forwarded one has several ports where one of them is chosen by a hash."""

    kind: str
    out: frozenset[Out] = frozenset()
    reason: str = ""

    def same(self, other: Fate) -> bool:
        """Whether the frame gets to the same places."""
        return (self.kind, self.out) == (other.kind, other.out)


@dataclass(frozen=True)
class Observed:
    """What no configuration says, as it is now.

    Attributes:
        macs: the MAC table.
        neighbours: usable MAC addresses by VLAN interface and address.
        links: why nothing passes a port besides its being disabled; ports that are missing have a link.
        routes: of the kernel, as far as they come neither of an address nor of a static route.
        routed_by: names of devices by index.
        own: addresses of the switch.
        router_mac: of its VLAN interfaces.
        taken: for one flow the next hop that the kernel takes and those that it chooses from, as (address, device).
    """

    macs: tuple[MacEntry, ...]
    neighbours: Mapping[tuple[str, str], str]
    links: Mapping[str, str]
    routes: tuple[KernelRoute, ...]
    routed_by: Mapping[int, str]
    own: frozenset[str]
    router_mac: str


Hop = tuple[str, str]
"""Address of a next hop (empty: the destination itself) and the interface towards it."""


class Twin:
    """The switch with a configuration.

    Args:
        document: which.
        running: the configuration with which `observed` was observed.
        platform: the hardware.
        observed: what no configuration says.
        choice: by next hops to choose from, the one that the kernel takes now for a flow.
    """

    def __init__(self, document: Document, running: Document, platform: Platform, observed: Observed) -> None:
        self._document = document
        self._running = running
        self._platform = platform
        self._observed = observed
        self._interfaces = dict(self._all("vlan-interface", VlanInterface))
        self._ports = dict(self._all("port", Port))
        self._macs = dict(self._learned()) | dict(self._static())

    def _all(self, kind: str, form: type[S], document: Document | None = None) -> Iterator[tuple[str, S]]:
        document = self._document if document is None else document
        for key in KINDS[kind].keys(document, self._platform):
            state = intent(ObjectKey(kind, key), document, self._platform)
            if isinstance(state, form):
                yield key, state

    # -- layer 2 ----------------------------------------------------------------------------------------

    def logical(self, port: str, document: Document | None = None) -> str:
        """The aggregate that a port is a member of, or the port itself."""
        document = self._document if document is None else document
        name: str = get(document, (*PORTS, port, "ether-options", "802.3ad"), port)
        return name

    def _learned(self) -> Iterator[tuple[tuple[int, str], str]]:
        before = dict(self._all("port", Port, self._running))
        for entry in self._observed.macs:
            if entry.static or entry.port not in before:
                continue
            old = before[entry.port]
            tag = None if entry.vlan == old.native_vlan else entry.vlan
            name = self.logical(entry.port)
            port = self._ports.get(name)
            vlan = _admitted(port, tag) if port else None
            if vlan is not None:
                yield (vlan, entry.mac), name

    def _static(self) -> Iterator[tuple[tuple[int, str], str]]:
        for name, state in self._all("static-mac", StaticMacs):
            for vlan, mac in state.entries:
                if vlan in self._vlans(name):
                    yield (vlan, mac), name

    def _vlans(self, name: str) -> tuple[int, ...]:
        port = self._ports.get(name)
        return port.vlans if port else ()

    def _down(self, name: str) -> str:
        """Why nothing passes a port or an aggregate."""
        if not name.startswith("ae"):
            link = intent(ObjectKey("link", name), self._document, self._platform)
            if isinstance(link, Link) and not link.enabled:
                return "it is disabled"
            return self._observed.links.get(name, "")
        aggregate = intent(ObjectKey("aggregate", name), self._document, self._platform)
        members = aggregate.members if isinstance(aggregate, Aggregate) else ()
        alive = [member for member in members if not self._down(member)]
        least = aggregate.min_selected if isinstance(aggregate, Aggregate) else 1
        return "" if len(alive) >= max(1, least) else "too few of its members have a link"

    def _doubtful(self, name: str) -> str:
        """Why it isn't known whether frames pass a port."""
        old = intent(ObjectKey("link", name), self._running, self._platform)
        if isinstance(old, Link) and not old.enabled and not self._down(name):
            return f"whether {name} has a link once it is enabled isn't known"
        if name.startswith("ae"):
            now, then = (
                intent(ObjectKey("aggregate", name), document, self._platform)
                for document in (self._running, self._document)
            )
            if isinstance(then, Aggregate) and then.lacp and now != then:
                return f"what {name} does once its partner has been asked by LACP isn't known"
            return next((why for m in getattr(then, "members", ()) if (why := self._doubtful(m))), "")
        return ""

    # -- a frame ----------------------------------------------------------------------------------------

    def fate(self, frame: Frame, taken: Mapping[frozenset[Hop], Hop]) -> Fate:
        """What becomes of a frame.

        Args:
            frame: which.
            taken: which of several next hops the kernel takes for its flow, where that is known.
        """
        name = self.logical(frame.port)
        if down := self._down(name):  # a neighbour sends to the other members of an aggregate then
            return Fate(DROPPED, reason=f"nothing arrives at {name}: {down}")
        if doubt := self._doubtful(name):
            return Fate(UNKNOWN, reason=doubt)
        port = self._ports.get(name)
        vlan = _admitted(port, frame.tag) if port else None
        if vlan is None:
            what = "untagged frames" if frame.tag is None else f"frames of VLAN {frame.tag}"
            return Fate(DROPPED, reason=f"{name} doesn't take {what}")
        router = next((i for i, state in self._interfaces.items() if state.vlan == vlan), "")
        if frame.destination_mac == self._observed.router_mac and router:
            return self._route(frame.flow, taken)
        return self._leave(vlan, frame.destination_mac, name)

    def _leave(self, vlan: int, mac: str, came: str) -> Fate:
        name = self._macs.get((vlan, mac), "")
        if not name:
            return self._flood(vlan, mac, came)
        if name == came:
            return Fate(DROPPED, reason=f"{mac} is at {name}, too")
        if down := self._down(name):
            return Fate(DROPPED, reason=f"{name} leads there, but {down}")
        if doubt := self._doubtful(name):
            return Fate(UNKNOWN, reason=doubt)
        return Fate(FORWARDED, frozenset((self._out(name, vlan),)))

    def _flood(self, vlan: int, mac: str, came: str) -> Fate:
        names = [n for n in self._ports if n != came and vlan in self._vlans(n) and not self._down(n)]
        if doubt := next((why for name in names if (why := self._doubtful(name))), ""):
            return Fate(UNKNOWN, reason=doubt)
        if not names:
            return Fate(DROPPED, reason=f"VLAN {vlan} has no other port that is up")
        reason = f"{mac} isn't in VLAN {vlan}: the frame goes to all its ports"
        return Fate(FLOODED, frozenset(self._out(name, vlan) for name in names), reason)

    def _out(self, name: str, vlan: int) -> Out:
        return Out(name, vlan, vlan != self._ports[name].native_vlan)

    # -- the router ---------------------------------------------------------------------------------------

    def _route(self, flow: Flow, taken: Mapping[frozenset[Hop], Hop]) -> Fate:
        if flow.destination.version != 4:
            return Fate(UNKNOWN, reason="IPv6 isn't routed by what is configured here")
        if str(flow.destination) in self._own():
            return Fate(LOCAL)
        if flow.ttl <= 1:
            return Fate(DROPPED, reason="its time to live ends here")
        hops = self._next_hops(flow)
        return self._share(flow, frozenset((taken[hops],)) if hops in taken else hops)

    def _share(self, flow: Flow, hops: frozenset[Hop]) -> Fate:
        """What becomes of a flow that may go to each of these next hops."""
        if not hops:
            return Fate(DROPPED, reason=f"no route covers {flow.destination}")
        fates = [
            self._send(address or str(flow.destination), interface) for address, interface in sorted(hops)
        ]
        if len({(fate.kind, fate.out) for fate in fates}) == 1:
            return fates[0]
        if all(fate.kind == FORWARDED for fate in fates):
            return Fate(FORWARDED, frozenset(out for fate in fates for out in fate.out))
        return Fate(UNKNOWN, reason=f"which of {len(hops)} next hops is taken isn't known")

    def _own(self) -> frozenset[str]:
        def addresses(document: Document) -> set[str]:
            found = self._all("addresses", Addresses, document)
            return {text.partition("/")[0] for _, state in found for text in state.addresses}

        return (self._observed.own - addresses(self._running)) | addresses(self._document)

    def _next_hops(self, flow: Flow) -> frozenset[Hop]:
        """Of the longest prefix that covers the destination: of the route that wins, those of the lowest metric."""
        found: list[tuple[int, int, int, Hop]] = []
        for prefix, preference, metric, hop in self._routes():
            network = ipaddress.ip_network(prefix, strict=False)
            if flow.destination in network:
                found.append((-network.prefixlen, preference, metric, hop))
        best = min((entry[:3] for entry in found), default=None)
        return frozenset(entry[3] for entry in found if entry[:3] == best)

    def _routes(self) -> Iterator[tuple[str, int, int, Hop]]:
        """Prefix, preference (a connected one wins), metric and next hop of each route."""
        for name, state in self._all("addresses", Addresses):
            if name in self._interfaces:
                yield from ((address, 0, 0, ("", name)) for address in state.addresses)
        for prefix, route in self._all("route", Route):
            yield from (
                (prefix, 1, metric, (address, interface)) for metric, address, interface in route.next_hops
            )
        for learned in self._observed.routes:
            for address, index in learned.hops:
                yield learned.prefix, 1, learned.metric, (address, self._observed.routed_by.get(index, ""))

    def _send(self, address: str, name: str) -> Fate:
        interface = self._interfaces.get(name)
        if interface is None:
            return Fate(UNKNOWN, reason=f"what is behind {name or 'another interface'} isn't known")
        static = intent(ObjectKey("arp-interface", name), self._document, self._platform)
        configured = dict(static.entries) if isinstance(static, ArpInterface) else {}
        before = intent(ObjectKey("vlan-interface", name), self._running, self._platform)
        moved = not isinstance(before, VlanInterface) or before.vlan != interface.vlan
        mac = configured.get(address, "" if moved else self._observed.neighbours.get((name, address), ""))
        if not mac:
            return Fate(UNKNOWN, reason=f"nobody has asked yet for {address} on {name}")
        return self._leave(interface.vlan, mac, "")


def _admitted(port: Port, tag: int | None) -> int | None:
    """The VLAN that a port takes a frame into; None if it doesn't take it."""
    if tag is None:
        return port.native_vlan
    return tag if port.mode == "trunk" and tag in port.vlans else None
