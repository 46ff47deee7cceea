"""A routed leaf-spine fabric from one short description: what every switch of it is configured with.

    fabric = LeafSpine.of(
        {
            "transfer": {"network": "198.18.64.0/24"},
            "spines": [{"name": "spine1", "id": 1}],
            "leaves": [{"name": "leaf1", "id": 1, "ports": [{"port": "te-1/1/1:8", "network": "web"}]}],
            "networks": [{"name": "web", "vlan": 10, "gateway": "198.18.10.254/24"}],
            "links": [["leaf1:te-1/1/15", "spine1:te-1/1/1"]],
        }
    )
    fabric.documents()["leaf1"]

Each cable between a leaf and a spine is routed, with a /31 and a VLAN of its own whose numbers follow from the ids of the
two: a leaf that comes later renumbers nothing. A network whose ports are all on one leaf has its gateway there, and every
other leaf reaches it over all spines alike. One with ports on several leaves is a VLAN across the first spine that every
leaf of the fabric is cabled to, and has its gateway there: there is no spanning tree, so one spine is all that may carry it.
Without a gateway, the first spine that its own leaves are cabled to will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from connetos_sdk.cabling import End, Link
from connetos_sdk.errors import ConfigError, InvalidValue, Problem
from connetos_sdk.fabric_checks import Ping
from connetos_sdk.model import tree
from connetos_sdk.model.tree import Document
from connetos_sdk.model.validation import validate

MOST_SPINES = 8
"""Numbers are kept free for so many, so that the link of a leaf and a spine never gets another one."""
FIRST_TRANSFER_VLAN = 3001
OWNED = (
    "vlans", "vlan-interface", "protocols static", "interface gigabit-ethernet * family",
)  # fmt: skip
"""Paths below which a switch of the fabric has nothing else than what follows from the description."""


@dataclass(frozen=True)
class Node:
    """A leaf or a spine; `id` counts from 1 among those of its kind."""

    name: str
    id: int


@dataclass(frozen=True)
class HostPort:
    """A port of a leaf for a host: `network` untagged, `tagged` with their VLAN's tag."""

    port: str
    network: str = ""
    tagged: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Route:
    """What is reached through a host of a network: a default route, a subnet behind a firewall."""

    to: IPv4Network
    via: IPv4Address


@dataclass(frozen=True)
class Network:
    """A VLAN, and if it has a `gateway`, its subnet and further prefixes that are reached through it."""

    name: str
    vlan: int
    gateway: IPv4Interface | None = None
    routes: tuple[Route, ...] = ()

    @property
    def prefixes(self) -> list[IPv4Network]:
        """What is to be routed to where the network is."""
        return [] if self.gateway is None else [self.gateway.network, *(route.to for route in self.routes)]


