"""What the SDK answers: frozen dataclasses, with units in their names, made from the agent's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Result:
    """Base of all results."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """The result that `data` describes. Keys that this version doesn't know are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


@dataclass(frozen=True)
class CommitResult(Result):
    """What a commit did, or a dry run would do.

    Attributes:
        revision: the running revision afterwards; None at a switch that doesn't number its revisions.
        changed: whether anything changed.
        diff: the difference, grouped by place, lines marked `-` and `+`.
        set_lines: the same as `set` and `delete` lines.
        plan: for a dry run the steps in the data plane, else how many were made; None where the switch doesn't say.
        confirm_deadline: until when it must be confirmed, in seconds since 1970; None if it needn't be.
    """

    revision: int | None
    changed: bool
    diff: str
    set_lines: str
    plan: Any
    confirm_deadline: float | None
    dry_run: bool


@dataclass(frozen=True)
class Revision(Result):
    """Who made a revision, when (seconds since 1970) and how; `rollback` 0 is the running one."""

    id: int
    parent: int
    time: float
    user: str
    via: str
    comment: str
    rollback: int


@dataclass(frozen=True)
class SystemState(Result):
    """The switch as a whole.

    Attributes:
        forwarding: false on the memory data plane.
        uptime_s: seconds since the agent started.
        switch_uptime_s: seconds since the switch was booted; 0 if the agent doesn't tell.
        revision: the running revision; None at a switch that doesn't number its revisions.
        confirm: the commit that waits for confirmation, if one does.
        scheduled: the commit that waits for its time, if one does.
        troubles: what isn't as configured, as far as the switch tells.
    """

    hostname: str
    version: str
    model: str
    dataplane: str
    forwarding: bool
    uptime_s: float
    revision: int | None
    confirm: Mapping[str, Any] | None
    troubles: list[str]
    scheduled: Mapping[str, Any] | None = None
    switch_uptime_s: float = 0.0


@dataclass(frozen=True)
class InterfaceState(Result):
    """A port. `oper` is up, down or unknown; `mtu_bytes` is the largest frame with header and checksum."""

    name: str
    admin: str
    oper: str
    mtu_bytes: int
    description: str
    port_mode: str
    native_vlan_id: int
    vlans: list[int]
    mac: str


@dataclass(frozen=True)
class ManagementState(Result):
    """The management port. `address` is with prefix length; it and `gateway` are empty when there is none."""

    name: str
    oper: str
    address: str
    gateway: str
    dhcp: bool
    mac: str


@dataclass(frozen=True)
class VlanState(Result):
    """A VLAN and the ports that carry it."""

    vlan_id: int
    name: str
    description: str
    l3_interface: str
    tagged: list[str]
    untagged: list[str]


@dataclass(frozen=True)
class VlanInterfaceState(Result):
    """A VLAN interface; `mtu_bytes` is the largest IP packet, `addresses` are with prefix length."""

    name: str
    vlan_id: int | None
    oper: str
    mtu_bytes: int | None
    addresses: list[str]
    mac: str


@dataclass(frozen=True)
class LoopbackState(Result):
    """A loopback interface; `addresses` are with prefix length."""

    name: str
    oper: str
    description: str
    addresses: list[str]


@dataclass(frozen=True)
class RouteState(Result):
    """A static route; `next_hops` are (address, metric) pairs that are installed."""

    prefix: str
    installed: bool
    next_hops: list[tuple[str, int]]


@dataclass(frozen=True)
class LldpNeighbor(Result):
    """A neighbour that LLDP has found.

    Attributes:
        local_port: the port of this switch at which it is.
        chassis_id: its id, a MAC address in most cases (lower case).
        port_id: its port, such as `te-1/1/4`.
        port_description: what its port says of itself.
        capabilities: what it does, such as `Bridge` and `Router`.
        native_vlan_id: VLAN of untagged frames at its port; None if it doesn't tell.
        ttl_s: for how many seconds its advertisement is good.
    """

    local_port: str
    chassis_id: str
    port_id: str
    port_description: str
    system_name: str
    system_description: str
    management_addresses: list[str]
    capabilities: list[str]
    native_vlan_id: int | None
    ttl_s: int


@dataclass(frozen=True)
class Event(Result):
    """Something that happened on the switch at `time` (seconds since 1970)."""

    kind: str
    time: float
    data: Mapping[str, Any]


