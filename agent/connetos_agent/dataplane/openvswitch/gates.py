"""Gates: how frames to an interface can be filtered, though `NORMAL` says where it sends a frame by sending it.

    NORMAL ── acl-te-1-1-1 ═ acl-te-1-1-1-back ── flows ── te-1-1-1

A gate is a pair of patch ports within the bridge. Its front has the VLANs of the interface, learns the addresses behind
it and gets what `NORMAL` sends there; that comes back into the flow tables from its back, and flows send it to the
interface. What the interface receives goes the other way. To `NORMAL` the interface itself and the back are cut off, in a
VLAN that no frame can have: the interface tunnels into it whatever it receives (so that mirrors take it for valid), and
is protected from the others there; the back takes nothing without that VLAN's tag, which the front refuses. So while
the flows are missing (ovs-vswitchd has been restarted, and the agent hasn't brought them back) nothing passes an
interface with a filter, rather than everything.

A gate is put in, and taken out, without losing a frame. It is built closed: its front takes nothing. Then the flows lead
what the interface receives both ways, to the gate and to `NORMAL`, one of which takes it. Then one transaction of OVSDB
gives the VLANs to the front (or back to the interface) and cuts the other off, so that each frame goes exactly one of
the ways. At last the flows lead it only there.

`NORMAL` floods what a cut off interface receives to all backs, and only a closed front doesn't refuse it: it would go round.
So gates that go are gone before others are built, and nothing that is cut off is led both ways while a gate is closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from connetos_agent.dataplane.openvswitch.bridge import GATE, NOWHERE, Bridge
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.openvswitch.records import PortRecord

FRONTS, BACKS = 10000, 20000
"""OpenFlow numbers of a gate's ends: that of its interface and this."""
CUT_OFF: dict[str, Any] = {
    "vlan_mode": "dot1q-tunnel", "tag": NOWHERE, "trunks": ["set", []], "protected": True,
}  # fmt: skip
"""Columns of an interface that has a gate."""
_CLOSED: dict[str, Any] = {
    "vlan_mode": "trunk", "tag": ["set", []], "trunks": ["set", [NOWHERE]], "protected": False,
}  # fmt: skip
"""Columns of a back."""
_SHUT: dict[str, Any] = {**_CLOSED, "protected": True}
"""Columns of a front that isn't in use: a host that uses that VLAN itself doesn't get to what is cut off there."""


class Gates:
    """The gates of a bridge's interfaces."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def devices(self) -> set[str]:
        """Devices that have a gate."""
        ports = list(self._bridge.database.ports)
        return {name.removeprefix(GATE).removesuffix("-back") for name in ports if name.startswith(GATE)}

    def ends(self, device: str) -> tuple[int, int] | None:
        """The OpenFlow numbers of a device and of the back of its gate; None unless both are there."""
        number, back = self._bridge.number(device), self._bridge.number(_back(device))
        return (number, back) if number and back else None

    def in_use(self, device: str) -> bool:
        """Whether everything goes through the gate of a device, which is as it should be."""
        ports = self._bridge.database.ports
        own, front, back = (ports.get(name) for name in (device, GATE + device, _back(device)))
        opened = front is not None and not _is_closed(front)
        return opened and _has(own, CUT_OFF) and _has(back, _CLOSED) and self.ends(device) is not None

    def closed(self) -> list[str]:
        """Devices whose gates take nothing: they have just been built, or what built them or took them out failed."""
        ports = self._bridge.database.ports
        return [d for d in self.devices() if (front := ports.get(GATE + d)) is not None and _is_closed(front)]

    def build(self, wanted: Collection[str]) -> list[str]:
        """Have both ends of the gates of devices; the devices whose gates are to be put in use."""
        ports = self._bridge.database.ports
        unused = [d for d in wanted if d in ports and self._bridge.number(d) and not self.in_use(d)]
        transaction = self._transaction()
        for device in unused:
            front, back, number = GATE + device, _back(device), self._bridge.number(device)
            columns = {} if front in ports else _SHUT
            for name, peer, base, own in ((front, back, FRONTS, columns), (back, front, BACKS, _CLOSED)):
                options = ["map", [["peer", peer]]]
                transaction.set_port(
                    name, "patch", own, {"options": options, "ofport_request": base + number}
                )
        self._run(transaction)
        return unused

    def switch_over(self, to_gates: Iterable[str], to_devices: Iterable[str]) -> None:
        """Put gates in use and others out of it: the VLANs move, all at once."""
        ports = self._bridge.database.ports
        transaction = self._transaction()
        for device in to_gates:
            front = ports.get(GATE + device)
            if front is not None and _is_closed(front):
                vlans = {**_vlans(ports[device]), "protected": False}
                transaction.set_port(front.name, "patch", vlans, {})
            transaction.set_port(device, "", CUT_OFF, {})
        for device in to_devices:
            front = ports.get(GATE + device)
            if front is not None and not _is_closed(front) and device in ports:
                transaction.set_port(device, "", {**_vlans(front), "protected": False}, {})
                transaction.set_port(front.name, "patch", _SHUT, {})
        self._run(transaction)

    def remove(self, devices: Iterable[str]) -> None:
        """Take gates away that aren't in use."""
        transaction = self._transaction()
        for device in devices:
            for name in (GATE + device, _back(device)):
                transaction.remove_port(name)
        self._run(transaction)

    def _transaction(self) -> Transaction:
        return Transaction(self._bridge.row(), self._bridge.database)

    def _run(self, transaction: Transaction) -> None:
        operations = transaction.operations()
        if operations:
            self._bridge.database.transact(operations, "connetos: gates of filters")

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


def _back(device: str) -> str:
    return f"{GATE}{device}-back"


def _vlans(record: PortRecord) -> dict[str, Any]:
    tag = ["set", []] if record.tag is None else record.tag
    return {"vlan_mode": record.vlan_mode or ["set", []], "tag": tag, "trunks": ["set", [*record.trunks]]}


def _is_closed(front: PortRecord) -> bool:
    return NOWHERE in front.trunks


def _has(record: PortRecord | None, columns: dict[str, Any]) -> bool:
    return record is not None and {**_vlans(record), "protected": record.protected} == columns