@dataclass(frozen=True)
class LeafSpine:
    """The fabric; `LeafSpine.of` makes a checked one.

    Attributes:
        transfer: of which each link gets a /31.
        transfer_vlan: that of the first link.
        host_ports: of each leaf, by name; a range is spread out.
        extra: what else a switch is configured with, by name; documents in the shape of the configuration tree.
    """

    transfer: IPv4Network
    leaves: Mapping[str, Node]
    spines: Mapping[str, Node]
    networks: Mapping[str, Network]
    host_ports: Mapping[str, tuple[HostPort, ...]]
    links: tuple[Link, ...]
    transfer_vlan: int = FIRST_TRANSFER_VLAN
    extra: Mapping[str, Document] = field(default_factory=dict)

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> LeafSpine:
        """Read and check a description.

        Raises:
            InvalidValue: something in it is wrong; the path is the place in it.
        """
        from connetos_sdk.leaf_spine_reader import read

        return read(description)

    # -- what follows ---------------------------------------------------------------------------------

    def documents(self) -> dict[str, Document]:
        """What each switch is configured with below `OWNED`, and ports that are switched on.

        Raises:
            ConfigError: that can't be a configuration; the first word of each path is the switch.
        """
        problems: list[Problem] = []
        documents: dict[str, Document] = {}
        for name in (*self.spines, *self.leaves):
            try:
                documents[name] = self._document(name)
            except ConfigError as error:
                problems += [Problem(p.reason, (name, *p.path), p.hint, p.code) for p in error.problems]
        if problems:
            raise ConfigError(problems=problems)
        return documents

    def pings(self) -> Iterator[Ping]:
        """Tests of every link from its leaf, of the way from each leaf's gateway to the next one's, and of the ways from
        every leaf to the gateways on spines."""
        for link in self.links:
            yield Ping(link.a.switch, str(self.address(link, link.b.switch).ip))
        placed = [(self.place(n), str(n.gateway.ip)) for n in self.networks.values() if n.gateway]
        gateways = [(place, address) for place, address in placed if place in self.leaves]
        for (name, source), (other, target) in zip(gateways, [*gateways[1:], *gateways[:1]], strict=True):
            if name != other:
                yield Ping(name, target, source)
        sources = dict(gateways)
        for _, target in (entry for entry in placed if entry[0] in self.spines):
            for leaf in self.leaves:
                yield Ping(leaf, target, sources.get(leaf, ""))

    def attached(self, network: Network) -> list[str]:
        """The leaves with ports in a network."""
        name = network.name
        return [
            leaf
            for leaf, ports in self.host_ports.items()
            if any(name == port.network or name in port.tagged for port in ports)
        ]

    def place(self, network: Network) -> str:
        """The switch with the gateway of a network: its only leaf, or the spine that carries it between several.

        Empty for a network without ports.
        """
        leaves = self.attached(network)
        if len(leaves) < 2:
            return "".join(leaves)
        return next(iter(self.common_spines(list(self.leaves) if network.gateway else leaves)), "")

    def common_spines(self, leaves: list[str]) -> list[str]:
        """The spines that all of these leaves are cabled to, by id."""
        cabled = [{link.b.switch for link in self.links if link.a.switch == leaf} for leaf in leaves]
        return [name for name in self.spines if all(name in spines for spines in cabled)]

    def number(self, link: Link) -> int:
        """Of a link, from 0: which transfer VLAN and /31 are its own."""
        return (self.leaves[link.a.switch].id - 1) * MOST_SPINES + self.spines[link.b.switch].id - 1

    def address(self, link: Link, switch: str) -> IPv4Interface:
        """The transfer address of a switch at a link; the spine's is the lower."""
        first = int(self.transfer.network_address) + 2 * self.number(link)
        return IPv4Interface((first + (switch == link.a.switch), 31))

    # -- one switch -----------------------------------------------------------------------------------

    def _document(self, name: str) -> Document:
        lines = _Lines()
        for link in self.links:
            if name in (link.a.switch, link.b.switch):
                self._link(lines, link, name)
        for network in self.networks.values():
            self._network(lines, network, name)
        for port in self.host_ports.get(name, ()):
            self._host_port(lines, port)
        document = tree.merge(tree.check(lines.document), tree.check(self.extra.get(name, {})))
        validate({}, document)
        return document

    def _link(self, lines: _Lines, link: Link, name: str) -> None:
        end = link.a if link.a.switch == name else link.b
        vlan = self.transfer_vlan + self.number(link)
        lines.routed(vlan, f"{link.a.switch}-{link.b.switch}"[:32], self.address(link, name))
        carried = [n.vlan for n in self.networks.values() if link in self._carriers(n)]
        lines.port(end.port, vlan, carried)

    def _carriers(self, network: Network) -> list[Link]:
        """The links across which a VLAN goes."""
        leaves, place = self.attached(network), self.place(network)
        if len(leaves) < 2:
            return []
        return [link for link in self.links if link.a.switch in leaves and link.b.switch == place]

    def _network(self, lines: _Lines, network: Network, name: str) -> None:
        place, leaves = self.place(network), self.attached(network)
        if name == place or name in leaves:
            lines.vlan(network.vlan, network.name)
        if name == place and network.gateway:
            lines.routed(network.vlan, network.name, network.gateway)
            for route in network.routes:
                lines.route(route.to, [route.via])
        elif place:
            hops = self._next_hops(name, place)
            for prefix in network.prefixes if hops else []:
                lines.route(prefix, hops)

    def _next_hops(self, name: str, place: str) -> list[IPv4Address]:
        """The ways from one switch to another: by their own link, or over all spines that both are cabled to."""
        ways = [link for link in self.links if name in (link.a.switch, link.b.switch)]
        direct = [link for link in ways if place in (link.a.switch, link.b.switch)]
        if direct or name in self.spines:
            return [self.address(link, place).ip for link in direct]
        via = self.common_spines([name, place]) if place in self.leaves else []
        return [self.address(link, link.b.switch).ip for link in ways if link.b.switch in via]

    def _host_port(self, lines: _Lines, port: HostPort) -> None:
        native = self.networks[port.network].vlan if port.network else None
        lines.port(port.port, native, [self.networks[name].vlan for name in port.tagged], port.description)


class _Lines:
    """The document of one switch while it grows."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}

    def put(self, value: Any, *path: str) -> None:
        place = self.document
        for word in path[:-1]:
            place = place.setdefault(word, {})
        place[path[-1]] = value

    def vlan(self, number: int, name: str) -> None:
        self.put(name, "vlans", "vlan-id", str(number), "vlan-name")

    def routed(self, number: int, name: str, address: IPv4Interface) -> None:
        interface = f"vlan{number}"
        self.vlan(number, name)
        self.put(interface, "vlans", "vlan-id", str(number), "l3-interface")
        length = {"prefix-length": address.network.prefixlen}
        self.put(length, "vlan-interface", "interface", interface, "address", str(address.ip))

    def route(self, prefix: IPv4Network, hops: list[IPv4Address]) -> None:
        entry: dict[str, Any] = {"next-hop": str(hops[0])}
        if hops[1:]:
            entry["qualified-next-hop"] = {str(hop): {} for hop in hops[1:]}
        self.put(entry, "protocols", "static", "route", str(prefix))

    def port(self, port: str, native: int | None, tagged: list[int], description: str = "") -> None:
        switching: dict[str, Any] = {} if native is None else {"native-vlan-id": native}
        if tagged:
            switching.update({"port-mode": "trunk", "vlan": {"members": sorted(tagged)}})
        entry = {"enable": True, "family": {"ethernet-switching": switching}}
        if description:
            entry["description"] = description
        self.put(entry, "interface", "gigabit-ethernet", port)


def invalid(reason: str, *path: object, hint: str = "") -> InvalidValue:
    """The error for a place in a description."""
    return InvalidValue(reason, path=tuple(map(str, path)), hint=hint)


def end_of(text: object, *path: object) -> End:
    """One end of a cable.

    Raises:
        InvalidValue: it isn't written `leaf1:te-1/1/1`.
    """
    switch, colon, port = str(text).partition(":")
    if not (isinstance(text, str) and switch and colon and port):
        raise invalid(f"{text!r} isn't the port of a switch", *path, hint="written as leaf1:te-1/1/1")
    return End(switch, port)