def interfaces(data: Mapping[str, Any]) -> dict[str, InterfaceState]:
    """Ports by name, from the agent's `state/interface`."""
    return {
        name: InterfaceState(
            name=name,
            admin=entry.get("admin", "unknown"),
            oper=entry["oper"],
            mtu_bytes=entry.get("mtu", 0),
            description=entry.get("description", ""),
            port_mode=entry.get("port-mode", "unknown"),
            native_vlan_id=entry.get("native-vlan-id", 0),
            vlans=entry.get("vlans", []),
            mac=entry.get("mac", ""),
        )
        for name, entry in data["gigabit-ethernet"].items()
    }


def management(data: Mapping[str, Any]) -> ManagementState | None:
    """The management port, from the agent's `state/interface/management-ethernet`."""
    for name, entry in data.items():
        return ManagementState(
            name=name,
            oper=entry["oper"],
            address=entry.get("address") or "",
            gateway=entry.get("gateway") or "",
            dhcp=bool(entry.get("dhcp")),
            mac=entry.get("mac", ""),
        )
    return None


def vlans(data: Mapping[str, Any]) -> dict[int, VlanState]:
    """VLANs by id, from the agent's `state/vlans`."""
    return {
        int(vlan): VlanState(
            vlan_id=int(vlan),
            name=entry["vlan-name"],
            description=entry["description"],
            l3_interface=entry["l3-interface"],
            tagged=entry["tagged"],
            untagged=entry["untagged"],
        )
        for vlan, entry in data["vlan-id"].items()
    }


def vlan_interfaces(data: Mapping[str, Any]) -> dict[str, VlanInterfaceState]:
    """VLAN interfaces by name, from the agent's `state/vlan-interface`."""
    return {
        name: VlanInterfaceState(
            name=name,
            vlan_id=entry["vlan-id"],
            oper=entry["oper"],
            mtu_bytes=entry["mtu"],
            addresses=entry["address"],
            mac=entry["mac"],
        )
        for name, entry in data["interface"].items()
    }


def loopbacks(data: Mapping[str, Any]) -> dict[str, LoopbackState]:
    """Loopbacks by name, from the agent's `state/loopback-interface`."""
    return {
        name: LoopbackState(name, entry["oper"], entry["description"], entry["address"])
        for name, entry in data["interface"].items()
    }


def routes(data: Mapping[str, Any]) -> dict[str, RouteState]:
    """Static routes by prefix, from the agent's `state/route`."""
    return {
        prefix: RouteState(
            prefix=prefix,
            installed=entry["installed"],
            next_hops=[(hop["address"], hop["metric"]) for hop in entry["next-hop"]],
        )
        for prefix, entry in data["static"].items()
    }


@dataclass(frozen=True)
class AggregateState(Result):
    """A link aggregation group. `oper` is up while enough members carry frames; `mtu_bytes` as of a port."""

    name: str
    admin: str
    oper: str
    mtu_bytes: int
    description: str
    members: list[str]
    lacp: bool
    min_selected_ports: int


@dataclass(frozen=True)
class MacEntry(Result):
    """Which port a MAC address is behind; `age_s` seconds ago it was heard of, if it isn't static."""

    vlan_id: int
    mac_address: str
    interface: str
    static: bool
    age_s: int


def aggregates(data: Mapping[str, Any]) -> dict[str, AggregateState]:
    """Aggregates by name, from the agent's `state/interface`."""
    return {
        name: AggregateState(
            name=name,
            admin=entry["admin"],
            oper=entry["oper"],
            mtu_bytes=entry["mtu"],
            description=entry["description"],
            members=entry.get("members", []),
            lacp=entry.get("lacp", False),
            min_selected_ports=entry.get("min-selected-port", 1),
        )
        for name, entry in data.get("aggregate-ethernet", {}).items()
    }


def mac_table(data: Mapping[str, Any]) -> list[MacEntry]:
    """The MAC table, from the agent's `state/ethernet-switching`."""
    return [
        MacEntry(e["vlan-id"], e["mac-address"], e["interface"], e["type"] == "static", e["age"])
        for e in data["table"]
    ]


def lldp_neighbors(data: Mapping[str, Any]) -> list[LldpNeighbor]:
    """Neighbours in the order of their local ports, from the agent's `state/lldp/neighbor`."""
    return [
        LldpNeighbor(
            local_port=port,
            chassis_id=entry["chassis-id"],
            port_id=entry["port-id"],
            port_description=entry["port-description"],
            system_name=entry["system-name"],
            system_description=entry["system-description"],
            management_addresses=entry["management-address"],
            capabilities=entry["capabilities-enabled"],
            native_vlan_id=entry["native-vlan-id"],
            ttl_s=entry["ttl_s"],
        )
        for port, neighbors in data.items()
        for entry in neighbors
    ]
