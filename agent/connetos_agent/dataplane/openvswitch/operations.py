"""OVSDB operations (RFC 7047, 5.2) that change bridges, their ports and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.openvswitch.database import Database, Operation
from connetos_agent.dataplane.openvswitch.records import BridgeRecord, PortRecord


def where(uuid: str) -> list[Any]:
    """The condition that finds one row."""
    return [["_uuid", "==", ["uuid", uuid]]]


def mapping(values: Mapping[str, str]) -> list[Any]:
    """A map as OVSDB writes it."""
    return ["map", [[name, value] for name, value in values.items()]]


@dataclass
class _BridgeChange:
    """What changes in one bridge's own row."""

    added: list[Any] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    labels: dict[str, str | None] = field(default_factory=dict)
    mirrors_added: list[Any] = field(default_factory=list)
    mirrors_removed: list[Any] = field(default_factory=list)


class Transaction:
    """Collects changes; what concerns a bridge's own row becomes one operation, and so does what concerns a bond's.

    Args:
        bridge: the one that `set_port`, `remove_port` and `set_label` are about unless they are told another; None
            before it is made.
        database: knows what there is.
    """

    def __init__(self, bridge: BridgeRecord | None, database: Database) -> None:
        self._own, self._database = bridge, database
        self._operations: list[Operation] = []
        self._bridges: dict[str, _BridgeChange] = {}
        self._leaving: dict[str, set[str]] = {}
        self._joining: dict[str, list[Any]] = {}
        self._number = 0

    @property
    def _bridge(self) -> BridgeRecord:
        if self._own is None:
            raise DriverError("the bridge isn't there yet")
        return self._own

    def add(self, *operations: Operation) -> None:
        """Add operations as they are."""
        self._operations += operations

    def name(self, what: str) -> str:
        """A new name for a row that is inserted."""
        self._number += 1
        return f"{what}{self._number}"

    def new_bridge(
        self,
        name: str,
        columns: Mapping[str, Any],
        labels: Mapping[str, str],
        other_config: Mapping[str, str],
    ) -> list[Any]:
        """A bridge with its own internal port, as `ovs-vsctl add-br` makes it; returns its ports, to be added to."""
        row, port = self.name("bridge"), self._new_port(name, {}, {"type": "internal"})
        ports = [port]
        self._operations += [
            {
                "op": "insert", "table": "Bridge", "uuid-name": row,
                "row": {"name": name, "ports": ["set", ports], "external_ids": mapping(labels),
                        "other_config": mapping(other_config), **columns},
            },
            {
                "op": "mutate", "table": "Open_vSwitch", "where": where(self._database.root_uuid),
                "mutations": [["bridges", "insert", ["set", [["named-uuid", row]]]]],
            },
        ]  # fmt: skip
        return ports

    def remove_bridge(self, name: str) -> None:
        """Take a bridge away with all it has."""
        row = self._database.bridges.get(name)
        if row is not None:
            mutation = ["bridges", "delete", ["set", [["uuid", row.uuid]]]]
            self._operations.append(
                {
                    "op": "mutate", "table": "Open_vSwitch", "where": where(self._database.root_uuid),
                    "mutations": [mutation],
                }
            )  # fmt: skip

    def new_interface(self, name: str, columns: Mapping[str, Any]) -> list[Any]:
        """A row of table Interface, taken out of the port that has it now; returns a reference to it."""
        self._take_out(name)
        row = self.name("interface")
        self._operations.append(
            {"op": "insert", "table": "Interface", "uuid-name": row, "row": {"name": name, **columns}}
        )
        return ["named-uuid", row]

    def new_port(self, name: str, columns: Mapping[str, Any], interface: Mapping[str, Any]) -> list[Any]:
        """A port with one interface of the same name; returns a reference to it."""
        self._take_out(name)
        return self._new_port(name, columns, interface)

    def new_bond(self, name: str, columns: Mapping[str, Any], interfaces: list[Any]) -> list[Any]:
        """A port with several interfaces; returns a reference to it."""
        row = self.name("port")
        columns = {"name": name, "interfaces": ["set", interfaces], **columns}
        self._operations.append({"op": "insert", "table": "Port", "uuid-name": row, "row": columns})
        return ["named-uuid", row]

    def _new_port(self, name: str, columns: Mapping[str, Any], interface: Mapping[str, Any]) -> list[Any]:
        row = self.name("interface")
        self._operations.append(
            {"op": "insert", "table": "Interface", "uuid-name": row, "row": {"name": name, **interface}}
        )
        return self.new_bond(name, columns, [["named-uuid", row]])

    def _take_out(self, device: str) -> None:
        """A device is in one port at a time: take it out of the one that it has in our bridges."""
        interface = self._database.interfaces.get(device)
        ours = [
            b for b in list(self._database.bridges.values()) if b is self._own or b.name.startswith("lag-ae")
        ]
        if interface is not None:
            for port in list(self._database.ports.values()):
                if interface.uuid in port.interfaces and any(port.uuid in bridge.ports for bridge in ours):
                    self.leave(port, interface.uuid)

    def leave(self, port: PortRecord, interface: str) -> None:
        """Take an interface out of a port, which goes away with its last one."""
        self._leaving.setdefault(port.name, set()).add(interface)

    def join(self, port: PortRecord, interface: list[Any]) -> None:
        """Put an interface into a port that there is."""
        self._joining.setdefault(port.name, []).append(interface)

    def add_port(self, bridge: BridgeRecord, port: list[Any]) -> None:
        """Put a new port into a bridge that there is."""
        self._change_of(bridge).added.append(port)

    def add_mirror(self, mirror: list[Any]) -> None:
        """Put a new mirror into the bridge."""
        self._change_of(self._bridge).mirrors_added.append(mirror)

    def remove_mirror(self, uuid: str) -> None:
        """Take a mirror out of the bridge, which deletes it."""
        self._change_of(self._bridge).mirrors_removed.append(["uuid", uuid])

    def set_port(
        self, name: str, kind: str, columns: Mapping[str, Any], interface: Mapping[str, Any]
    ) -> None:
        """Set columns of a port and its interface; the port is made, of type `kind`, when it isn't there."""
        port, device = self._database.ports.get(name), self._database.interfaces.get(name)
        if port is None or device is None or port.uuid not in self._bridge.ports:
            self._change_of(self._bridge).added.append(
                self.new_port(name, columns, {"type": kind, **interface})
            )
            return
        for table, uuid, row in (("Port", port.uuid, columns), ("Interface", device.uuid, interface)):
            if row:
                self._operations.append(
                    {"op": "update", "table": table, "where": where(uuid), "row": dict(row)}
                )

    def remove_port(self, name: str) -> None:
        """Take a port off the bridge, which deletes it; nothing if it isn't there."""
        port = self._database.ports.get(name)
        if port is not None and port.uuid in self._bridge.ports:
            self._change_of(self._bridge).removed.add(port.uuid)

    def set_label(self, name: str, value: str | None, bridge: BridgeRecord | None = None) -> None:
        """Set an entry of a bridge's `external_ids`, or (None) take it away."""
        self._change_of(bridge or self._bridge).labels[name] = value

    def set_columns(self, bridge: BridgeRecord, columns: Mapping[str, Any]) -> None:
        """Set columns of a bridge."""
        row = {"op": "update", "table": "Bridge", "where": where(bridge.uuid), "row": dict(columns)}
        self._operations.append(row)

    def set_other_config(self, bridge: BridgeRecord, values: Mapping[str, str]) -> None:
        """Set entries of a bridge's `other_config`."""
        mutations = [
            ["other_config", "delete", ["set", list(values)]], ["other_config", "insert", mapping(values)],
        ]  # fmt: skip
        self._operations.append(
            {"op": "mutate", "table": "Bridge", "where": where(bridge.uuid), "mutations": mutations}
        )

    def _change_of(self, bridge: BridgeRecord) -> _BridgeChange:
        return self._bridges.setdefault(bridge.name, _BridgeChange())

    def operations(self) -> list[Operation]:
        """Everything, to be run as one transaction."""
        bonds = self._bond_operations()
        out = [*self._operations, *bonds]
        for name, change in self._bridges.items():
            mutations = _mutations(change)
            if mutations:
                row = self._database.bridges[name]
                out.append(
                    {"op": "mutate", "table": "Bridge", "where": where(row.uuid), "mutations": mutations}
                )
        return out

    def _bond_operations(self) -> list[Operation]:
        out: list[Operation] = []
        for name in self._leaving.keys() | self._joining.keys():
            port = self._database.ports[name]
            leaving, joining = self._leaving.get(name, set()), self._joining.get(name, [])
            if not joining and leaving >= set(port.interfaces):
                for bridge in list(self._database.bridges.values()):
                    if port.uuid in bridge.ports:
                        self._change_of(bridge).removed.add(port.uuid)
                continue
            mutations: list[list[Any]] = []
            if joining:
                mutations.append(["interfaces", "insert", ["set", joining]])
            if leaving:
                mutations.append(["interfaces", "delete", ["set", [["uuid", uuid] for uuid in leaving]]])
            out.append({"op": "mutate", "table": "Port", "where": where(port.uuid), "mutations": mutations})
        return out


def _mutations(change: _BridgeChange) -> list[list[Any]]:
    mutations: list[list[Any]] = []
    for column, command, rows in (
        ("ports", "delete", [["uuid", uuid] for uuid in sorted(change.removed)]),
        ("ports", "insert", change.added),
        ("mirrors", "delete", change.mirrors_removed),
        ("mirrors", "insert", change.mirrors_added),
    ):
        if rows:
            mutations.append([column, command, ["set", rows]])
    if change.labels:
        kept = {name: value for name, value in change.labels.items() if value is not None}
        mutations.append(["external_ids", "delete", ["set", list(change.labels)]])
        mutations.append(["external_ids", "insert", mapping(kept)])
    return mutations
