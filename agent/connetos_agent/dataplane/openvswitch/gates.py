"""Gates: how frames to an interface can be filtered, though `NORMAL` says where it sends a frame by sending it.

    NORMAL ── acl-te-1-1-1 ═ acl-te-1-1-1-back ── flows ── te-1-1-1

A gate is a pair of patch ports within the bridge. Its front has the VLANs of the interface, learns the addresses behind
it and gets what `NORMAL` sends there; that comes back into the flow tables from its back, and flows send it to the
interface. What the interface receives goes the other way. To `NORMAL` the interface itself and the back are cut off, in a
VLAN that no frame can have: the interface tunnels into it whatever it receives (so that mirrors take it for valid), and
is protected from the others there; the back takes nothing without that VLAN's tag, which the front refuses. So while
the flows are missing (ovs-vswitchd has been restarted, and the agent hasn't brought them back) nothing passes an
interface with a filter, rather than everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from connetos_agent.dataplane.openvswitch.bridge import GATE, Bridge
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.openvswitch.records import PortRecord

FRONTS, BACKS = 10000, 20000
"""OpenFlow numbers of a gate's ends: that of its interface and this."""
NOWHERE = 4095
"""A VLAN that no frame can have (IEEE 802.1Q, 9.6)."""
CUT_OFF: dict[str, Any] = {
    "vlan_mode": "dot1q-tunnel", "tag": NOWHERE, "trunks": ["set", []], "protected": True,
}  # fmt: skip
"""Columns of an interface that has a gate."""
_BACK: dict[str, Any] = {
    "vlan_mode": "trunk",
    "tag": ["set", []],
    "trunks": ["set", [NOWHERE]],
    "protected": False,
}


class Gates:
    """The gates of a bridge's interfaces."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def devices(self) -> set[str]:
        """Devices that have a gate."""
        ports = list(self._bridge.database.ports)
        return {name.removeprefix(GATE).removesuffix("-back") for name in ports if name.startswith(GATE)}

    def numbers(self, device: str) -> tuple[int, int] | None:
        """The OpenFlow numbers of a device and of the back of its gate; None unless both are as they should be."""
        ports = self._bridge.database.ports
        device_number, back = self._bridge.number(device), _back(device)
        whole = GATE + device in ports and _has(ports.get(device), CUT_OFF) and _has(ports.get(back), _BACK)
        back_number = self._bridge.number(back)
        return (device_number, back_number) if whole and device_number and back_number else None

    def set(self, wanted: Collection[str]) -> list[str]:
        """Make and take away gates, so that `wanted` devices have one; the devices for which that had to be done."""
        ports = self._bridge.database.ports
        transaction = Transaction(self._bridge.row(), self._bridge.database)
        made = [d for d in wanted if d in ports and self._bridge.number(d) and self.numbers(d) is None]
        gone = [device for device in self.devices() if device not in wanted]
        for device in made:
            self._make(transaction, device)
        for device in gone:
            self._take_away(transaction, device)
        operations = transaction.operations()
        if operations:
            self._bridge.database.transact(operations, "connetos: gates of filters")
        return [*made, *gone]

    def announce(self, devices: Iterable[str]) -> None:
        """Put the switch's own address behind VLAN interfaces: until they said something, it would be flooded."""
        for device in devices:
            face = self._bridge.face(device)
            record, interface = (
                self._bridge.database.ports.get(face),
                self._bridge.database.interfaces.get(device),
            )
            if record is not None and record.tag and interface is not None and interface.type == "internal":
                words = self._bridge.name, face, str(record.tag), self._bridge.mac
                self._bridge.control.call("fdb/add", *words)

    def _make(self, transaction: Transaction, device: str) -> None:
        front, back, number = GATE + device, _back(device), self._bridge.number(device)
        ports = self._bridge.database.ports
        columns = {} if front in ports else _vlans(ports[device])
        for name, peer, base, own in ((front, back, FRONTS, columns), (back, front, BACKS, _BACK)):
            options = ["map", [["peer", peer]]]
            interface = {"options": options, "ofport_request": base + number}
            transaction.set_port(name, "patch", own, interface)
        transaction.set_port(device, "", CUT_OFF, {})

    def _take_away(self, transaction: Transaction, device: str) -> None:
        ports = self._bridge.database.ports
        front = ports.get(GATE + device)
        if front is not None and device in ports:
            transaction.set_port(device, "", {**_vlans(front), "protected": False}, {})
        for name in (GATE + device, _back(device)):
            transaction.remove_port(name)


def _back(device: str) -> str:
    return f"{GATE}{device}-back"


def _vlans(record: PortRecord) -> dict[str, Any]:
    tag = ["set", []] if record.tag is None else record.tag
    return {"vlan_mode": record.vlan_mode or ["set", []], "tag": tag, "trunks": ["set", [*record.trunks]]}


def _has(record: PortRecord | None, columns: dict[str, Any]) -> bool:
    return record is not None and {**_vlans(record), "protected": record.protected} == columns
