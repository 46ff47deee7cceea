"""The flows and groups in an aggregate's own bridge (see `aggregates`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connetos_agent.dataplane.openvswitch import openflow
from connetos_agent.dataplane.openvswitch.openflow import Flow, Group
from connetos_agent.dataplane.states.switching import Aggregate

GROUP = 1
"""Number of the group that chooses a member; the group of a member has the member's port number, above `MEMBERS`."""
MEMBERS = 16

FIELDS = {
    "source-mac": ("eth_src",),
    "dest-mac": ("eth_dst",),
    "ether-type": ("eth_type",),
    "vlan-id": ("vlan_vid",),
    "ip-protocol": ("ip_proto",),
    "source-ip": ("ipv4_src", "ipv6_src"),
    "dest-ip": ("ipv4_dst", "ipv6_dst"),
    "l4-source-port": ("tcp_src", "udp_src", "sctp_src"),
    "l4-dest-port": ("tcp_dst", "udp_dst", "sctp_dst"),
}
"""Header fields of each documented key."""

FIELD_ORDER = (
    "eth_src", "eth_dst", "eth_type", "vlan_vid", "ipv4_src", "ipv4_dst", "ipv6_src", "ipv6_dst", "ip_proto",
    "tcp_src", "tcp_dst", "udp_src", "udp_dst", "sctp_src", "sctp_dst",
)  # fmt: skip
"""The order in which Open vSwitch tells fields back."""

IPV4, IPV6 = 0x0800, 0x86DD

Realisation = tuple[list[Flow], list[Group]]
"""What stands in the bridge."""


def down(mark: int) -> Realisation:
    """Nothing passes.

    Args:
        mark: the cookie of the aggregate's flows.
    """
    return [Flow(0, 200, mark, openflow.match(), b"")], []


def realisation(mark: int, up: int, numbers: Sequence[int], aggregate: Aggregate) -> Realisation:
    """What comes from the switch goes to one of the members, what comes from a member that is alive to the switch.

    Args:
        mark: the cookie of the aggregate's flows.
        up: OpenFlow number of the port towards the switch.
        numbers: those of the members.
        aggregate: by which keys a member is chosen.
    """
    if not numbers:
        return [Flow(0, 100, mark, openflow.match(), b"")], []
    groups = [openflow.guarded_group(MEMBERS + n, n, openflow.output(up)) for n in numbers]
    flows = [
        Flow(0, 100, mark, openflow.match(in_port=n), openflow.apply(openflow.group(MEMBERS + n)))
        for n in numbers
    ]
    if aggregate.symmetric:
        return [*flows, *_symmetric(mark, up, numbers, aggregate)], groups
    fields = {field for key in aggregate.keys for field in FIELDS.get(key, ())}
    ordered = [field for field in FIELD_ORDER if field in fields]
    groups.append(openflow.select_group(GROUP, numbers, ordered, aggregate.algorithm))
    chosen = openflow.apply(openflow.group(GROUP))
    return [*flows, Flow(0, 100, mark, openflow.match(in_port=up), chosen)], groups


def difference(wanted: Realisation, flows: Iterable[Flow], groups: Iterable[Group]) -> list[bytes]:
    """The messages that make what is there what is wanted; none when it is. Flows without a cookie aren't ours."""
    found, there = [flow for flow in flows if flow.cookie], {group.number: group for group in groups}
    numbers = {group.number for group in wanted[1]}
    return [
        *(openflow.add_group(g, there=g.number in there) for g in wanted[1] if there.get(g.number) != g),
        *(openflow.add_flow(flow) for flow in wanted[0] if flow not in found),
        *(openflow.delete_flow(flow) for flow in found if not _same_place(flow, wanted[0])),
        *(openflow.delete_group(number) for number in there if number not in numbers),
    ]


def _same_place(flow: Flow, flows: Iterable[Flow]) -> bool:
    """Whether one of `flows` takes this one's place."""
    return any((f.table, f.priority, f.match) == (flow.table, flow.priority, flow.match) for f in flows)


def _symmetric(mark: int, up: int, numbers: Sequence[int], aggregate: Aggregate) -> list[Flow]:
    """IP by addresses and ports as far as they are keys, everything else by what `SYMMETRIC_L4` knows: MACs, VLAN, type."""
    basis, keys = aggregate.algorithm, aggregate.keys
    other = openflow.apply(openflow.bundle(openflow.SYMMETRIC_L4, basis, numbers))
    flows = [Flow(0, 100, mark, openflow.match(in_port=up), other)]
    if "source-ip" in keys:
        hashed = openflow.SYMMETRIC_L3L4_UDP if "l4-source-port" in keys else openflow.SYMMETRIC_L3
        by_address = openflow.apply(openflow.bundle(hashed, basis, numbers))
        flows += [
            Flow(0, 110, mark, openflow.match(in_port=up, eth_type=kind), by_address) for kind in (IPV4, IPV6)
        ]
    return flows
