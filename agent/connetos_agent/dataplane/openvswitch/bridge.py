"""What the parts of the driver share: the bridge, its connections, and the names of what is in it."""

from __future__ import annotations

from pathlib import Path

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.openvswitch.database import Database
from connetos_agent.dataplane.openvswitch.openflow_connection import OpenFlow
from connetos_agent.dataplane.openvswitch.records import BridgeRecord
from connetos_agent.dataplane.platform import Platform

AGGREGATE_BRIDGE = "lag-"
"""An aggregate's own bridge is named so, and then as the aggregate."""

GATE = "acl-"
"""The gate of an interface is named so, and then as its device (`gates`)."""

NOWHERE = 4095
"""A VLAN that no frame can have (IEEE 802.1Q, 9.6)."""


class Bridge:
    """One bridge that is the switch.

    Args:
        platform: the ports and their network devices.
        database: OVSDB.
        control: ovs-vswitchd's control socket.
        name: of the bridge.
        run_directory: Open vSwitch's, in which each bridge has a socket for OpenFlow.
    """

    def __init__(
        self, platform: Platform, database: Database, control: Control, name: str, run_directory: Path
    ) -> None:
        self.platform, self.database, self.control, self.name = platform, database, control, name
        self.mac = ""
        """MAC address of the switch itself."""
        self._run_directory = run_directory
        self._port_of = {device: port for port, device in platform.ports.items()}
        self._openflow: dict[str, OpenFlow] = {}

    def row(self, name: str = "") -> BridgeRecord:
        """The row of this bridge, or of the one with this name.

        Raises:
            DriverError: it isn't there.
        """
        row = self.database.bridges.get(name or self.name)
        if row is None:
            raise DriverError(f"bridge {name or self.name} isn't there any more")
        return row

    def openflow(self, name: str = "") -> OpenFlow:
        """The OpenFlow connection of this bridge, or of the one with this name; kept for the next time."""
        name = name or self.name
        if name not in self._openflow:
            self._openflow[name] = self.new_openflow(name)
        return self._openflow[name]

    def new_openflow(self, name: str) -> OpenFlow:
        """Another OpenFlow connection of a bridge."""
        return OpenFlow(self._run_directory / f"{name}.mgmt")

    def forget(self, name: str) -> None:
        """Close the OpenFlow connection of a bridge that is gone."""
        connection = self._openflow.pop(name, None)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close everything."""
        for name in list(self._openflow):
            self.forget(name)
        self.control.close()
        self.database.close()

    def device(self, name: str) -> str:
        """The device of a port; an aggregate's is the patch port to its own bridge, which has its name."""
        return name if name.startswith("ae") else self.platform.ports.get(name, "")

    def face(self, name: str) -> str:
        """The port of the bridge that has the VLANs of a port, aggregate or VLAN interface: its gate, or its device."""
        device = self.device(name) or name
        gate = self.database.ports.get(GATE + device)
        return device if gate is None or NOWHERE in gate.trunks else gate.name

    def port_of(self, device: str) -> str:
        """The port or aggregate that a device or its gate is; empty for another device."""
        device = device.removeprefix(GATE)
        port = self._port_of.get(device, "")
        if port:
            return port
        there = device.startswith("ae") and AGGREGATE_BRIDGE + device in self.database.bridges
        return device if there else ""

    def number(self, device: str) -> int:
        """The OpenFlow number of a device; 0 while it has none."""
        interface = self.database.interfaces.get(device)
        return 0 if interface is None else interface.ofport

    def requested_number(self, name: str) -> int:
        """The OpenFlow number that a port shall have, the same after every restart: that of its place on the panel,
        or 1000 more than an aggregate's."""
        if name.startswith("ae"):
            return 1000 + int(name.removeprefix("ae"))
        return list(self.platform.ports).index(name) + 1

    def names(self) -> dict[int, str]:
        """Devices of this bridge by their OpenFlow numbers."""
        members = self.row().ports
        found = {}
        for name, port in list(self.database.ports.items()):
            if port.uuid in members and (number := self.number(name)):
                found[number] = name
        return found
