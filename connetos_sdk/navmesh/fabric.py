"""Follows flows from switch to switch, by asking each what it does with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from connetos_sdk.cabling import End, Link
from connetos_sdk.errors import ConnetosError, InvalidValue, NotFound
from connetos_sdk.navmesh.flow import PROTOCOLS, FiveTuple
from connetos_sdk.navmesh.foresight import Foresight, Frame
from connetos_sdk.navmesh.survey import FORMS, Survey, at_once, read
from connetos_sdk.navmesh.trips import DELIVERED, UNKNOWN, Attachment, Branch, FabricResult, Trip
from connetos_sdk.navmesh.walk import Map, Walk, floods

if TYPE_CHECKING:
    from connetos_sdk.lab import Lab
    from connetos_sdk.switch import Switch

__all__ = ["Attachment", "Fabric"]

WITHOUT_PORTS = (PROTOCOLS["icmp"], PROTOCOLS["icmpv6"], "icmp", "icmpv6")


class Fabric:
    """Switches and how they are cabled.

    Args:
        switches: connections by name.
        links: the cables between them.
        hosts: what is known of hosts; others are found by asking the switches.
        survey: what is known of the switches' tables; they are asked when it is needed otherwise.
    """

    def __init__(
        self,
        switches: Mapping[str, Switch],
        links: Iterable[Link],
        hosts: Iterable[Attachment] = (),
        survey: Survey | None = None,
    ) -> None:
        self.switches = dict(switches)
        self.hosts = {host.name: host for host in hosts}
        self._survey = survey
        self._gateways: dict[str, str] = {}
        self.far: dict[End, End] = {}
        """The other end of the cable at each port that leads to a switch."""
        for link in links:
            self.far[link.a], self.far[link.b] = link.b, link.a

    @classmethod
    def surveyed(cls, switches: Mapping[str, Switch]) -> Fabric:
        """The fabric as LLDP and the tables of the switches tell it now."""
        survey = Survey(switches)
        return cls(switches, survey.cabling.links, survey=survey)

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
            source, destination: hosts: names or addresses of those that are known; or where the switches' tables
                shall be asked, an IP address, a MAC address, `switch:port`, or an IP address, `@` and one of these.
            protocol: number or name.
            source_port, destination_port: of TCP, UDP or SCTP.
            both: follow the answers, too.

        Raises:
            NotFound: a host isn't known, or the tables tell several things of it.
            InvalidValue: this can't be a flow, or a host isn't given in a way that is understood.
        """
        there, here = self._address(destination), self._address(source)
        ports = (0, 0) if protocol in WITHOUT_PORTS else (source_port, destination_port)
        flow = FiveTuple(here, there, protocol, *ports)
        if not both:
            return self._result(self.follow(flow, source), None)
        with ThreadPoolExecutor(1, thread_name_prefix="navmesh back") as thread:
            back = thread.submit(self._back, flow.reverse, destination)
            return self._result(self.follow(flow, source), back.result())

    def _result(self, forward: Trip, back: Trip | None) -> FabricResult:
        passed = {
            hop.switch
            for trip in (forward, back)
            if trip is not None
            for branch in trip.branches
            for hop in branch.hops
        }
        doubts = self._survey.cabling.doubts if self._survey else ()
        return FabricResult(forward, back, tuple(d.reason for d in doubts if d.at.switch in passed))

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
        frame = self.first_frame(begin, flow)
        foresight = Foresight(self.switches, flow)
        if destination is not None and frame.destination_mac != destination.mac:
            foresight.look(self.far, begin.end.switch, destination.end.switch, frame.ttl)
        walk = Walk(self._map(), flow, destination, foresight)
        for end in begin.ends:
            walk.go(end, frame)
        stray: tuple[Branch, ...] = ()
        if any(branch.outcome == DELIVERED for branch in walk.branches):
            stray = tuple(b for b in walk.branches if b.outcome != DELIVERED and floods(b.hops))
        branches = tuple(branch for branch in walk.branches if branch not in stray)
        return Trip(flow, begin.name, destination.name if destination else flow.destination, branches, stray)

    def _map(self) -> Map:
        behind = {end: f"host {host.name}" for host in self.hosts.values() for end in host.ends}
        if self._survey is None:
            return Map(self.switches, self.far, behind=behind)
        strangers = {
            one.at: one.neighbor.system_name or one.neighbor.chassis_id
            for one in self._survey.cabling.strangers
            if {"Bridge", "Router"} & set(one.neighbor.capabilities)
        }
        known = {at: f"{name}, which isn't among the switches" for at, name in strangers.items()}
        doubts = {doubt.at: doubt for doubt in self._survey.cabling.doubts}
        return Map(self.switches, self.far, doubts, self._survey.silent, known | behind)

    # -- hosts ------------------------------------------------------------------------------------------

    def _address(self, host: str) -> str:
        """Its IP address; a host that is given in another way is looked for."""
        if host in self.hosts:
            if not self.hosts[host].ip:
                raise NotFound(f"the address of host {host} isn't known", hint="give the address")
            return self.hosts[host].ip
        try:
            named = read(host)
        except InvalidValue:
            known = ", ".join(sorted(self.hosts)) or "none is known by name"
            raise NotFound(f"there is no host {host}", hint=f"{FORMS}, or one of {known}") from None
        if not named.mac and named.end is None and self._survey is None:
            return named.address
        try:
            self.hosts[host] = self._tables().place(host)
        except NotFound:
            if named.mac or named.end:
                raise
            return named.address  # a destination may be outside, and so may a source
        return self.hosts[host].ip

    def _tables(self) -> Survey:
        self._survey = self._survey or Survey(self.switches, self.far)
        return self._survey

    def _by_address(self, address: str) -> Attachment | None:
        return next((host for host in self.hosts.values() if host.ip == address), None)

    def _locate(self, flow: FiveTuple) -> Attachment:
        """Ask all switches behind which port the source is that leads to no other switch."""
        answers, silent = at_once(self.switches, lambda switch: switch.navmesh(flow))
        for name, answer in answers.items():
            for path in answer.paths:
                if path.ingress and path.ingress.port and self._is_edge(End(name, path.ingress.port)):
                    return Attachment(flow.source, End(name, path.ingress.port), flow.source)
        told = "; ".join(f"{name}: {reason}" for name, reason in silent.items())
        hint = f"not asked: {told}" if silent else f"has it sent anything lately? otherwise give {FORMS}"
        raise NotFound(f"no switch knows where {flow.source} is", hint=hint)

    def _is_edge(self, end: End) -> bool:
        return end not in self.far and not (self._survey and end in self._survey.doubts)

    def first_frame(self, begin: Attachment, flow: FiveTuple) -> Frame:
        """The frame that a host sends, as far as it is known: to the destination itself or to its gateway."""
        vlan = begin.vlan if begin.tagged else None
        if not begin.mac or "/" not in begin.address:
            return Frame(vlan=vlan, source_mac=begin.mac, destination_mac=self._beside(begin, flow))
        destination = self._by_address(flow.destination)
        if ipaddress.ip_address(flow.destination) in ipaddress.ip_interface(begin.address).network:
            mac = destination.mac if destination else ""
            return Frame(vlan=vlan, source_mac=begin.mac, destination_mac=mac)
        return Frame(
            vlan=vlan,
            source_mac=begin.mac,
            destination_mac=begin.gateway_mac or self._mac_of(begin.gateway, begin.end.switch),
        )

    def _beside(self, begin: Attachment, flow: FiveTuple) -> str:
        """The destination's MAC address, if it is in the same VLAN; no switch that is asked is a router there."""
        destination = self._by_address(flow.destination)
        near = destination is not None and begin.vlan is not None and destination.vlan == begin.vlan
        return destination.mac if destination is not None and near else ""

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


def _plain(addresses: Iterable[str]) -> list[str]:
    return [address.partition("/")[0] for address in addresses]
