"""Turn a YAML document into a `Topology`, and explain what is wrong with it when that fails.

Every message names the file, the place in it, what is wrong there and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, NoReturn

from connetos_sdk.documents import DocumentReader, YamlProblem, load_yaml, suggest
from connetos_sdk.lab.errors import TopologyError
from connetos_sdk.lab.topology import (
    DEFAULT_MANAGEMENT,
    DEFAULT_PORTS,
    Dataplane,
    HostSpec,
    Link,
    PortRef,
    Provisioning,
    Route,
    SwitchSpec,
    Topology,
    port_name,
)

_LAB_NAME = re.compile(r"[a-z0-9-]{1,20}")
# Linux interface names have at most 15 characters, and a switch's name is its port on the management bridge.
_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
_RESERVED = {"mgmt": "the lab's management namespace", "lo": "every loopback interface"}
_MAX_PORTS = 256
SWITCH_KEYS = ("ports", "management", "config", "xrl", "ssh", "packages", "blank", "settings")
LAB_TABLES = ("platform", "openvswitch", "rest", "xrl", "packages")
"""Tables of an agent's settings that the lab writes."""
# .1 is the lab itself and .2 to .10 are left to whatever else one wants to attach to the bridge.
_FIRST_MANAGEMENT_HOST = 11


def read_file(path: Path) -> Topology:
    """Read and check a topology file.

    Raises:
        TopologyError: the file cannot be read, is not YAML, or cannot be built.
    """
    source = str(path)
    try:
        document = load_yaml(path)
    except YamlProblem as error:
        raise TopologyError(source, error.place, error.reason, error.hint) from error
    return read_document(document, source)


def read_document(document: object, source: str) -> Topology:
    """Check a parsed document and build the topology.

    Raises:
        TopologyError: the document cannot be built.
    """
    return _Reader(source).topology(document)


