"""Turns the description of a leaf-spine fabric into a `LeafSpine`, and says what is wrong with it when that fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import combinations
from typing import Any, NoReturn, TypeVar

from connetos_sdk.cabling import End, Link
from connetos_sdk.documents import DocumentReader, suggest
from connetos_sdk.errors import ConfigError
from connetos_sdk.leaf_spine import (
    FIRST_TRANSFER_VLAN,
    MOST_SPINES,
    HostPort,
    LeafSpine,
    Network,
    Node,
    Route,
    end_of,
    invalid,
)
from connetos_sdk.model.ranges import expand_ports
from connetos_sdk.model.rules import PORTS
from connetos_sdk.model.schema import locate

T = TypeVar("T", IPv4Network, IPv4Interface, IPv4Address)
MOST_LEAVES = 128


def read(description: Mapping[str, Any]) -> LeafSpine:
    """See `LeafSpine.of`."""
    return _Reader().fabric(description)


class _Reader(DocumentReader):
    def fail(self, path: str, reason: str, hint: str = "") -> NoReturn:
        raise invalid(reason, *path.split(), hint=hint)

    def fabric(self, description: object) -> LeafSpine:
        document = self.mapping(description, "")
        required = ("transfer", "spines", "leaves", "networks", "links")
        self.keys(document, "", required=required, optional=("extra",))
        spines = self.nodes(document["spines"], "spines", MOST_SPINES)
        leaves = self.nodes(document["leaves"], "leaves", MOST_LEAVES)
        for name in sorted(spines.keys() & leaves.keys()):
            self.fail(f"leaves {name}", "is a spine, too", "give each switch one part")
        networks = self.networks(document["networks"])
        transfer, first = self.transfer(document["transfer"])
        used: dict[End, str] = {}
        links = self.links(document["links"], leaves, spines, used)
        fabric = LeafSpine(
            transfer=transfer,
            transfer_vlan=first,
            leaves=leaves,
            spines=spines,
            networks=networks,
            links=links,
            host_ports={
                node["name"]: self.host_ports(node.get("ports") or [], node["name"], networks, used)
                for node in document["leaves"]
            },
            extra=self.additions(document.get("extra") or {}, [*spines, *leaves]),
        )
        self.numbers(fabric)
        self.ways(fabric)
        return fabric

    # -- the parts ------------------------------------------------------------------------------------

    def entries(self, value: object, path: str) -> Iterator[tuple[str, dict[Any, Any]]]:
        """The mappings in a list, each with its place, which is its name if it has one."""
        if not isinstance(value, list | tuple):
            self.fail(path, f"{value!r} is not a list", "write '- key: value' entries")
        seen: set[str] = set()
        for position, entry in enumerate(value, 1):
            name = str(self.mapping(entry, f"{path} {position}").get("name") or "")
            if name and name in seen:
                self.fail(f"{path} {name}", "stands twice", "give each its own name")
            seen.add(name)
            yield f"{path} {name or position}", entry

    def nodes(self, value: object, path: str, most: int) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        ids: dict[int, str] = {}
        for place, entry in self.entries(value, path):
            self.keys(entry, place, required=("name", "id"), optional=("ports",) if path == "leaves" else ())
            node = Node(self.word(entry["name"], place), self.number(entry["id"], f"{place} id", 1, most))
            if node.id in ids:
                self.fail(f"{place} id", f"{node.id} is that of {ids[node.id]}", "give each its own")
            ids[node.id] = node.name
            nodes[node.name] = node
        if not nodes:
            self.fail(path, "there is none", "a fabric has at least one leaf and one spine")
        return dict(sorted(nodes.items(), key=lambda item: item[1].id))

    def networks(self, value: object) -> dict[str, Network]:
        networks: dict[str, Network] = {}
        vlans: dict[int, str] = {}
        for place, entry in self.entries(value, "networks"):
            self.keys(entry, place, required=("name", "vlan"), optional=("gateway", "routes"))
            name, vlan = self.word(entry["name"], place), self.number(entry["vlan"], f"{place} vlan", 2, 4094)
            if vlan in vlans:
                self.fail(f"{place} vlan", f"{vlan} is that of {vlans[vlan]}", "give each its own")
            vlans[vlan] = name
            gateway = self.gateway(entry.get("gateway"), f"{place} gateway")
            networks[name] = Network(name, vlan, gateway, tuple(self.routes(entry, place, gateway)))
        for one, other in combinations(networks.values(), 2):
            if one.gateway and other.gateway and one.gateway.network.overlaps(other.gateway.network):
                self.fail(
                    f"networks {other.name} gateway",
                    f"{other.gateway.network} overlaps with {one.gateway.network} of {one.name}",
                    "give each its own subnet",
                )
        self.targets(networks)
        return networks

    def targets(self, networks: Mapping[str, Network]) -> None:
        """A prefix is reached through one network, and through one gateway of it."""
        seen = {n.gateway.network: f"the subnet of {n.name}" for n in networks.values() if n.gateway}
        for network in networks.values():
            for position, route in enumerate(network.routes, 1):
                if route.to in seen:
                    self.fail(
                        f"networks {network.name} routes {position} to",
                        f"{route.to} is {seen[route.to]}, too",
                        "give each prefix one way",
                    )
                seen[route.to] = f"a route of {network.name}"

    def gateway(self, value: object, path: str) -> IPv4Interface | None:
        example = "198.18.10.254/24"
        gateway = self.address(IPv4Interface, value, path, example)
        if gateway and "/" not in str(value):
            self.fail(path, f"{value!r} has no prefix length", f"for example {example}")
        if gateway and gateway.network.prefixlen > 31:
            self.fail(path, f"{gateway} has no room for hosts", f"for example {example}")
        return gateway

    def routes(self, entry: Mapping[str, Any], place: str, gateway: IPv4Interface | None) -> Iterator[Route]:
        for at, given in self.entries(entry.get("routes") or [], f"{place} routes"):
            self.keys(given, at, required=("to", "via"))
            to = self.address(IPv4Network, given["to"], f"{at} to", "0.0.0.0/0")
            via = self.address(IPv4Address, given["via"], f"{at} via", "198.18.10.1")
            if to is None or via is None or gateway is None or via not in gateway.network:
                subnet = gateway.network if gateway else "a network that has a gateway"
                self.fail(
                    f"{at} via", f"{via} isn't a host of {place.rsplit(maxsplit=1)[-1]}", f"one of {subnet}"
                )
            yield Route(to, via)

    def transfer(self, value: object) -> tuple[IPv4Network, int]:
        document = self.mapping(value, "transfer")
        self.keys(document, "transfer", required=("network",), optional=("vlan",))
        network = self.address(IPv4Network, document["network"], "transfer network", "198.18.64.0/24")
        if network is None:
            self.fail("transfer network", "isn't given", "for example 198.18.64.0/24")
        vlan = document.get("vlan")
        first = FIRST_TRANSFER_VLAN if vlan is None else self.number(vlan, "transfer vlan", 2, 4094)
        return network, first

    def links(
        self, value: object, leaves: Mapping[str, Node], spines: Mapping[str, Node], used: dict[End, str]
    ) -> tuple[Link, ...]:
        if not isinstance(value, list | tuple):
            self.fail(
                "links", f"{value!r} is not a list", "of pairs such as [leaf1:te-1/1/15, spine1:te-1/1/1]"
            )
        links: dict[tuple[str, str], Link] = {}
        for position, pair in enumerate(value, 1):
            place = f"links {position}"
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                self.fail(place, f"{pair!r} isn't a cable", "two ends: [leaf1:te-1/1/15, spine1:te-1/1/1]")
            a, b = (end_of(text, "links", position) for text in pair)
            if a.switch in spines:
                a, b = b, a
            for end, known, kind in ((a, leaves, "leaf"), (b, spines, "spine")):
                if end.switch not in known:
                    self.fail(place, f"{end.switch} is no {kind}", suggest(end.switch, known))
                self.use(end, place, used)
            if (a.switch, b.switch) in links:
                self.fail(
                    place,
                    f"there is a cable between {a.switch} and {b.switch} already",
                    "one cable for each pair",
                )
            links[a.switch, b.switch] = Link(a, b)
        return tuple(links.values())

    def host_ports(
        self, value: object, leaf: str, networks: Mapping[str, Network], used: dict[End, str]
    ) -> tuple[HostPort, ...]:
        ports: list[HostPort] = []
        for place, entry in self.entries(value, f"leaves {leaf} ports"):
            self.keys(entry, place, required=("port",), optional=("network", "tagged", "description"))
            native, tagged = entry.get("network") or "", entry.get("tagged") or []
            if not isinstance(tagged, list | tuple):
                self.fail(f"{place} tagged", f"{tagged!r} is not a list", "of names of networks")
            if not native and not tagged:
                self.fail(place, "the port is in no network", "give network, or tagged")
            for name in (*((native,) if native else ()), *tagged):
                if not isinstance(name, str):
                    self.fail(
                        place, f"{name!r} is not a network's name", "network has one, tagged a list of them"
                    )
                if name not in networks:
                    self.fail(place, f"there is no network {name}", suggest(name, networks))
            if native in tagged or len(set(tagged)) < len(tagged):
                self.fail(place, "a network is there twice", "untagged, or tagged, once")
            for port in self.expanded(entry["port"], f"{place} port"):
                self.use(End(leaf, port), place, used)
                ports.append(HostPort(port, native, tuple(tagged), str(entry.get("description") or "")))
        return tuple(ports)

    def expanded(self, value: object, path: str) -> list[str]:
        try:
            return [port for word in str(value).split(",") for port in expand_ports(word.strip())]
        except ValueError as error:
            self.fail(path, str(error), "a port or a range, such as te-1/1/1:8")

    def use(self, end: End, place: str, used: dict[End, str]) -> None:
        try:
            locate((*PORTS, end.port))
        except ConfigError as error:
            self.fail(place, error.reason, error.hint)
        if end in used:
            self.fail(place, f"{end} stands in {used[end]}, too", "a port has one use")
        used[end] = place

    def additions(self, value: object, names: list[str]) -> dict[str, Any]:
        document = self.mapping(value, "extra")
        for name in document:
            if name not in names:
                self.fail("extra", f"there is no switch {name}", suggest(str(name), names))
        return document

    # -- the whole ------------------------------------------------------------------------------------

    def numbers(self, fabric: LeafSpine) -> None:
        """There are addresses and VLANs for every link."""
        last = max((fabric.number(link) for link in fabric.links), default=0)
        needed = 2 * (last + 1)
        if needed > fabric.transfer.num_addresses:
            length = 32 - (needed - 1).bit_length()
            self.fail(
                "transfer network",
                f"{fabric.transfer} has {fabric.transfer.num_addresses} addresses, the links need {needed}",
                f"a /{length}: {2 * MOST_SPINES} addresses for each leaf",
            )
        vlans = range(fabric.transfer_vlan, fabric.transfer_vlan + last + 1)
        if vlans[-1] > 4094:
            hint = f"at most {4094 - last}: {MOST_SPINES} VLANs for each leaf"
            self.fail("transfer vlan", f"the links need VLANs up to {vlans[-1]}", hint)
        for network in fabric.networks.values():
            if network.vlan in vlans:
                hint = f"another than {vlans[0]} to {vlans[-1]}"
                self.fail(f"networks {network.name} vlan", f"{network.vlan} is a transfer VLAN", hint)
            if network.gateway and network.gateway.network.overlaps(fabric.transfer):
                reason = f"{network.gateway.network} overlaps with the transfer network {fabric.transfer}"
                self.fail(f"networks {network.name} gateway", reason, "give each its own subnet")

    def ways(self, fabric: LeafSpine) -> None:
        """Whoever has to reach each other is cabled."""
        for leaf in fabric.leaves:
            if not any(link.a.switch == leaf for link in fabric.links):
                self.fail(f"leaves {leaf}", "no link reaches it", "add one to links")
        for network in fabric.networks.values():
            leaves = fabric.attached(network)
            if len(leaves) > 1 and not fabric.common_spines(leaves):
                reason = f"no spine is cabled to all of {', '.join(leaves)}"
                self.fail(f"networks {network.name}", reason, "add a link, or leave one of them out")
        for one, other in combinations(fabric.leaves, 2):
            if not fabric.common_spines([one, other]):
                self.fail(f"leaves {other}", f"no spine is cabled to it and to {one}", "add a link")
        for network in fabric.networks.values():
            leaves = fabric.attached(network)
            if leaves and not fabric.place(network):
                spine = fabric.common_spines(leaves)[0]
                cut = next(leaf for leaf in fabric.leaves if spine not in fabric.common_spines([leaf]))
                reason = f"its gateway would be on {spine}, and {cut} isn't cabled to it"
                self.fail(
                    f"networks {network.name}", reason, "cable every leaf to one of the spines that carry it"
                )

    # -- values ---------------------------------------------------------------------------------------

    def word(self, value: object, path: str) -> str:
        if not isinstance(value, str) or not value or any(c.isspace() for c in value):
            self.fail(f"{path} name", f"{value!r} is not a name", "a word")
        return value

    def number(self, value: object, path: str, low: int, high: int) -> int:
        if isinstance(value, bool) or not str(value).isdecimal() or not low <= int(str(value)) <= high:
            self.fail(path, f"{value!r} is not a number from {low} to {high}")
        return int(str(value))

    def address(self, kind: type[T], value: object, path: str, example: str) -> T | None:
        if value is None or value == "":
            return None
        try:
            return kind(value if isinstance(value, str) else "")
        except ValueError as error:
            self.fail(path, f"{value!r} can't be used: {error}", f"for example {example}")
