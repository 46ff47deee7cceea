"""What packets do now: the flows that the datapath has, each made by a packet and counting those after it.

A datapath flow matches only what the tables looked at, often no more than MAC addresses. So a match says that frames
between these two MAC addresses went this way within the last seconds, and `exact` whether they were of this flow only.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from connetos_agent.services.navmesh.flow import Flow
from connetos_agent.services.navmesh.tables import Tables
from connetos_agent.services.navmesh.twin import Frame

_LINE = re.compile(
    r"^(?:ufid:\S+, )?(.*?), packets:(\d+), bytes:\d+, used:(\S+?), .*?actions:(\S+?)(?:, dp-extra-info:.*)?$"
)
_FIELD = re.compile(r"(\w+)\(((?:[^()]|\([^()]*\))*)\)")
MAX_FLOWS = 64


@dataclass(frozen=True)
class Seen:
    """One datapath flow that may carry the flow asked for."""

    ingress: str
    egress: list[str]
    packets: int
    used_s: float
    exact: bool
    dropped: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))


Pairs = frozenset[tuple[str, str]]
"""Source and destination MAC addresses that the flow's frames have here, before or behind the router."""


def seen(tables: Tables, flow: Flow, pairs: Pairs) -> list[Seen]:
    """The datapath flows that carry the flow: made by a packet of it, or by one between the same MAC addresses."""
    outer: list[Seen] = []
    routed: dict[str, None] = {}
    for line in tables.bridge.control.call("dpctl/dump-flows", "-m", "--no-names").splitlines():
        match = _LINE.match(line)
        if match is None or match[3] == "never":
            continue
        fields = dict(_FIELD.findall(match[1]))
        exact = _matches(fields, flow, pairs)
        if exact is None:
            continue
        device = tables.bridge.device(fields.get("in_port", ""))
        ports = [tables.port_of(output.device) for output in tables.bridge.outputs(match[4], _tag(fields))]
        if not tables.is_port(device):
            routed |= dict.fromkeys(ports)  # the router sends it on
            continue
        outer.append(
            Seen(
                ingress=tables.port_of(device),
                egress=ports,
                packets=int(match[2]) + 1,
                used_s=float(match[3].rstrip("s")),
                exact=exact,
                dropped=match[4] == "drop",
            )
        )
    return [
        one if one.dropped or set(one.egress) <= set(tables.port_names) else replace(one, egress=list(routed))
        for one in outer[:MAX_FLOWS]
    ]


def frames(tables: Tables) -> Iterator[Frame]:
    """The first packet of each datapath flow of IPv4 packets to one host, by ports of the switch; the newest first."""
    found = []
    for line in tables.bridge.control.call("dpctl/dump-flows", "-m", "--no-names").splitlines():
        match = _LINE.match(line)
        frame = None if match is None else _frame(tables, dict(_FIELD.findall(match[1])))
        if match is not None and frame is not None:
            used = float("inf") if match[3] == "never" else float(match[3].rstrip("s"))
            found.append((used, frame))
    found.sort(key=lambda one: one[0])
    yield from (frame for _, frame in found)


def _frame(tables: Tables, fields: dict[str, str]) -> Frame | None:
    device = tables.bridge.device(fields.get("in_port", ""))
    tag = _tag(fields)
    if "encap" in fields:
        fields = fields | dict(_FIELD.findall(fields["encap"]))
    ethernet, addresses = _values(fields.get("eth", "")), _values(fields.get("ipv4", ""))
    source, destination = ethernet.get("src", ("",))[0], ethernet.get("dst", ("",))[0]
    if not tables.is_port(device) or "src" not in addresses or not source or not destination:
        return None
    if int(destination[:2], 16) & 1:  # to several hosts
        return None
    protocol = int(addresses["proto"][0])
    ports = _values(fields.get({6: "tcp", 17: "udp", 132: "sctp"}.get(protocol, ""), ""))
    ends = [ipaddress.ip_address(addresses[end][0]) for end in ("src", "dst")]
    numbers = [int(ports[end][0]) if end in ports else 0 for end in ("src", "dst")]
    flow = Flow(ends[0], ends[1], protocol, numbers[0], numbers[1])
    if flow.destination.is_multicast or flow.source.is_unspecified:
        return None
    return Frame(tables.port_of(device), tag, source, destination, flow)


def _matches(fields: dict[str, str], flow: Flow, pairs: Pairs) -> bool | None:
    """None if frames of the flow don't meet it; otherwise whether no other flow does."""
    if "encap" in fields:
        fields = fields | dict(_FIELD.findall(fields["encap"]))
    ethernet = _values(fields.get("eth", ""))
    between = (ethernet.get("src", ("",))[0], ethernet.get("dst", ("",))[0]) in pairs
    addresses = _values(fields.get("ipv4" if flow.source.version == 4 else "ipv6", ""))
    if not addresses:
        return None
    wanted = {"src": str(flow.source), "dst": str(flow.destination), "proto": str(flow.protocol)}
    found = [(addresses.get(key, ("", False)), value) for key, value in wanted.items()]
    if flow.has_ports:
        ports = _values(fields.get({6: "tcp", 17: "udp", 132: "sctp"}[flow.protocol], ""))
        numbers = {"src": str(flow.source_port), "dst": str(flow.destination_port)}
        found += [(ports.get(key, ("", False)), value) for key, value in numbers.items()]
    if any(whole and first != value for (first, whole), value in found):
        return None
    if not between and any(first != value for (first, _), value in found):
        return None
    return all(whole for (_, whole), _ in found)


def _tag(fields: dict[str, str]) -> int | None:
    vlan = _values(fields.get("vlan", "")).get("vid")
    return int(vlan[0], 0) if vlan else None


def _values(text: str) -> dict[str, tuple[str, bool]]:
    """`src=198.18.0.1/0.0.0.0` as (first packet's value, whether the flow matches all of it)."""
    found = {}
    for part in text.split(","):
        key, _, value = part.partition("=")
        first, slash, _ = value.partition("/")  # a mask stands only where not all of it is matched
        found[key] = (first, not slash)
    return found
