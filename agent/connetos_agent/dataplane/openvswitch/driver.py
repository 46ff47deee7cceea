"""The Open vSwitch driver.

| object | in Open vSwitch |
|---|---|
| port, access | Port with `vlan_mode=access`, `tag` = native VLAN |
| port, trunk | Port with `vlan_mode=native-untagged`, `tag` = native VLAN, `trunks` = all VLANs it carries |
| vlan-interface | internal Interface with the switch's MAC address, its Port an access port of the VLAN |
| vlan | `external_ids:vlan-<id>` of the Bridge: name and description (Open vSwitch has no VLANs of its own) |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch.database import BridgeRecord, Database
from connetos_agent.dataplane.openvswitch.operations import Transaction, change_bridge, new_bridge
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus, Port
from connetos_agent.dataplane.states.vlans import Vlan, VlanInterface

VLAN_LABEL = "vlan-"
MAC_TABLE_SIZE = 16384


def _is_device(name: str) -> bool:
    return (Path("/sys/class/net") / name).exists()


def switch_mac(platform: Platform) -> str:
    """The MAC address of all VLAN interfaces: always the same for a machine, so that hosts' ARP entries stay right.

    Made from that of the first device there is, and marked as locally administered (IEEE 802c).
    """
    for device in filter(None, [platform.management, *platform.ports.values()]):
        try:
            address = (Path("/sys/class/net") / device / "address").read_text("ascii")
        except OSError:
            continue
        digest = hashlib.sha256(f"connetos switch {address.strip()}".encode()).digest()
        return ":".join(f"{octet:02x}" for octet in [(digest[0] & 0xF0) | 0x02, *digest[1:6]])
    raise DriverError("no network device of this platform is there: check [platform] in the agent's settings")


class RecordObserver:
    """Looks at the connection's records, which any thread may read. See `connetos_agent.dataplane.base.Observer`."""

    def __init__(self, observe: Callable[[Collection[ObjectKey]], dict[ObjectKey, State | None]]) -> None:
        self.observe = observe

    def link_status(self) -> Mapping[str, LinkStatus]:
        """The kernel knows the devices better."""
        return {}

    def close(self) -> None:
        """Nothing is held."""


