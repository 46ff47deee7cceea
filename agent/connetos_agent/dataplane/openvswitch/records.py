"""Rows of Open vSwitch's database as plain, frozen records: only the columns that matter (ovs-vswitchd.conf.db(5))."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

COLUMNS = {
    "Open_vSwitch": ["cur_cfg", "next_cfg", "ovs_version"],
    "Bridge": ["name", "ports", "mirrors", "datapath_type", "fail_mode", "external_ids", "other_config"],
    "Port": ["name", "tag", "trunks", "vlan_mode", "interfaces", "lacp", "qos", "protected"],
    "Interface": [
        "name", "type", "error", "mac_in_use", "mtu_request", "ofport", "link_state", "lacp_current", "options",
    ],
    "Mirror": ["name", "select_src_port", "select_dst_port", "output_port"],
    "QoS": ["type"],
}  # fmt: skip

STATUS_COLUMNS = frozenset(
    {"mac_in_use", "ofport", "link_state", "lacp_current", "cur_cfg", "next_cfg", "ovs_version"}
)
"""Columns that Open vSwitch itself writes; all others are written by whoever configures it (and `error`: a device is
gone or can't be used)."""


def configures(tables: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an update is more than Open vSwitch's own word on how things are."""
    return any(
        "new" not in row or "old" not in row or not row["old"].keys() <= STATUS_COLUMNS
        for rows in tables.values()
        for row in rows.values()
    )


@dataclass(frozen=True)
class PortRecord:
    """A row of table Port; `vlan_mode` is empty and `tag` None where Open vSwitch has none; others are UUIDs.

    `protected` ports get no frames from each other.
    """

    uuid: str
    name: str
    vlan_mode: str
    tag: int | None
    trunks: tuple[int, ...]
    interfaces: tuple[str, ...]
    lacp: str
    qos: str
    protected: bool


@dataclass(frozen=True)
class InterfaceRecord:
    """A row of table Interface.

    `error` is why ovs-vswitchd can't use the device, else empty; `mac` is in use; `ofport` is its OpenFlow number,
    0 for none; `up` tells of its link, `lacp_current` whether its LACP partner is heard of.
    """

    uuid: str
    name: str
    type: str
    error: str
    mac: str
    mtu_request: int | None
    ofport: int
    up: bool
    lacp_current: bool
    options: Mapping[str, str]


@dataclass(frozen=True)
class BridgeRecord:
    """A row of table Bridge; `ports` and `mirrors` are UUIDs."""

    uuid: str
    name: str
    ports: frozenset[str]
    mirrors: frozenset[str]
    datapath_type: str
    fail_mode: str
    external_ids: Mapping[str, str]
    other_config: Mapping[str, str]


@dataclass(frozen=True)
class MirrorRecord:
    """A row of table Mirror; ports are UUIDs."""

    uuid: str
    name: str
    sources: frozenset[str]
    destinations: frozenset[str]
    output: str


@dataclass(frozen=True)
class QosRecord:
    """A row of table QoS; it has no name but its UUID."""

    uuid: str
    name: str
    type: str


def _list(value: Any) -> list[Any]:
    """The elements of a set column: OVSDB writes a set of one element as the element itself."""
    return value[1] if isinstance(value, list) and value[0] == "set" else [value]


def _one(value: Any) -> Any:
    """The element of a column that holds one or none."""
    return next(iter(_list(value)), None)


def _references(value: Any) -> tuple[str, ...]:
    """The UUIDs of a column that refers to rows."""
    pairs = [value] if value and value[0] == "uuid" else _list(value)
    return tuple(pair[1] for pair in pairs)


def _port(uuid: str, row: Mapping[str, Any]) -> PortRecord:
    return PortRecord(
        uuid=uuid,
        name=row["name"],
        vlan_mode=_one(row["vlan_mode"]) or "",
        tag=_one(row["tag"]),
        trunks=tuple(_list(row["trunks"])),
        interfaces=_references(row["interfaces"]),
        lacp=_one(row["lacp"]) or "",
        qos=next(iter(_references(row["qos"])), ""),
        protected=bool(_one(row["protected"])),
    )


def _interface(uuid: str, row: Mapping[str, Any]) -> InterfaceRecord:
    return InterfaceRecord(
        uuid=uuid,
        name=row["name"],
        type=row["type"],
        error=_one(row["error"]) or "",
        mac=_one(row["mac_in_use"]) or "",
        mtu_request=_one(row["mtu_request"]),
        ofport=max(0, _one(row["ofport"]) or 0),
        up=_one(row["link_state"]) == "up",
        lacp_current=bool(_one(row["lacp_current"])),
        options=dict(row["options"][1]),
    )


def _bridge(uuid: str, row: Mapping[str, Any]) -> BridgeRecord:
    return BridgeRecord(
        uuid=uuid,
        name=row["name"],
        ports=frozenset(_references(row["ports"])),
        mirrors=frozenset(_references(row["mirrors"])),
        datapath_type=row["datapath_type"],
        fail_mode=_one(row["fail_mode"]) or "",
        external_ids=dict(row["external_ids"][1]),
        other_config=dict(row["other_config"][1]),
    )


def _mirror(uuid: str, row: Mapping[str, Any]) -> MirrorRecord:
    return MirrorRecord(
        uuid=uuid,
        name=row["name"],
        sources=frozenset(_references(row["select_src_port"])),
        destinations=frozenset(_references(row["select_dst_port"])),
        output=next(iter(_references(row["output_port"])), ""),
    )


def _qos(uuid: str, row: Mapping[str, Any]) -> QosRecord:
    return QosRecord(uuid, uuid, row["type"])


class Records:
    """The tables as the server last told of them, each by name."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.root_uuid = ""
        self.ports: dict[str, PortRecord] = {}
        self.interfaces: dict[str, InterfaceRecord] = {}
        self.bridges: dict[str, BridgeRecord] = {}
        self.mirrors: dict[str, MirrorRecord] = {}
        self.qos: dict[str, QosRecord] = {}
        self._names: dict[str, str] = {}

    def update(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in what changed; `tables` is an answer to `monitor` or an update (RFC 7047, 4.1.6)."""
        makers: tuple[tuple[str, dict[str, Any], Callable[[str, Any], Any]], ...] = (
            ("Port", self.ports, _port),
            ("Interface", self.interfaces, _interface),
            ("Bridge", self.bridges, _bridge),
            ("Mirror", self.mirrors, _mirror),
            ("QoS", self.qos, _qos),
        )
        for table, records, make in makers:
            changes = tables.get(table, {})
            for uuid, change in changes.items():  # first what is gone: a name may come again in a new row
                if "new" not in change:
                    name = self._names.pop(uuid, "")
                    if name in records and records[name].uuid == uuid:
                        del records[name]
            for uuid, change in changes.items():
                if "new" in change:
                    record = make(uuid, change["new"])
                    records[record.name] = record
                    self._names[uuid] = record.name
        for uuid, change in tables.get("Open_vSwitch", {}).items():
            self.root_uuid, self.root = uuid, change.get("new", {})

    def name_of(self, uuid: str) -> str:
        """The name of the row with this UUID; empty for none."""
        return self._names.get(uuid, "")
