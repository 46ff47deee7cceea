"""Follows a flow from switch to switch, by asking each what it does with it.

The walk begins at the port of the sending host and goes along the links. Each switch is told what its predecessor
sends: VLAN tag, MAC addresses and time to live. Where a switch has several ways the walk takes them all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connetos_sdk.cabling import End, Link
from connetos_sdk.errors import ConnetosError, NotFound
from connetos_sdk.navmesh.flow import FiveTuple
from connetos_sdk.navmesh.results import Path
from connetos_sdk.results import Result

if TYPE_CHECKING:
    from connetos_sdk.lab import Lab
    from connetos_sdk.switch import Switch

MAX_HOPS = 64
MAX_QUESTIONS = 1024
DELIVERED, DROPPED, UNKNOWN = "delivered", "dropped", "unknown"
LOOP, LEFT, FLOODED, NO_ANSWER, LOCAL = "loop", "left", "flooded", "no-answer", "local"


@dataclass(frozen=True)
class Attachment:
    """Where a host is: its port, and what is known of it; empty is not known.

    `address` has a prefix length. `gateway_mac` is what the host's ARP table has for its gateway; by default it is
    that of the switch that has the gateway's address.
    """

    name: str
    end: End
    address: str = ""
    gateway: str = ""
    mac: str = ""
    gateway_mac: str = ""

    @property
    def ip(self) -> str:
        """Its address without the length."""
        return self.address.partition("/")[0]


@dataclass(frozen=True)
class Hop(Result):
    """One switch on the way; `path` is what it does, None if it didn't answer."""

    switch: str
    ingress: str
    path: Path | None
    egress: str = ""


@dataclass(frozen=True)
class Branch(Result):
    """One way from the sender on, to its end.

    Attributes:
        hops: the switches, in order.
        outcome: `delivered`, `dropped`, `local` (to a switch itself), `left` (out of a port behind which something
            else is), `flooded` (the same, in the hope that it is there), `loop`, `no-answer` or `unknown`.
        reason: why, unless delivered.
        where: the switch, or the switch and port, where it ends.
        configuration: lines of that switch's configuration to blame.
        missing: a line that would help there.
    """

    hops: tuple[Hop, ...]
    outcome: str
    reason: str
    where: str
    configuration: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def ports(self) -> list[tuple[str, str, str]]:
        """Each switch with the ports of ingress and egress; an egress of nothing is empty."""
        return [(hop.switch, hop.ingress, hop.egress) for hop in self.hops]


@dataclass(frozen=True)
class Trip(Result):
    """One direction: every way that the flow may take, exactly one where the tables decide it."""

    flow: FiveTuple
    source: str
    destination: str
    branches: tuple[Branch, ...]
    stray: tuple[Branch, ...] = ()
    """Where a flooded frame gets to besides, when it gets to the destination."""

    @property
    def outcome(self) -> str:
        """`delivered` if every branch is, `partly` if some are, else that of the first."""
        outcomes = {branch.outcome for branch in self.branches}
        if outcomes == {DELIVERED}:
            return DELIVERED
        return "partly" if DELIVERED in outcomes else self.branches[0].outcome


@dataclass(frozen=True)
class FabricResult(Result):
    """Both directions; `back` is None when it wasn't asked for."""

    forward: Trip
    back: Trip | None

    @property
    def delivered(self) -> bool:
        """Whether the hosts can talk."""
        return self.forward.outcome == DELIVERED and (self.back is None or self.back.outcome == DELIVERED)


@dataclass(frozen=True)
class Frame:
    """What arrives at a port; no `vlan` is an untagged frame, empty addresses aren't known."""

    ttl: int = 64
    vlan: int | None = None
    source_mac: str = ""
    destination_mac: str = ""

    def arguments(self) -> dict[str, Any]:
        """As arguments of the operation `navmesh`."""
        given = {
            "ingress_vlan": self.vlan, "source_mac": self.source_mac or None,
            "destination_mac": self.destination_mac or None,
        }  # fmt: skip
        return {"ttl": self.ttl} | {name: value for name, value in given.items() if value is not None}


@dataclass
class _Walk:
    flow: FiveTuple
    destination: Attachment | None
    questions: int = 0
    branches: list[Branch] = field(default_factory=list)