class _Reader(DocumentReader):
    def __init__(self, source: str) -> None:
        self.source = source
        self.port_users: dict[PortRef, str] = {}

    def topology(self, document: object) -> Topology:
        if not isinstance(document, dict):
            self.fail("", "the topology must be a mapping", "start with 'name:' and 'switches:'")
        self.keys(
            document,
            "",
            required=("name", "switches"),
            optional=("dataplane", "management", "hosts", "links", "provisioning"),
        )
        management = self.management_network(document.get("management"))
        switches = self.switches(document["switches"], management)
        hosts = self.hosts(document.get("hosts"), switches)
        return Topology(
            name=self.lab_name(document["name"]),
            dataplane=self.dataplane(document.get("dataplane", "auto")),
            management=management,
            switches=switches,
            hosts=hosts,
            links=self.links(document.get("links"), switches),
            provisioning=self.provisioning(document.get("provisioning")),
            source=self.source,
        )

    def lab_name(self, value: object) -> str:
        if not isinstance(value, str) or not _LAB_NAME.fullmatch(value):
            self.fail(
                "name",
                f"{value!r} is not a lab name",
                "1 to 20 of a-z, 0-9 and '-'; quote it if it is a number",
            )
        return value

    def dataplane(self, value: object) -> Dataplane:
        try:
            return Dataplane(str(value))
        except ValueError:
            self.fail("dataplane", f"{value!r} is not a data plane", "one of auto, openvswitch, memory")

    def management_network(self, value: object) -> IPv4Network:
        if value is None:
            return DEFAULT_MANAGEMENT
        try:
            network = IPv4Network(value if isinstance(value, str) else "")
        except ValueError as error:
            self.fail(
                "management", f"{value!r} is not an IPv4 network: {error}", "for example 198.18.255.0/24"
            )
        if network.prefixlen > 28:
            self.fail("management", f"{network} is too small for a management network", "/28 or larger")
        return network

    def switches(self, value: object, management: IPv4Network) -> dict[str, SwitchSpec]:
        entries = self.nodes(value, "switches")
        if not entries:
            self.fail("switches", "a lab needs at least one switch", "for example 'leaf1: {ports: 8}'")
        addresses: dict[IPv4Address, str] = {management.network_address + 1: "the lab itself"}
        parsed: dict[str, dict[str, Any]] = {}
        given: dict[str, IPv4Interface] = {}
        for name, entry in entries.items():
            path = f"switches.{name}"
            document = self.mapping(entry if entry is not None else {}, path)
            self.keys(document, path, optional=SWITCH_KEYS)
            parsed[name] = document
            if "management" in document:
                given[name] = self.management_address(document["management"], path, management, addresses)
        free = (
            address
            for offset in range(_FIRST_MANAGEMENT_HOST, management.num_addresses - 1)
            if (address := management.network_address + offset) not in addresses
        )
        switches = {}
        for name, document in parsed.items():
            own = given.get(name)
            if own is None:
                next_free = next(free, None)
                if next_free is None:
                    self.fail(
                        "management", f"{management} has no address left for {name}", "use a larger network"
                    )
                own = IPv4Interface((next_free, management.prefixlen))
            switches[name] = SwitchSpec(
                name=name,
                ports=self.port_count(document.get("ports", DEFAULT_PORTS), f"switches.{name}.ports"),
                management=own,
                config=self.config(document.get("config", {}), f"switches.{name}.config"),
                xrl=self.flag(document.get("xrl", False), f"switches.{name}.xrl"),
                ssh=self.flag(document.get("ssh", False), f"switches.{name}.ssh"),
                packages=self.directory(document.get("packages", ""), f"switches.{name}.packages"),
                blank=self.flag(document.get("blank", False), f"switches.{name}.blank"),
                settings=self.settings(document.get("settings", {}), f"switches.{name}.settings"),
            )
        return switches

    def management_address(
        self, value: object, path: str, network: IPv4Network, taken: dict[IPv4Address, str]
    ) -> IPv4Interface:
        path = f"{path}.management"
        address = self.interface(value, path, f"an address of {network}")
        if address.network != network:
            example = network.network_address + _FIRST_MANAGEMENT_HOST
            hint = f"for example {example}/{network.prefixlen}"
            self.fail(path, f"{address} is outside the management network {network}", hint)
        if address.ip in taken:
            self.fail(
                path, f"{address.ip} already belongs to {taken[address.ip]}", "give each switch its own"
            )
        taken[address.ip] = path
        return address

    def port_count(self, value: object, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_PORTS:
            self.fail(path, f"{value!r} is not a number of ports", f"a whole number from 1 to {_MAX_PORTS}")
        return value

    def config(self, value: object, path: str) -> dict[str, Any]:
        document = self.mapping(value, path)
        self.string_keys(document, path)
        return document

    def directory(self, value: object, path: str) -> str:
        if value == "":
            return ""
        if not isinstance(value, str) or not value.startswith("/") or value == "/":
            self.fail(path, f"{value!r} is not a directory with a Debian system", "an absolute path below /")
        return value

    def settings(self, value: object, path: str) -> dict[str, dict[str, Any]]:
        tables = self.mapping(value, path)
        self.string_keys(tables, path)
        for name, table in tables.items():
            if name in LAB_TABLES:
                self.fail(f"{path}.{name}", "this table is written by the lab itself")
            for key, item in self.mapping(table, f"{path}.{name}").items():
                if not isinstance(item, str | int | list):
                    self.fail(f"{path}.{name}.{key}", f"{item!r} is neither text, number, flag nor list")
        return tables

    def provisioning(self, value: object) -> Provisioning | None:
        if value is None or value is False:
            return None
        document = self.mapping({} if value is True else value, "provisioning")
        self.keys(document, "provisioning", optional=("dhcp",))
        return Provisioning(dhcp=self.flag(document.get("dhcp", False), "provisioning.dhcp"))

    def flag(self, value: object, path: str) -> bool:
        if not isinstance(value, bool):
            self.fail(path, f"{value!r} is neither true nor false")
        return value

    def hosts(self, value: object, switches: Mapping[str, SwitchSpec]) -> dict[str, HostSpec]:
        hosts = {}
        users: dict[IPv4Interface, str] = {}
        for name, entry in self.nodes(value, "hosts").items():
            path = f"hosts.{name}"
            if name in switches:
                self.fail(
                    path, f"{name} is already the name of a switch", "each node needs a name of its own"
                )
            document = self.mapping(entry, path)
            self.keys(document, path, required=("link",), optional=("address", "gateway", "routes"))
            host = self.host(name, document, path, switches)
            if host.address is not None:
                if host.address in users:
                    hint = "give each host its own"
                    self.fail(
                        f"{path}.address", f"{host.address} already belongs to {users[host.address]}", hint
                    )
                users[host.address] = path
            hosts[name] = host
        return hosts

    def host(
        self, name: str, document: Mapping[str, Any], path: str, switches: Mapping[str, SwitchSpec]
    ) -> HostSpec:
        link = self.port(document["link"], f"{path}.link", switches)
        address = None
        if document.get("address") is not None:
            address = self.interface(
                document["address"], f"{path}.address", "an address with its prefix length"
            )
        gateway = None
        if document.get("gateway") is not None:
            gateway = self.next_hop(document["gateway"], f"{path}.gateway", address)
        routes = document.get("routes")
        if routes is None:
            routes = []
        if not isinstance(routes, list):
            hint = "for example '- {to: 198.18.20.0/24, via: 198.18.10.254}'"
            self.fail(f"{path}.routes", "the routes must be a list", hint)
        return HostSpec(
            name=name,
            link=link,
            address=address,
            gateway=gateway,
            routes=tuple(self.route(route, f"{path}.routes[{i}]", address) for i, route in enumerate(routes)),
        )

    def route(self, value: object, path: str, address: IPv4Interface | None) -> Route:
        document = self.mapping(value, path)
        self.keys(document, path, required=("to", "via"))
        try:
            to = IPv4Network(document["to"] if isinstance(document["to"], str) else "")
        except ValueError as error:
            reason = f"{document['to']!r} is not an IPv4 network: {error}"
            self.fail(f"{path}.to", reason, "for example 198.18.20.0/24")
        return Route(to=to, via=self.next_hop(document["via"], f"{path}.via", address))

    def next_hop(self, value: object, path: str, address: IPv4Interface | None) -> IPv4Address:
        try:
            hop = IPv4Address(value if isinstance(value, str) else "")
        except ValueError:
            self.fail(
                path,
                f"{value!r} is not an IPv4 address",
                "for example 198.18.10.254, without a prefix length",
            )
        if address is None:
            self.fail(path, "a next hop needs a host with an address", "give the host an 'address'")
        if hop not in address.network or hop == address.ip:
            self.fail(path, f"{hop} is not a neighbour of {address}", f"another address of {address.network}")
        return hop

    def links(self, value: object, switches: Mapping[str, SwitchSpec]) -> tuple[Link, ...]:
        hint = "for example '- [leaf1:te-1/1/8, leaf2:te-1/1/8]'"
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fail("links", "the links must be a list of pairs", hint)
        links = []
        for index, entry in enumerate(value):
            path = f"links[{index}]"
            if not isinstance(entry, list) or len(entry) != 2:
                self.fail(path, f"{entry!r} is not a pair of ports", hint)
            a, b = (self.port(end, f"{path}[{i}]", switches) for i, end in enumerate(entry))
            links.append(Link(a, b))
        return tuple(links)

    def port(self, value: object, path: str, switches: Mapping[str, SwitchSpec]) -> PortRef:
        switch, separator, port = value.partition(":") if isinstance(value, str) else ("", "", "")
        if not separator:
            self.fail(path, f"{value!r} does not name a port", "SWITCH:PORT, for example leaf1:te-1/1/1")
        if switch not in switches:
            self.fail(path, f"there is no switch {switch!r}", suggest(switch, switches))
        if port not in switches[switch].port_names:
            last = port_name(switches[switch].ports)
            self.fail(path, f"{switch} has no port {port!r}", f"te-1/1/1 to {last}")
        ref = PortRef(switch, port)
        if ref in self.port_users:
            self.fail(path, f"{ref} is already used by {self.port_users[ref]}", "a port takes one cable")
        self.port_users[ref] = path
        return ref

    def interface(self, value: object, path: str, what: str) -> IPv4Interface:
        if isinstance(value, str) and "/" not in value:
            self.fail(
                path, f"{value!r} is not {what}: the prefix length is missing", f"for example {value}/24"
            )
        try:
            address = IPv4Interface(value if isinstance(value, str) else "")
        except ValueError as error:
            self.fail(path, f"{value!r} is not {what}: {error}", "IPv4, for example 198.18.10.1/24")
        network = address.network
        is_edge = address.ip in (network.network_address, network.broadcast_address)
        if network.prefixlen < 31 and is_edge:
            self.fail(
                path, f"{address} is the network or broadcast address of {network}", "use one in between"
            )
        if address.ip.is_multicast or address.ip.is_loopback or address.ip.is_unspecified:
            self.fail(path, f"{address} cannot be given to an interface", "a unicast address")
        return address

    def nodes(self, value: object, path: str) -> dict[str, Any]:
        document = self.mapping(value if value is not None else {}, path)
        for name in document:
            if not isinstance(name, str) or not _NODE_NAME.fullmatch(name):
                hint = "1 to 15 of a-z, 0-9 and '-' (the length of a Linux interface name); quote a number"
                self.fail(path, f"{name!r} is not a node name", hint)
            if name in _RESERVED:
                self.fail(
                    f"{path}.{name}", f"{name!r} is the name of {_RESERVED[name]}", "choose another name"
                )
        return document

    def fail(self, path: str, reason: str, hint: str = "") -> NoReturn:
        raise TopologyError(self.source, path, reason, hint)
