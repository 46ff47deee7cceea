"""Filters as OpenFlow flows: the conditions of a term are flows of one priority, side by side.

Which filter a frame is compared with stands in the upper half of the metadata, so an interface more costs two flows,
not another copy of the filter; the VLAN that untagged frames of the interface belong to stands in the lower half.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from connetos_agent.dataplane.openvswitch import openflow
from connetos_agent.dataplane.openvswitch.openflow import Flow
from connetos_agent.dataplane.openvswitch.pipeline import OWNER, Area, Table
from connetos_agent.dataplane.states.firewall import Condition, FirewallFilter

Fields = dict[str, int | tuple[int, int]]

FIRST_PRIORITY = 60000
"""Of a filter's first term; each one after it has one less."""

ARP, RARP, IPV4, IPV6 = 0x0806, 0x8035, 0x0800, 0x86DD
TAGGED, VLAN_BITS = 0x1000, 0x0FFF
UPPER_HALF = 0xFFFFFFFF00000000

ETHER_TYPES = {"arp": ARP, "ipv4": IPV4, "rarp": RARP}
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "egp": 8, "udp": 17, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51,
    "no-next-header": 59, "ospf": 89, "pim": 103, "sctp": 132,
}  # fmt: skip
"""Numbers of protocols (IANA); the headers of IPv6 that aren't among them are in `EXTENSION_HEADERS`."""
EXTENSION_HEADERS = {"hop-by-hop": 0, "routing": 43, "fragment": 44, "dstopts": 60}
PORTS = {
    "bgp": 179, "bootpc": 68, "bootps": 67, "dns": 53, "finger": 79, "ftp": 21, "ftp-data": 20, "http": 80,
    "https": 443, "msdp": 639, "ntp": 123, "oob-ws-http": 623, "pop3": 110, "radius": 1812, "rip": 520,
    "smtp": 25, "snmp": 161, "telnet": 23, "tftp": 69,
}  # fmt: skip
"""Numbers of ports (IANA)."""
TRANSPORTS = {"tcp": 6, "udp": 17, "sctp": 132}

FIRST_ETHER_TYPE = 0x0600
"""Smaller numbers in its place are a frame's length (IEEE 802.3)."""
TAGS = (0x8100, 0x88A8)


def problem(condition: Condition) -> str:
    """Why Open vSwitch can't look for it; empty if it can."""
    field, form, value = condition
    if field == "ether-type" and form == "number":
        if int(value) < FIRST_ETHER_TYPE:
            return f"ether-type number {value} is the length of a frame, types are from {FIRST_ETHER_TYPE} to 65535"
        if int(value) in TAGS:
            return f"ether-type number {value} is a VLAN tag: the type that is compared stands behind it"
    if field == "protocol" and value in EXTENSION_HEADERS:
        return f"Open vSwitch looks at the protocol behind IPv6's extension headers, so it can't tell {value}"
    return ""


def cookie(number: int, term: int) -> int:
    """The cookie of a filter's flows: our mark, the area, the filter's number, the term's place in it."""
    return OWNER << 48 | Area.FILTER << 32 | number << 16 | term


def term_of(flow_cookie: int) -> tuple[int, int] | None:
    """Number of the filter and place of the term that a flow is of; None for another flow."""
    if flow_cookie >> 32 != OWNER << 16 | Area.FILTER:
        return None
    return flow_cookie >> 16 & 0xFFFF, flow_cookie & 0xFFFF


def filter_flows(number: int, wanted: FirewallFilter, table: Table) -> list[Flow]:
    """A filter's flows in one of the tables of filters."""
    passed = openflow.goto(Table.SWITCH if table == Table.FROM_FILTERS else Table.TO)
    flows: dict[bytes, Flow] = {}
    for place, term in enumerate(wanted.terms):
        instructions = b"" if term.action == "discard" else passed
        own = {match: None for c in term.conditions for match in _matches(number, c)}
        for match in own:
            if match not in flows:  # an earlier term decides about these already
                flows[match] = Flow(table, FIRST_PRIORITY - place, cookie(number, place), match, instructions)
    return list(flows.values())


def _matches(number: int, condition: Condition) -> Iterator[bytes]:
    if condition.field == "vlan":
        vlan = int(condition.value)
        yield openflow.match(vlan_vid=TAGGED | vlan, metadata=(number << 32, UPPER_HALF))
        yield openflow.match(vlan_vid=(0, VLAN_BITS), metadata=number << 32 | vlan)
        return
    for fields in _fields(condition):
        yield openflow.match(**fields, metadata=(number << 32, UPPER_HALF))


def _fields(condition: Condition) -> Iterator[Fields]:
    """The headers that meet a condition, as fields in the order in which Open vSwitch tells them back."""
    field, form, value = condition
    if field in ("dest-mac", "source-mac"):
        yield {"eth_dst" if field == "dest-mac" else "eth_src": int(value.replace(":", ""), 16)}
    elif field == "cos":
        yield {"vlan_vid": (TAGGED, TAGGED), "vlan_pcp": int(value)}
    elif field == "dscp":
        for family in (IPV4, IPV6):
            yield {"eth_type": family, "ip_dscp": int(value)}
    elif field == "ether-type":
        yield {"eth_type": ETHER_TYPES[value] if form == "name" else int(value)}
    elif field in ("dest-ipv4", "source-ipv4"):
        network = ipaddress.IPv4Interface(value).network
        address, mask = int(network.network_address), int(network.netmask)
        name = "ipv4_dst" if field == "dest-ipv4" else "ipv4_src"
        yield {"eth_type": IPV4, **_masked(name, address, mask, 32)}
    elif field == "protocol":
        protocol = PROTOCOLS[value] if form == "name" else int(value)
        for family in (IPV4, IPV6):
            yield {"eth_type": family, "ip_proto": protocol}
    else:
        yield from _ports("dst" if field == "l4-dest-port" else "src", form, value)


def _ports(side: str, form: str, value: str) -> Iterator[Fields]:
    if form == "range":
        first, last = map(int, value.split(":"))
    else:
        first = last = PORTS[value] if form == "name" else int(value)
    for port, mask in port_masks(first, last):
        for family in (IPV4, IPV6):
            for name, protocol in TRANSPORTS.items():
                ports = _masked(f"{name}_{side}", port, mask, 16)
                yield {"eth_type": family, "ip_proto": protocol, **ports}


def _masked(name: str, value: int, mask: int, bits: int) -> Fields:
    """A field with a mask, the way Open vSwitch tells it: without a mask that is whole, not at all without a bit."""
    if not mask:
        return {}
    return {name: value if mask == (1 << bits) - 1 else (value, mask)}


def port_masks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest values with masks that cover the ports from `first` to `last` and no other."""
    while first <= last:
        size = first & -first if first else 1 << 16
        while size > last - first + 1:
            size >>= 1
        yield first, 0xFFFF & -size
        first += size
