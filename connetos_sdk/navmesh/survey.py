"""Finds out of the switches themselves what is needed to follow a flow: cables, and where hosts are.

    fabric = Fabric.surveyed(switches)
    print(fabric.navmesh("198.18.1.1", "02:00:00:00:00:07"))

A host is behind a port that no switch is behind (as LLDP tells), in whose VLAN the MAC table has it; which MAC address
belongs to an IP address is in the ARP tables of the switches that have an address in that VLAN.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connetos_sdk.cabling import Advertised, Cabling, End, advertised, cabling
from connetos_sdk.errors import ConnetosError, InvalidValue, NotFound
from connetos_sdk.navmesh.trips import Attachment
from connetos_sdk.results import MacEntry, VlanInterfaceState

if TYPE_CHECKING:
    from connetos_sdk.switch import Switch

AT_ONCE = 32
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_END = re.compile(r"(?P<switch>[^\s:@]+):(?P<port>[a-z]{2}-\d{1,2}/\d{1,2}/\d{1,3})")
FORMS = "ADDRESS, MAC or SWITCH:PORT, or ADDRESS@MAC or ADDRESS@SWITCH:PORT"

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What one switch has: LLDP, MAC table, ARP table (address, MAC) and VLAN interfaces."""

    lldp: Advertised
    macs: list[MacEntry]
    arp: list[tuple[str, str]]
    interfaces: Mapping[str, VlanInterfaceState]


@dataclass(frozen=True)
class Named:
    """How a host is given: each part empty or None where it isn't said."""

    address: str = ""
    mac: str = ""
    end: End | None = None


def known(switch: Switch) -> Known:
    """Ask one switch.

    Raises:
        ConnetosError: it doesn't answer.
    """
    return Known(
        advertised(switch),
        switch.mac_table(),
        [(entry["address"], entry["mac"].lower()) for entry in switch.state("arp")["entries"]],
        switch.vlan_interfaces(),
    )


def at_once(
    switches: Mapping[str, Switch], ask: Callable[[Switch], T]
) -> tuple[dict[str, T], dict[str, str]]:
    """What each switch answers, and why those that don't."""

    def one(switch: Switch) -> T | ConnetosError:
        try:
            return ask(switch)
        except ConnetosError as error:
            return error

    with ThreadPoolExecutor(max(1, min(AT_ONCE, len(switches))), thread_name_prefix="survey") as threads:
        answers = dict(zip(switches, threads.map(one, switches.values()), strict=True))
    told = {name: answer for name, answer in answers.items() if not isinstance(answer, ConnetosError)}
    return told, {name: str(answer) for name, answer in answers.items() if isinstance(answer, ConnetosError)}


