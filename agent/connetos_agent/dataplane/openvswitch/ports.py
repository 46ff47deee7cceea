"""Ports, VLANs and VLAN interfaces.

| object | in Open vSwitch |
|---|---|
| port, access | Port with `vlan_mode=access`, `tag` = native VLAN |
| port, trunk | Port with `vlan_mode=native-untagged`, `tag` = native VLAN, `trunks` = all VLANs it carries |
| vlan-interface | internal Interface with the switch's MAC address, its Port an access port of the VLAN |
| either, with a filter | the VLANs are those of its gate (`gates`); its own Port is cut off |
| vlan | `external_ids:vlan-<id>` of the Bridge: name and description (Open vSwitch has no VLANs of its own) |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch.bridge import AGGREGATE_BRIDGE, GATE, Bridge
from connetos_agent.dataplane.openvswitch.device_names import reserved
from connetos_agent.dataplane.openvswitch.gates import CUT_OFF
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import Port
from connetos_agent.dataplane.states.vlans import Vlan, VlanInterface

VLAN_LABEL = "vlan-"
VLAN_NUMBERS = 2000
"""OpenFlow numbers of VLAN interfaces are their VLAN's and this."""


def is_device(name: str) -> bool:
    """Whether there is a network device of this name."""
    return (Path("/sys/class/net") / name).exists()


