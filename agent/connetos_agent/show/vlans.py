"""VLANs and the switch's own ports in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.states.ports import Port
from connetos_agent.dataplane.states.routing import Addresses, DhcpRelay
from connetos_agent.dataplane.states.vlans import VlanInterface
from connetos_agent.show.layout import oper, ports, table
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import VLAN_INTERFACES, VLANS
from connetos_sdk.model.tree import get

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader


def state(reader: StateReader) -> dict[str, Any]:
    """VLANs by id: name, description, and the ports that carry them tagged and untagged."""
    entries = get(reader.running, VLANS, {})
    ids = sorted({*entries, "1"}, key=int)
    vlans: dict[str, Any] = {
        vlan: {
            "vlan-name": entries.get(vlan, {}).get("vlan-name", "default"),
            "description": entries.get(vlan, {}).get("description", ""),
            "l3-interface": entries.get(vlan, {}).get("l3-interface", ""),
            "tagged": [],
            "untagged": [],
        }
        for vlan in ids
    }
    names = reader.switch_ports()
    states = reader.observe([ObjectKey("port", name) for name in names])
    for name in names:
        port = states[ObjectKey("port", name)]
        for vlan in port.vlans if isinstance(port, Port) else ():
            if str(vlan) in vlans and isinstance(port, Port):
                vlans[str(vlan)]["untagged" if vlan == port.native_vlan else "tagged"].append(name)
    return {"vlan-id": vlans}


def interfaces_state(reader: StateReader) -> dict[str, Any]:
    """VLAN interfaces by name: VLAN, addresses, mtu in bytes (IP packet), DHCP servers, oper state and MAC address."""
    names = sorted(
        (e["l3-interface"] for e in get(reader.running, VLANS, {}).values() if "l3-interface" in e),
        key=port_order,
    )
    states = reader.observe([ObjectKey(k, n) for n in names for k in ("vlan-interface", "addresses")])
    links, servers = reader.links(), _dhcp_servers(reader)
    interfaces: dict[str, Any] = {}
    for name in names:
        interface, addresses = (
            states[ObjectKey("vlan-interface", name)],
            states[ObjectKey("addresses", name)],
        )
        status = links.get(name)
        interfaces[name] = {
            "vlan-id": interface.vlan if isinstance(interface, VlanInterface) else None,
            "mtu": interface.mtu_bytes if isinstance(interface, VlanInterface) else None,
            "address": list(addresses.addresses) if isinstance(addresses, Addresses) else [],
            "dhcp-relay": {"server-ip": servers.get(name, [])},
            "oper": oper(status),
            "mac": status.mac if status else "",
        }
    return {"interface": interfaces}


def _dhcp_servers(reader: StateReader) -> dict[str, list[str]]:
    """By VLAN interface, the servers that the running relay asks for its hosts."""
    configured = get(reader.running, VLAN_INTERFACES, {})
    if not any("dhcp-relay" in entry for entry in configured.values()):
        return {}
    target = ObjectKey("dhcp-relay", "system")
    relay, servers = reader.observe([target])[target], dict[str, list[str]]()
    interfaces = {address: name for name, entry in configured.items() for address in entry.get("address", {})}
    for address, server in relay.relays if isinstance(relay, DhcpRelay) else ():
        servers.setdefault(interfaces.get(address, ""), []).append(server)
    return servers


def vlans(data: Mapping[str, Any]) -> str:
    """`show vlans`: two rows for each VLAN."""
    widths = (7, 8, 54)
    out = table(("Vlan ID", "Tag", "Interfaces"), widths, (), gap=3)
    for vlan, entry in data["vlan-id"].items():
        for label, tag in ((vlan, "tagged"), ("", "untagged")):
            out += f"{label.ljust(7)}   {tag.ljust(8)}   {ports(entry[tag], 21)}".rstrip() + "\n"
    return out


def brief(data: Mapping[str, Any]) -> str:
    """`show vlans brief`: a line for each VLAN."""
    rows = [
        (
            number,
            entry["vlan-name"],
            str(len(entry["tagged"])),
            str(len(entry["untagged"])),
            entry["l3-interface"],
        )
        for number, entry in data["vlan-id"].items()
    ]
    names = ("Vlan ID", "Vlan Name", "Tagged ports", "Untagged ports", "vlan-interface")
    return table(names, (7, 32, 12, 14, 15), rows)


def detail(data: Mapping[str, Any]) -> str:
    """`show vlans detail`: the block of each VLAN."""
    return "\n".join(vlan(number, entry) for number, entry in data["vlan-id"].items())


def vlan(number: str, entry: Mapping[str, Any]) -> str:
    """`show vlans vlan-id <id>`."""
    rows = [
        f"VLAN ID: {number}",
        f"VLAN Name: {entry['vlan-name']}",
        f"Description: {entry['description']}",
        f"vlan-interface: {entry['l3-interface']}",
        f"Number of member ports: {len(entry['tagged']) + len(entry['untagged'])}",
        f"Tagged port: {ports(entry['tagged'], 13) or 'None'}",
        f"Untagged port: {ports(entry['untagged'], 15) or 'None'}",
    ]
    return "".join(row.rstrip() + "\n" for row in rows)


def vlan_interfaces(data: Mapping[str, Any]) -> str:
    """`show vlan-interface`: a row for each address, or one without."""
    rows = []
    for name, entry in data["interface"].items():
        status = entry["oper"].capitalize()
        for address in entry["address"] or [""]:
            rows.append(
                (name, status, str(entry["vlan-id"]), str(entry["mtu"]), entry["mac"].upper(), address)
            )
    return table(("Interface", "Status", "VLAN ID", "MTU", "MAC", "Address"), (9, 6, 7, 5, 17, 18), rows)