class Survey:
    """The cables and tables of all switches at one moment.

    Args:
        switches: connections by name; all are asked now, at once.
        inner: ports behind which a switch is, besides those that LLDP tells.
    """

    def __init__(self, switches: Mapping[str, Switch], inner: Iterable[End] = ()) -> None:
        self._switches = switches
        self.known, self.silent = at_once(switches, known)
        self.cabling: Cabling = cabling({name: one.lldp for name, one in self.known.items()}, self.silent)
        self._inner = {*inner, *(end for link in self.cabling.links for end in (link.a, link.b))}
        self.doubts = {doubt.at: doubt.reason for doubt in self.cabling.doubts}

    # -- hosts ------------------------------------------------------------------------------------------

    def place(self, text: str) -> Attachment:
        """Where the host given by `text` is (`FORMS`), with its address.

        Raises:
            InvalidValue: it isn't given in a way that can be understood.
            NotFound: the tables don't tell, or tell several things; the error says what would.
        """
        host = read(text)
        mac = host.mac or self._mac_of(host)
        found = self._at(host, mac) if host.end is None else (host.end, None)
        address = host.address or self._address_of(text, host, mac)
        end, vlan = found
        if end.switch not in self._switches:
            raise NotFound(f"there is no switch {end.switch}", hint=", ".join(sorted(self._switches)))
        if not mac and host.end is not None:
            mac = self._mac_at(host.end)
        if vlan is None:
            vlan = next((e.vlan_id for e in self._entries(end) if e.mac_address == mac), None)
        return self._attached(text, end, vlan, address, mac)

    def _mac_of(self, host: Named) -> str:
        """The MAC address that the switches' ARP tables have for an address; empty if there is none."""
        if not host.address:
            return ""
        owner = next((name for name, _ in self._owners(host.address)), "")
        if owner:
            raise NotFound(f"{host.address} is an address of {owner}", hint="a flow begins at a host here")
        told: dict[str, str] = {}
        for name, one in self.known.items():
            told.update({mac: name for address, mac in one.arp if address == host.address})
        if len(told) > 1:
            said = " and ".join(f"{name} has {mac}" for mac, name in sorted(told.items()))
            raise NotFound(f"{host.address} has several MAC addresses: {said}", hint="say which: ADDRESS@MAC")
        if told or host.end is not None:
            return next(iter(told), "")
        hint = "has it sent anything lately? otherwise say where it is: ADDRESS@MAC or ADDRESS@SWITCH:PORT"
        raise NotFound(f"no switch knows where {host.address} is{self._not_asked()}", hint=hint)

    def _at(self, host: Named, mac: str) -> tuple[End, int | None]:
        """The one port with no switch behind it at which a MAC address is, and the VLAN."""
        who = f"{host.address} ({mac})" if host.address else mac
        edges: dict[End, int] = {}
        inner: list[End] = []
        for name, one in self.known.items():
            for entry in (e for e in one.macs if e.mac_address == mac):
                at = End(name, entry.interface)
                if self._leads_on(at):
                    inner.append(at)
                else:
                    edges[at] = entry.vlan_id
        if len(edges) == 1:
            return next(iter(edges.items()))
        if edges:
            raise NotFound(
                f"{who} is at {' and at '.join(sorted(map(str, edges)))}",
                hint="say which: ADDRESS@SWITCH:PORT",
            )
        if inner:
            doubt = next((self.doubts[at] for at in inner if at in self.doubts), "")
            why = doubt or f"{inner[0]} has it, and that leads to another switch"
            raise NotFound(f"at which port {who} is isn't known: {why}{self._not_asked()}")
        raise NotFound(
            f"no switch has {who} in its MAC table{self._not_asked()}", hint="has it sent anything lately?"
        )

    def _address_of(self, text: str, host: Named, mac: str) -> str:
        mac = mac or (self._mac_at(host.end) if host.end else "")
        found = sorted({a for one in self.known.values() for a, m in one.arp if m == mac and mac})
        if len(found) == 1:
            return found[0]
        said = (
            f"{text} has several addresses: {', '.join(found)}"
            if found
            else f"no switch knows the address of {text}"
        )
        raise NotFound(said, hint=f"give it, too: ADDRESS@{text}")

    def _mac_at(self, end: End) -> str:
        """The MAC address at a port, if exactly one is there."""
        macs = {entry.mac_address for entry in self._entries(end)}
        return next(iter(macs)) if len(macs) == 1 else ""

    def _entries(self, end: End) -> Iterator[MacEntry]:
        one = self.known.get(end.switch)
        yield from (entry for entry in (one.macs if one else ()) if entry.interface == end.port)

    def _leads_on(self, at: End) -> bool:
        """Whether a switch is, or may be, behind a port or behind a member of an aggregate."""
        ports = self._members(at) if at.port.startswith("ae") else (at,)
        return any(port in self._inner or port in self.doubts for port in ports)

    def _members(self, at: End) -> tuple[End, ...]:
        aggregate = self._switches[at.switch].aggregates().get(at.port)
        return tuple(End(at.switch, port) for port in aggregate.members) if aggregate else ()

    def _attached(self, name: str, end: End, vlan: int | None, address: str, mac: str) -> Attachment:
        kind = "aggregate-ethernet" if end.port.startswith("ae") else "gigabit-ethernet"
        ends = self._members(end) if kind == "aggregate-ethernet" else (end,)
        if not ends:
            raise NotFound(f"{end} has no members")
        gateways = [i for _, i in self._gateways(address) if i.vlan_id == vlan] if vlan else []
        length, gateway, gateway_mac = "", "", ""
        if len(gateways) == 1:
            network = _network(gateways[0], address)
            length, gateway, gateway_mac = f"/{network.network.prefixlen}", str(network.ip), gateways[0].mac
        tagged = vlan is not None and vlan != self._native(end, kind)
        return Attachment(
            name, ends[0], address + length, gateway, mac, gateway_mac, vlan, tagged=tagged, also=ends[1:]
        )

    def _native(self, end: End, kind: str) -> int:
        path = ("interface", kind, end.port, "family", "ethernet-switching")
        return int(self._switches[end.switch].config(path, defaults=True)["native-vlan-id"])

    def _gateways(self, address: str) -> Iterator[tuple[str, VlanInterfaceState]]:
        """VLAN interfaces in whose subnet an address is."""
        for name, one in self.known.items():
            for interface in one.interfaces.values():
                if any(ipaddress.ip_address(address) in n.network for n in _networks(interface)):
                    yield name, interface

    def _owners(self, address: str) -> Iterator[tuple[str, VlanInterfaceState]]:
        """Switches that have an address themselves."""
        for name, interface in self._gateways(address):
            if any(network.ip == ipaddress.ip_address(address) for network in _networks(interface)):
                yield name, interface

    def _not_asked(self) -> str:
        return f" ({', '.join(self.silent)} didn't answer)" if self.silent else ""


def read(text: str) -> Named:
    """A host as it is given (`FORMS`).

    Raises:
        InvalidValue: that isn't one.
    """
    first, at, rest = text.partition("@")
    if at:
        address, place = read(first), read(rest)
        if address.address and not (address.mac or address.end or place.address):
            return Named(address.address, place.mac, place.end)
    elif _MAC.fullmatch(text.lower()):
        return Named(mac=text.lower())
    elif match := _END.fullmatch(text):
        return Named(end=End(match["switch"], match["port"]))
    else:
        try:
            return Named(address=str(ipaddress.ip_address(text)))
        except ValueError:
            pass
    raise InvalidValue(f"{text!r} isn't a host", hint=FORMS)


Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _networks(interface: VlanInterfaceState) -> list[Interface]:
    return [ipaddress.ip_interface(address) for address in interface.addresses]


def _network(interface: VlanInterfaceState, address: str) -> Interface:
    return next(n for n in _networks(interface) if ipaddress.ip_address(address) in n.network)