class Ports:
    """Realises ports, VLANs and VLAN interfaces. See `connetos_agent.dataplane.openvswitch.part.Part`."""

    kinds = frozenset({"port", "vlan", "vlan-interface"})

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._observers: dict[str, Callable[[str], State | None]] = {
            "port": self._observe_port,
            "vlan": self._observe_vlan,
            "vlan-interface": self._observe_vlan_interface,
        }
        self._appliers: dict[str, Callable[[Transaction, Any, str, Any], None]] = {
            "port": self._apply_port,
            "vlan": self._apply_vlan,
            "vlan-interface": self._apply_vlan_interface,
        }

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`: names of VLAN interfaces must not be those of other network devices."""
        if target.kind != "vlan-interface":
            return ""
        platform, name = self._bridge.platform, target.key
        if reason := reserved(name):
            return reason
        if name.startswith((AGGREGATE_BRIDGE, GATE, "ae")):
            return f"names that begin so are those of the switch's own devices: {name}"
        if name in (self._bridge.name, platform.management, *platform.ports.values()) or self._is_foreign(
            name
        ):
            return f"{name} is the name of another network device"
        return ""

    def _is_foreign(self, name: str) -> bool:
        """Whether somebody else has a device of this name, or a port of this name in another bridge."""
        port = self._bridge.database.ports.get(name)
        if port is not None:
            return port.uuid not in self._bridge.row().ports
        return is_device(name)

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        database, row = self._bridge.database, self._bridge.row()
        for name, port in list(database.ports.items()):
            if port.uuid not in row.ports or name == self._bridge.name:
                continue
            interface = database.interfaces.get(name)
            if known := self._bridge.port_of(name):
                yield ObjectKey("port", known)
            elif interface is not None and interface.type == "patch" and name.startswith("ae"):
                yield ObjectKey("port", name)
            elif interface is not None and interface.type == "internal":
                yield ObjectKey("vlan-interface", name)
        for label in row.external_ids:
            if label.startswith(VLAN_LABEL):
                yield ObjectKey("vlan", label.removeprefix(VLAN_LABEL))

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`."""
        return {target: self._observers[target.kind](target.key) for target in targets}

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`."""
        self._appliers[step.target.kind](transaction, step.have, step.target.key, step.want)

    def finish(self, steps: Sequence[Step]) -> None:
        """See `Part.finish`: ovs-vswitchd tells which devices it can't use.

        Raises:
            DriverError: there is one.
        """
        for step in steps:
            record = self._bridge.database.interfaces.get(
                self._bridge.device(step.target.key) or step.target.key
            )
            if step.want is not None and step.target.kind != "vlan" and record is not None and record.error:
                raise DriverError(f"{step.target}: Open vSwitch says: {record.error}")

    def restore(self) -> None:
        """See `Part.restore`: OVSDB has all of it."""

    # -- looking --------------------------------------------------------------------------------------

    def _observe_port(self, name: str) -> State | None:
        database, device = self._bridge.database, self._bridge.device(name)
        record, interface = database.ports.get(self._bridge.face(name)), database.interfaces.get(device)
        if (
            device not in database.ports
            or record is None
            or interface is None
            or record.uuid not in self._bridge.row().ports
        ):
            return None
        aggregate = interface.type == "patch" and interface.options.get("peer") == f"{name}-up"
        if interface.error or aggregate != name.startswith("ae"):
            return Port("failed", 0, ())
        native = record.tag or 0
        if record.vlan_mode == "access" and not record.trunks:
            return Port("access", native, (native,))
        mode = "trunk" if record.vlan_mode == "native-untagged" else record.vlan_mode or "none"
        return Port(mode, native, record.trunks)

    def _observe_vlan(self, vlan: str) -> State | None:
        label = self._bridge.row().external_ids.get(f"{VLAN_LABEL}{vlan}")
        if label is None:
            return None
        try:
            name, description = json.loads(label)
        except (ValueError, TypeError):
            return Vlan(name=label, description="")
        return Vlan(name=name, description=description)

    def _observe_vlan_interface(self, name: str) -> State | None:
        database = self._bridge.database
        record, interface = database.ports.get(self._bridge.face(name)), database.interfaces.get(name)
        if (
            name not in database.ports
            or record is None
            or interface is None
            or record.uuid not in self._bridge.row().ports
        ):
            return None
        broken = interface.error or interface.mac != self._bridge.mac or not is_device(name)
        if broken or interface.type != "internal":
            return VlanInterface(vlan=0, mtu_bytes=0)
        tagged = record.vlan_mode == "access" and record.tag and not record.trunks
        return VlanInterface(
            vlan=record.tag if tagged and record.tag else 0, mtu_bytes=interface.mtu_request or 0
        )

    # -- changing -------------------------------------------------------------------------------------

    def _apply_port(self, transaction: Transaction, have: Port | None, name: str, want: Port | None) -> None:
        device = self._bridge.device(name)
        if want is None:
            transaction.remove_port(device)
            return
        access = want.mode == "access"
        columns: dict[str, Any] = {}
        if have is None or have.mode != want.mode:
            columns["vlan_mode"] = "access" if access else "native-untagged"
        if have is None or have.native_vlan != want.native_vlan:
            columns["tag"] = want.native_vlan
        if have is None or have.mode != want.mode or (not access and have.vlans != want.vlans):
            columns["trunks"] = ["set", () if access else want.vlans]
        new = have is None or have.mode == "failed"
        interface: dict[str, Any] = {"ofport_request": self._bridge.requested_number(name)} if new else {}
        if new and name.startswith("ae"):
            interface["options"] = ["map", [["peer", f"{name}-up"]]]
        self._set_port(transaction, device, "patch" if name.startswith("ae") else "", columns, interface)

    def _set_port(
        self,
        transaction: Transaction,
        device: str,
        kind: str,
        columns: dict[str, Any],
        interface: dict[str, Any],
    ) -> None:
        face = self._bridge.face(device)
        if face != device:
            transaction.set_port(face, "patch", columns, {})
            columns = CUT_OFF
        transaction.set_port(device, kind, columns, interface)

    @staticmethod
    def _apply_vlan(transaction: Transaction, _have: State | None, vlan: str, want: Vlan | None) -> None:
        label = None if want is None else json.dumps([want.name, want.description], ensure_ascii=False)
        transaction.set_label(f"{VLAN_LABEL}{vlan}", label)

    def _apply_vlan_interface(
        self, transaction: Transaction, _have: State | None, name: str, want: VlanInterface | None
    ) -> None:
        if want is None:
            transaction.remove_port(name)
            return
        columns = {"vlan_mode": "access", "tag": want.vlan, "trunks": ["set", ()]}
        interface = {
            "mtu_request": want.mtu_bytes,
            "mac": self._bridge.mac,
            "ofport_request": VLAN_NUMBERS + want.vlan,
        }
        self._set_port(transaction, name, "internal", columns, interface)
