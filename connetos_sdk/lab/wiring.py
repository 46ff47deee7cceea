"""Cables: veth pairs between namespaces, and the bridge of the management network.

Every pair is made directly inside its two namespaces, so that no name of a lab ever shows outside.
"""

from __future__ import annotations

import array
import fcntl
import hashlib
import itertools
import socket
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connetos_sdk.lab.errors import CommandError
from connetos_sdk.lab.namespaces import batch, inside, namespace_name
from connetos_sdk.lab.topology import HostSpec, PortRef, Topology, netdev_name

MANAGEMENT_NODE = "mgmt"
MANAGEMENT_BRIDGE = "mgmt"
MANAGEMENT_PORT = "eth0"
HOST_PORT = "eth0"

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCETHTOOL = 0x8946
_ETHTOOL_STXCSUM = 0x17
_IFF_UP = 0x1


@dataclass(frozen=True)
class End:
    """One end of a cable: an interface in a namespace."""

    namespace: str
    interface: str

    @property
    def mac(self) -> str:
        """A MAC address that is the same each time the lab is built, so that bridge identifiers are, too."""
        digest = hashlib.sha256(f"{self.namespace}/{self.interface}".encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


@dataclass(frozen=True)
class Cable:
    """A veth pair. The far end of a parked cable stays down: the switch sees an empty port."""

    near: End
    far: End
    parked: bool = False

    @property
    def ends(self) -> tuple[End, End]:
        """Both ends."""
        return self.near, self.far


@dataclass(frozen=True)
class Wiring:
    """All cables of a topology."""

    topology: Topology
    environment: Mapping[str, str]

    @property
    def management(self) -> str:
        """The namespace that holds the management bridge and the far ends of unused ports."""
        return namespace_name(self.topology.name, MANAGEMENT_NODE)

    def namespaces(self) -> list[str]:
        """Every network namespace that the lab consists of."""
        nodes = [MANAGEMENT_NODE, *self.topology.switches, *self.topology.hosts]
        return [namespace_name(self.topology.name, node) for node in nodes]

    def cables(self) -> list[Cable]:
        """Every veth pair that the lab consists of."""
        return [*self._management(), *self._links(), *self._parked()]

    def lay(self, *, all_up: bool) -> int:
        """Lay the cables that are missing and return how many those were.

        Ports of switches are set up only when they are new (or `all_up`, to finish what was interrupted):
        afterwards their state is the business of the switch's agent.

        Raises:
            CommandError: `ip` refused.
            LabError, OSError: an interface could not be prepared.
        """
        cables = self.cables()
        present = {name: _interfaces(name) for name in self.namespaces()}
        missing = [
            cable
            for cable in cables
            if any(end.interface not in present[end.namespace] for end in cable.ends)
        ]
        self._remove_halves(missing, present)
        bridge = [f"link add {MANAGEMENT_BRIDGE} netns {self.management} type bridge mcast_snooping 0"]
        has_bridge = MANAGEMENT_BRIDGE in present[self.management]
        batch(None, [*([] if has_bridge else bridge), *map(_add_line, missing)], self.environment)
        self._prepare(cables, set(cables if all_up else missing))
        self._connect_management()
        self._address_hosts()
        return len(missing)

    def _management(self) -> Iterator[Cable]:
        for name in self.topology.switches:
            yield Cable(End(self._node(name), MANAGEMENT_PORT), End(self.management, name))

    def _links(self) -> Iterator[Cable]:
        for host in self.topology.hosts.values():
            yield Cable(self._port(host.link), End(self._node(host.name), HOST_PORT))
        for link in self.topology.links:
            yield Cable(self._port(link.a), self._port(link.b))

    def _parked(self) -> Iterator[Cable]:
        links = itertools.chain.from_iterable((link.a, link.b) for link in self.topology.links)
        used = {*links, *(host.link for host in self.topology.hosts.values())}
        for index, switch in enumerate(self.topology.switches.values()):
            for number, port in enumerate(switch.port_names, start=1):
                ref = PortRef(switch.name, port)
                if ref not in used:
                    # The underscores keep these names apart from the switches' names beside them.
                    yield Cable(self._port(ref), End(self.management, f"p{index}_{number}"), parked=True)

    def _node(self, name: str) -> str:
        return namespace_name(self.topology.name, name)

    def _port(self, ref: PortRef) -> End:
        return End(self._node(ref.switch), netdev_name(ref.port))

    def _remove_halves(self, missing: Iterable[Cable], present: Mapping[str, Collection[str]]) -> None:
        """Remove single ends: the kernel deletes an interface some time after the namespace of its peer."""
        halves = defaultdict(set)
        for cable in missing:
            for end in cable.ends:
                if end.interface in present[end.namespace]:
                    halves[end.namespace].add(end.interface)
        for namespace, names in halves.items():
            # The kernel may be quicker, so each one is asked for anew and by itself.
            for name in sorted(names & _interfaces(namespace)):
                try:
                    batch(namespace, [f"link delete {name}"], self.environment)
                except CommandError:
                    if name in _interfaces(namespace):
                        raise

    def _prepare(self, cables: Iterable[Cable], fresh: Collection[Cable]) -> None:
        everything = defaultdict(list)
        to_set_up = defaultdict(list)
        for cable in cables:
            for end in cable.ends:
                everything[end.namespace].append(end.interface)
            if cable in fresh:
                for end in (cable.near,) if cable.parked else cable.ends:
                    to_set_up[end.namespace].append(end.interface)
        switches = {self._node(name) for name in self.topology.switches}
        for namespace in self.namespaces():
            interfaces, up = everything[namespace], to_set_up[namespace]
            # In a switch IPv6 is the agent's decision, except on ports, which are not the kernel's to use.
            quiet = [name for name in interfaces if name != MANAGEMENT_PORT]
            quiet = quiet if namespace in switches else ["all", "default", *interfaces]
            always_up = ["lo"] if namespace in switches else ["lo", *interfaces[:1]]
            if namespace == self.management:
                always_up = ["lo", MANAGEMENT_BRIDGE]
            inside(namespace, partial(prepare_interfaces, interfaces, quiet, [*always_up, *up]))

    def _connect_management(self) -> None:
        own = self.topology.management_address
        ports = [f"link set {name} master {MANAGEMENT_BRIDGE}" for name in self.topology.switches]
        address = f"address replace {own} dev {MANAGEMENT_BRIDGE}"
        batch(self.management, [*ports, address], self.environment)

    def _address_hosts(self) -> None:
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(self._address_host, self.topology.hosts.values()))

    def _address_host(self, host: HostSpec) -> None:
        lines = [f"address replace {host.address} dev {HOST_PORT}"] if host.address else []
        lines += [f"route replace default via {host.gateway}"] if host.gateway else []
        lines += [f"route replace {route.to} via {route.via}" for route in host.routes]
        batch(self._node(host.name), lines, self.environment)


def prepare_interfaces(interfaces: Iterable[str], without_ipv6: Iterable[str], up: Iterable[str]) -> None:
    """Prepare veth ends in the current network namespace: no checksum offload, no IPv6 of their own, then up.

    Raises:
        OSError: an interface is missing, or the kernel refused.
    """
    for name in without_ipv6:
        switch = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
        if switch.exists():
            switch.write_text("1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name in interfaces:
            # A frame whose checksum was left to the "hardware" of a veth passes a userspace switch without
            # one, and the receiver drops it.
            value = array.array("I", [_ETHTOOL_STXCSUM, 0])
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), value.buffer_info()[0]))
        for name in up:
            answer = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sH22x", name.encode(), 0))
            flags: int = struct.unpack_from("16sH", answer)[1]
            if not flags & _IFF_UP:
                request = struct.pack("16sH22x", name.encode(), flags | _IFF_UP)
                fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def _add_line(cable: Cable) -> str:
    near, far = cable.ends
    return (
        f"link add {near.interface} netns {near.namespace} address {near.mac} type veth "
        f"peer name {far.interface} netns {far.namespace} address {far.mac}"
    )


def _interfaces(namespace: str) -> set[str]:
    return {name for _, name in inside(namespace, socket.if_nameindex)}
