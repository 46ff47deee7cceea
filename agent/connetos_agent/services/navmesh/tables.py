"""The tables of one switch that decide about a flow, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.kernel.links import Device
from connetos_agent.dataplane.openvswitch.driver import OpenVSwitchObserver
from connetos_agent.dataplane.states.firewall import MetFilter
from connetos_agent.dataplane.states.ports import Port
from connetos_agent.services.navmesh.bridge import LABEL, Bridge, MetTerm, Output, Verdict
from connetos_agent.services.navmesh.flow import Address
from connetos_agent.services.navmesh.kernel import Kernel, Neighbour
from connetos_sdk.model import setlines
from connetos_sdk.model.rules import AGGREGATES, FILTERS, PORTS, ROUTES, TERMS, VLANS
from connetos_sdk.model.tree import Document, get


@dataclass(frozen=True)
class Interface:
    """A VLAN interface: its name, which is its device's, the VLAN, and the device itself."""

    name: str
    vlan: int
    device: Device


class Tables:
    """What one question may look at; made for it, so that it sees one configuration.

    Args:
        manager: for the running configuration and the names of ports.
        bridge, kernel: what is asked.
        ports: the driver's view of ports and their VLANs.
    """

    def __init__(
        self, manager: ConfigManager, bridge: Bridge, kernel: Kernel, ports: OpenVSwitchObserver
    ) -> None:
        self.bridge = bridge
        self.kernel = kernel
        self.running: Document = manager.running.document
        self._ports = ports
        self.platform = manager.dataplane.platform
        self._devices: dict[str, Device | None] = {}

    # -- ports ----------------------------------------------------------------------------------------

    @cached_property
    def _port_of(self) -> dict[str, str]:
        return {device: port for port, device in self.platform.ports.items()}

    @property
    def port_names(self) -> list[str]:
        """All ports of the switch."""
        return list(self.platform.ports)

    def device_of(self, port: str) -> str:
        """The network device of a port."""
        return self.platform.ports[port]

    def port_of(self, device: str) -> str:
        """The port of a network device; the device's name if it is none."""
        return self._port_of.get(device, device)

    def is_port(self, device: str) -> bool:
        """Whether a network device is that of a port."""
        return device in self._port_of

    def vlans_of(self, port: str) -> Port | None:
        """Mode and VLANs of a port, or of its aggregate, as Open vSwitch has them."""
        target = ObjectKey("port", self.aggregate_of(port) or port)
        found = self._ports.observe([target])[target]
        return found if isinstance(found, Port) else None

    def aggregate_of(self, port: str) -> str:
        """The aggregate that a port is a member of; empty if it isn't."""
        name: str = get(self.running, (*PORTS, port, "ether-options", "802.3ad"), "")
        return name

    def members(self, aggregate: str) -> list[str]:
        """The ports of an aggregate."""
        return [port for port in self.platform.ports if self.aggregate_of(port) == aggregate]

    def device(self, name: str) -> Device | None:
        """The kernel's view of a network device."""
        if name not in self._devices:
            self._devices[name] = self.kernel.device(name)
        return self._devices[name]

    def down(self, device: str) -> str:
        """Why nothing passes a port's device now; empty if it is up."""
        found = self.device(device)
        if found is None:
            return "its network device isn't there"
        if not found.up:
            return "it is disabled"
        return "" if found.carrier else "it has no link"

    # -- VLAN interfaces -------------------------------------------------------------------------------

    @cached_property
    def _interfaces(self) -> dict[str, int]:
        entries = get(self.running, VLANS, {})
        return {e["l3-interface"]: int(vlan) for vlan, e in entries.items() if "l3-interface" in e}

    def interfaces(self) -> Iterator[Interface]:
        """All VLAN interfaces whose devices are there."""
        return (found for name in self._interfaces if (found := self.interface(name)) is not None)

    def interface(self, name: str) -> Interface | None:
        """The VLAN interface with this name."""
        device = self.device(name) if name in self._interfaces else None
        return Interface(name, self._interfaces[name], device) if device else None

    def interface_at(self, index: int) -> Interface | None:
        """The VLAN interface whose device has this index."""
        known = (device for device in self._devices.values() if device is not None and device.index == index)
        device = next(known, None) or self.kernel.device_at(index)
        if device is None or device.name not in self._interfaces:
            return None
        self._devices[device.name] = device
        return Interface(device.name, self._interfaces[device.name], device)

    def interface_in(self, vlan: int) -> Interface | None:
        """The VLAN interface of a VLAN."""
        name = next((name for name, number in self._interfaces.items() if number == vlan), "")
        return self.interface(name) if name else None

    def neighbour(self, interface: Interface, address: Address) -> Neighbour:
        """The ARP or neighbour discovery entry for an address."""
        return self.kernel.neighbour(interface.device.index, address)

    def ports_to(self, interface: Interface, mac: str) -> tuple[Output, ...]:
        """Where the MAC table has an address in the interface's VLAN; nothing if it hasn't."""
        verdict: Verdict = self.bridge.trace(
            interface.name, interface.device.mac, mac, f"dl_type={LABEL:#06x}"
        )
        if any(
            term.discarded for term in verdict.terms
        ):  # what was sent to find out; the table can be read, too
            entries = self._ports.mac_table()
            ports = [e.port for e in entries if (e.vlan, e.mac) == (interface.vlan, mac)]
            ports = [member for port in ports for member in self.members(port)[:1] or [port]]
            return tuple(Output(self.device_of(port), None) for port in ports)
        return verdict.outputs if verdict.learned or verdict.hashed else ()

    # -- filters --------------------------------------------------------------------------------------

    def met(self, term: MetTerm) -> MetFilter | None:
        """The filter that a frame has met."""
        return self._ports.met_filter(term.cookie, term.interface)

    def filter_lines(self, met: MetFilter) -> list[str]:
        """The lines of the configuration that make a filter act on a frame: the term's action, what it is met by, and
        where the filter is."""
        own = (*FILTERS, met.name)
        places = [
            line
            for end in ("input", "output")
            for line in self._lines((*own, end))
            if line.split()[-1] == met.interface
        ]
        term = met.term.name
        return [*self._lines((*own, "matching", "term", term)), *self._lines((*TERMS, term)), *places]

    # -- configuration ----------------------------------------------------------------------------------

    def port_lines(self, port: str, *, part: tuple[str, ...] = ("family", "ethernet-switching")) -> list[str]:
        """The lines of the configuration about a port, or about its aggregate."""
        aggregate = self.aggregate_of(port)
        own = self._lines((*PORTS, port, *part))
        return own + self._lines((*AGGREGATES, aggregate, *part)) if aggregate else own

    def route_lines(self, prefix: str) -> list[str]:
        """The lines of the configuration that make a route."""
        return self._lines((*ROUTES, prefix))

    def interface_lines(self, name: str) -> list[str]:
        """The lines of the configuration about a VLAN interface."""
        return self._lines(("vlan-interface", "interface", name))

    def _lines(self, path: tuple[str, ...]) -> list[str]:
        found: Any = get(self.running, path, None)
        return [] if found is None else setlines.format_set(self.running, path).splitlines()[:50]
