"""OVSDB operations (RFC 7047, 5.2) that change a bridge, its ports and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connetos_agent.dataplane.openvswitch.database import BridgeRecord, InterfaceRecord, Operation, PortRecord


def _where(uuid: str) -> list[Any]:
    return [["_uuid", "==", ["uuid", uuid]]]


def _map(values: Mapping[str, str]) -> list[Any]:
    return ["map", [[name, value] for name, value in values.items()]]


def _new_port(
    name: str, number: int, columns: Mapping[str, Any], interface: Mapping[str, Any]
) -> list[Operation]:
    return [
        {"op": "insert", "table": "Interface", "uuid-name": f"interface{number}", "row": {"name": name, **interface}},
        {
            "op": "insert", "table": "Port", "uuid-name": f"port{number}",
            "row": {"name": name, "interfaces": ["named-uuid", f"interface{number}"], **columns},
        },
    ]  # fmt: skip


def new_bridge(
    name: str, root_uuid: str, columns: Mapping[str, Any], other_config: Mapping[str, str]
) -> list[Operation]:
    """A bridge with its own internal port, as `ovs-vsctl add-br` makes it."""
    row = {"name": name, "ports": ["named-uuid", "port0"], "other_config": _map(other_config), **columns}
    return [
        *_new_port(name, 0, {}, {"type": "internal"}),
        {"op": "insert", "table": "Bridge", "uuid-name": "bridge0", "row": row},
        {
            "op": "mutate", "table": "Open_vSwitch", "where": _where(root_uuid),
            "mutations": [["bridges", "insert", ["set", [["named-uuid", "bridge0"]]]]],
        },
    ]  # fmt: skip


def change_bridge(
    row: BridgeRecord, columns: Mapping[str, Any], other_config: Mapping[str, str]
) -> list[Operation]:
    """Set columns of a bridge, and entries of its `other_config`."""
    names = ["set", list(other_config)]
    mutations = [["other_config", "delete", names], ["other_config", "insert", _map(other_config)]]
    return [
        {"op": "update", "table": "Bridge", "where": _where(row.uuid), "row": dict(columns)},
        {"op": "mutate", "table": "Bridge", "where": _where(row.uuid), "mutations": mutations},
    ]


class Transaction:
    """Collects changes of one bridge; what concerns the bridge's own row becomes one operation.

    Args:
        bridge, ports, interfaces: what there is.
    """

    def __init__(
        self, bridge: BridgeRecord, ports: Mapping[str, PortRecord], interfaces: Mapping[str, InterfaceRecord]
    ) -> None:
        self._bridge, self._ports, self._interfaces = bridge, ports, interfaces
        self._operations: list[Operation] = []
        self._added: list[Any] = []
        self._removed: list[Any] = []
        self._labels: dict[str, str | None] = {}

    def set_port(
        self, name: str, kind: str, columns: Mapping[str, Any], interface: Mapping[str, Any]
    ) -> None:
        """Set columns of a port and its interface; the port is made, of type `kind`, when it isn't there."""
        port, device = self._ports.get(name), self._interfaces.get(name)
        if port is None or device is None:
            number = len(self._added)
            self._operations += _new_port(name, number, columns, {"type": kind, **interface})
            self._added.append(["named-uuid", f"port{number}"])
            return
        for table, uuid, row in (("Port", port.uuid, columns), ("Interface", device.uuid, interface)):
            if row:
                self._operations.append(
                    {"op": "update", "table": table, "where": _where(uuid), "row": dict(row)}
                )

    def remove_port(self, name: str) -> None:
        """Take a port off the bridge, which deletes it; nothing if it isn't there."""
        if name in self._ports:
            self._removed.append(["uuid", self._ports[name].uuid])

    def set_label(self, name: str, value: str | None) -> None:
        """Set an entry of the bridge's `external_ids`, or (None) take it away."""
        self._labels[name] = value

    def operations(self) -> list[Operation]:
        """Everything, to be run as one transaction."""
        mutations: list[list[Any]] = []
        if self._removed:
            mutations.append(["ports", "delete", ["set", self._removed]])
        if self._added:
            mutations.append(["ports", "insert", ["set", self._added]])
        if self._labels:
            kept = {name: value for name, value in self._labels.items() if value is not None}
            mutations.append(["external_ids", "delete", ["set", list(self._labels)]])
            mutations.append(["external_ids", "insert", _map(kept)])
        if not mutations:
            return self._operations
        where = _where(self._bridge.uuid)
        return [
            *self._operations,
            {"op": "mutate", "table": "Bridge", "where": where, "mutations": mutations},
        ]