class OpenVSwitchDriver:
    """Realises layer 2 in one Open vSwitch bridge. See `connetos_agent.dataplane.base.Driver`.

    Args:
        platform: the ports and their network devices.
        database: OVSDB server, such as `unix:/var/run/openvswitch/db.sock`.
        bridge: name of the bridge; it is made when it isn't there.
        datapath_type: `system` (kernel datapath) or `netdev` (userspace); None leaves what is there.
    """

    name = "openvswitch"
    kinds = frozenset({"port", "vlan", "vlan-interface"})

    def __init__(self, platform: Platform, database: str, bridge: str, datapath_type: str | None) -> None:
        self.platform = platform
        self.bridge = bridge
        self.datapath_type = datapath_type
        self.database = Database(database)
        self.mac = ""
        self._port_of = {device: port for port, device in platform.ports.items()}
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

    def open(self) -> None:
        """See `Driver.open`; makes the bridge when it isn't there."""
        self.mac = switch_mac(self.platform)
        self.database.open()
        self._ensure_bridge()

    def close(self) -> None:
        """See `Driver.close`."""
        self.database.close()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: names of VLAN interfaces must not be those of other network devices."""
        taken = {self.bridge, "all", "default", "lo", "ovs-netdev", self.platform.management, *self._port_of}
        refused: dict[ObjectKey, str] = {}
        for target in wanted:
            ours = target.key in self.database.interfaces
            if target.kind == "vlan-interface" and (
                target.key in taken or (not ours and _is_device(target.key))
            ):
                refused[target] = f"{target.key} is the name of another network device"
        return refused

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        self.database.sync()
        interfaces, members = self.database.interfaces, self._row().ports
        found: list[ObjectKey] = []
        for name, port in list(self.database.ports.items()):
            if port.uuid not in members or name == self.bridge:
                continue
            if name in self._port_of:
                found.append(ObjectKey("port", self._port_of[name]))
            elif name in interfaces and interfaces[name].type == "internal":
                found.append(ObjectKey("vlan-interface", name))
        labels = self._row().external_ids
        found += [ObjectKey("vlan", x.removeprefix(VLAN_LABEL)) for x in labels if x.startswith(VLAN_LABEL)]
        return found

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        self.database.sync()
        return self._observe(targets)

    def observer(self) -> RecordObserver:
        """See `Driver.observer`."""
        return RecordObserver(self._observe)

    def _observe(self, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
        return {target: self._observers[target.kind](target.key) for target in targets}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`: all steps in one OVSDB transaction."""
        self._remove_broken(steps)
        row = self._row()
        members = {name: port for name, port in self.database.ports.items() if port.uuid in row.ports}
        transaction = Transaction(row, members, self.database.interfaces)
        for step in steps:
            self._appliers[step.target.kind](transaction, step.have, step.target.key, step.want)
        names = ", ".join(str(step.target) for step in steps[:5])
        self.database.transact(transaction.operations(), f"connetos: {names}")
        self._raise_device_errors(steps)

    def _remove_broken(self, steps: Sequence[Step]) -> None:
        """Take away VLAN interfaces whose device has gone: only a new port makes a new device."""
        transaction = Transaction(self._row(), self.database.ports, self.database.interfaces)
        broken = [
            s for s in steps if s.target.kind == "vlan-interface" and s.want and not _is_device(s.target.key)
        ]
        for step in broken:
            transaction.remove_port(step.target.key)
        operations = transaction.operations()
        if operations:
            self.database.transact(operations, "connetos: VLAN interfaces without a device")

    # -- looking --------------------------------------------------------------------------------------

    def _row(self) -> BridgeRecord:
        row = self.database.bridges.get(self.bridge)
        if row is None:
            raise DriverError(f"bridge {self.bridge} isn't there any more")
        return row

    def _ensure_bridge(self) -> None:
        row = self.database.bridges.get(self.bridge)
        wanted = {"mac-table-size": str(MAC_TABLE_SIZE)}
        columns: dict[str, Any] = {"fail_mode": "standalone"}
        if self.datapath_type is not None:
            columns["datapath_type"] = self.datapath_type
        if row is None:
            operations = new_bridge(self.bridge, self.database.root_uuid, columns, wanted)
        else:
            if wanted.items() <= row.other_config.items() and all(
                getattr(row, c) == v for c, v in columns.items()
            ):
                return
            operations = change_bridge(row, columns, wanted)
        self.database.transact(operations, f"connetos: bridge {self.bridge}")

    def _observe_port(self, port: str) -> State | None:
        device = self.platform.ports.get(port, "")
        record, interface = self.database.ports.get(device), self.database.interfaces.get(device)
        if record is None or interface is None or record.uuid not in self._row().ports:
            return None
        if interface.error:
            return Port("failed", 0, ())
        native = record.tag or 0
        if record.vlan_mode == "access" and not record.trunks:
            return Port("access", native, (native,))
        mode = "trunk" if record.vlan_mode == "native-untagged" else record.vlan_mode or "none"
        return Port(mode, native, record.trunks)

    def _observe_vlan(self, vlan: str) -> State | None:
        label = self._row().external_ids.get(f"{VLAN_LABEL}{vlan}")
        if label is None:
            return None
        try:
            name, description = json.loads(label)
        except (ValueError, TypeError):
            return Vlan(name=label, description="")
        return Vlan(name=name, description=description)

    def _observe_vlan_interface(self, name: str) -> State | None:
        record, interface = self.database.ports.get(name), self.database.interfaces.get(name)
        if record is None or interface is None or record.uuid not in self._row().ports:
            return None
        broken = interface.error or interface.mac != self.mac or not _is_device(name)
        if broken or interface.type != "internal":
            return VlanInterface(vlan=0, mtu_bytes=0)
        tagged = record.vlan_mode == "access" and record.tag and not record.trunks
        return VlanInterface(
            vlan=record.tag if tagged and record.tag else 0, mtu_bytes=interface.mtu_request or 0
        )

    def _raise_device_errors(self, steps: Sequence[Step]) -> None:
        for step in steps:
            device = self.platform.ports.get(step.target.key, step.target.key)
            record = self.database.interfaces.get(device)
            if step.want is not None and step.target.kind != "vlan" and record is not None and record.error:
                raise DriverError(f"{step.target}: Open vSwitch says: {record.error}")

    # -- changing -------------------------------------------------------------------------------------

    def _apply_port(self, transaction: Transaction, have: Port | None, port: str, want: Port | None) -> None:
        device = self.platform.ports[port]
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
        transaction.set_port(device, "", columns, {})

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
        transaction.set_port(name, "internal", columns, {"mtu_request": want.mtu_bytes, "mac": self.mac})