class Fabric:
    """Switches and how they are cabled.

    Args:
        switches: connections by name.
        links: the cables between them.
        hosts: what is known of hosts; others are found by asking the switches.
    """

    def __init__(
        self, switches: Mapping[str, Switch], links: Iterable[Link], hosts: Iterable[Attachment] = ()
    ) -> None:
        self.switches = dict(switches)
        self.hosts = {host.name: host for host in hosts}
        self._gateways: dict[str, str] = {}
        self.far: dict[End, End] = {}
        """The other end of the cable at each port that leads to a switch."""
        for link in links:
            self.far[link.a], self.far[link.b] = link.b, link.a
        self._host_at = {host.end: host for host in self.hosts.values()}

    @classmethod
    def of_lab(cls, lab: Lab, switches: Mapping[str, Switch]) -> Fabric:
        """The fabric of a lab that is up: its links and hosts, with their MAC addresses."""
        topology = lab.topology
        links = [Link(End(x.a.switch, x.a.port), End(x.b.switch, x.b.port)) for x in topology.links]
        hosts = [
            Attachment(
                name,
                End(spec.link.switch, spec.link.port),
                str(spec.address or ""),
                str(spec.gateway or ""),
                lab.host(name).run(["cat", "/sys/class/net/eth0/address"]).stdout.strip(),
            )
            for name, spec in topology.hosts.items()
        ]
        return cls(switches, links, hosts)

    # -- questions --------------------------------------------------------------------------------------

    def navmesh(
        self, source: str, destination: str, protocol: int | str = "tcp", source_port: int = 40000,
        destination_port: int = 443, *, both: bool = True,
    ) -> FabricResult:  # fmt: skip
        """Where a flow between two hosts goes, and where it stops.

        Args:
            source, destination: names of hosts, or addresses.
            protocol: number or name.
            source_port, destination_port: of TCP, UDP or SCTP.
            both: follow the answers, too.

        Raises:
            NotFound: a host isn't known.
            InvalidValue: this can't be a flow.
        """
        there, here = self._address(destination), self._address(source)
        ports = (source_port, destination_port) if protocol not in (1, 58, "icmp", "icmpv6") else (0, 0)
        flow = FiveTuple(here, there, protocol, *ports)
        forward = self.follow(flow, source)
        return FabricResult(forward, self._back(flow.reverse, destination) if both else None)

    def _back(self, flow: FiveTuple, source: str) -> Trip:
        """The answers; where they begin is unknown for a destination outside."""
        try:
            return self.follow(flow, source)
        except NotFound as error:
            nowhere = Branch((), UNKNOWN, str(error), flow.source)
            return Trip(flow, source, flow.destination, (nowhere,))

    def follow(self, flow: FiveTuple, source: str = "") -> Trip:
        """One direction of a flow, from the host named `source`, or wherever its address is.

        Raises:
            NotFound: no switch knows where the source is.
        """
        begin = self.hosts.get(source) or self._by_address(flow.source) or self._locate(flow)
        destination = self._by_address(flow.destination)
        walk = _Walk(flow, destination)
        self._step(walk, begin.end, self.first_frame(begin, flow), (), frozenset())
        stray: tuple[Branch, ...] = ()
        if any(branch.outcome == DELIVERED for branch in walk.branches):
            stray = tuple(b for b in walk.branches if b.outcome != DELIVERED and _floods(b.hops))
        branches = tuple(branch for branch in walk.branches if branch not in stray)
        return Trip(flow, begin.name, destination.name if destination else flow.destination, branches, stray)

    # -- hosts ------------------------------------------------------------------------------------------

    def _address(self, host: str) -> str:
        if host in self.hosts:
            if not self.hosts[host].ip:
                raise NotFound(f"the address of host {host} isn't known", hint="give the address")
            return self.hosts[host].ip
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            known = ", ".join(sorted(self.hosts)) or "none is known by name"
            raise NotFound(f"there is no host {host}", hint=f"an address, or one of {known}") from None

    def _by_address(self, address: str) -> Attachment | None:
        return next((host for host in self.hosts.values() if host.ip == address), None)

    def _locate(self, flow: FiveTuple) -> Attachment:
        """Ask all switches behind which port the source is that leads to no other switch."""
        silent = []
        for name, switch in self.switches.items():
            try:
                paths = switch.navmesh(flow).paths
            except ConnetosError as error:
                silent.append(f"{name} ({error.reason})")
                continue
            for path in paths:
                if path.ingress and path.ingress.port and End(name, path.ingress.port) not in self.far:
                    return Attachment(flow.source, End(name, path.ingress.port), flow.source)
        hint = f"not asked: {', '.join(silent)}" if silent else "has it sent anything lately?"
        raise NotFound(f"no switch knows where {flow.source} is", hint=hint)

    def first_frame(self, begin: Attachment, flow: FiveTuple) -> Frame:
        """The frame that a host sends, as far as it is known: to the destination itself or to its gateway."""
        if not begin.mac or "/" not in begin.address:
            return Frame(source_mac=begin.mac)
        destination = self._by_address(flow.destination)
        if ipaddress.ip_address(flow.destination) in ipaddress.ip_interface(begin.address).network:
            return Frame(source_mac=begin.mac, destination_mac=destination.mac if destination else "")
        return Frame(
            source_mac=begin.mac,
            destination_mac=begin.gateway_mac or self._mac_of(begin.gateway, begin.end.switch),
        )

    def _mac_of(self, gateway: str, near: str) -> str:
        """The MAC address of the switch that has a gateway's address; remembered, as hosts do it, once it is known."""
        order = sorted(self.switches, key=lambda name: name != near)
        for name in order if gateway and gateway not in self._gateways else ():
            try:
                interfaces = self.switches[name].vlan_interfaces().values()
            except ConnetosError:
                continue
            if mac := next((i.mac for i in interfaces if gateway in _plain(i.addresses)), ""):
                self._gateways[gateway] = mac
                break
        return self._gateways.get(gateway, "")

    # -- the walk ---------------------------------------------------------------------------------------

    def _step(
        self,
        walk: _Walk,
        at: End,
        frame: Frame,
        hops: tuple[Hop, ...],
        been: frozenset[tuple[End, int | None]],
    ) -> None:
        switch = self.switches.get(at.switch)
        here = (*hops, Hop(at.switch, at.port, None))
        walk.questions += 1
        if (at, frame.vlan) in been:
            walk.branches.append(Branch(hops, LOOP, f"it comes back to {at}", str(at)))
            return
        if len(hops) >= MAX_HOPS or walk.questions > MAX_QUESTIONS:
            walk.branches.append(
                Branch(hops, UNKNOWN, "too many switches on the way: not followed further", str(at))
            )
            return
        if switch is None:
            walk.branches.append(Branch(here, NO_ANSWER, f"{at.switch} isn't among the switches", at.switch))
            return
        try:
            answer = switch.navmesh(walk.flow, ingress_port=at.port, **frame.arguments())
        except ConnetosError as error:
            walk.branches.append(Branch(here, NO_ANSWER, str(error), at.switch))
            return
        for path in answer.paths:
            ahead = self._go_on(walk, Hop(at.switch, at.port, path), frame, hops)
            for far, sent, taken in ahead:
                self._step(walk, far, sent, taken, been | {(at, frame.vlan)})

    def _go_on(
        self, walk: _Walk, hop: Hop, frame: Frame, hops: tuple[Hop, ...]
    ) -> Iterator[tuple[End, Frame, tuple[Hop, ...]]]:
        """Where a switch sends it on: the far end, the frame, and the hops until there; ends of the way are noted."""
        path = hop.path
        assert path is not None  # noqa: S101 - the switch has answered
        if path.fate not in ("forwarded", "flooded") or not path.out:
            outcome = path.fate if path.fate in (DROPPED, LOCAL) else UNKNOWN
            reason = path.reason or f"{walk.flow.destination} is an address of {hop.switch}"
            where = f"{hop.switch}:{path.egress[0].port if path.egress else hop.ingress}"
            walk.branches.append(
                Branch((*hops, hop), outcome, reason, where, path.configuration, path.missing)
            )
            return
        for egress in (one for one in path.egress if one.up):
            taken = (*hops, replace(hop, egress=egress.port))
            leaving = End(hop.switch, egress.port)
            far = self.far.get(leaving)
            if far is None:
                walk.branches.append(self._arrived(walk, leaving, path, taken))
                continue
            sent = Frame(
                ttl=path.frame.get("ttl", frame.ttl),
                vlan=egress.vlan if egress.tagged else None,
                source_mac=path.frame.get("source_mac", frame.source_mac),
                destination_mac=path.frame.get("destination_mac", frame.destination_mac),
            )
            yield far, sent, taken

    def _arrived(self, walk: _Walk, at: End, path: Path, hops: tuple[Hop, ...]) -> Branch:
        host = self._host_at.get(at)
        if walk.destination is not None and at == walk.destination.end:
            return Branch(hops, DELIVERED, "", str(at))
        if walk.destination is None and host is None and not path.next_hop and path.fate == "forwarded":
            return Branch(hops, DELIVERED, "", str(at))
        outcome = FLOODED if _floods(hops) else LEFT
        behind = f"host {host.name}" if host else "nothing that is known"
        lines = tuple(line for step in path.steps if step.table == "route" for line in step.configuration)
        return Branch(hops, outcome, f"it goes out of {at}, behind which is {behind}", str(at), lines)


def _floods(hops: tuple[Hop, ...]) -> bool:
    return any(hop.path is not None and hop.path.fate == "flooded" for hop in hops)


def _plain(addresses: Iterable[str]) -> list[str]:
    return [address.partition("/")[0] for address in addresses]
