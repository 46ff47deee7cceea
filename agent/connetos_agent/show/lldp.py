"""Layouts of LLDP (the state is the LLDP service's)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connetos_agent.show.layout import table

TLV_NAMES = {"port-vlan": "port_vlan_id", "mac-phy-cfg": "mac_phy"}
STATISTICS_WIDTHS = (10, 20, 20, 20, 20, 20)


def _comma(words: Iterable[str]) -> str:
    """A list whose last word has a comma, too, as documented."""
    return "".join(f"{word}, " for word in words).rstrip()


def _shown_id(chassis_id: str) -> str:
    """MAC addresses are shown in upper case, other ids as they are."""
    return chassis_id.upper() if re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", chassis_id) else chassis_id


def _lines(rows: Iterable[str]) -> str:
    return "".join(row.rstrip() + "\n" for row in rows)


def detail(lldp: Mapping[str, Any]) -> str:
    """`show lldp detail`."""
    if not lldp["enabled"]:
        return "LLDP: Disable\n"
    settings = lldp["settings"]
    return _lines(
        [
            "LLDP: Enable",
            f"Advertisement interval: {settings['advertisement-interval']}",
            f"Re-initialization Delay: {settings['reinit-delay']}",
            f"Transmit Delay: {settings['transmit-delay']}",
            f"Hold timer: {settings['hold-time']}",
            "Selected TLVs:",
            *(f"  {TLV_NAMES.get(tlv, tlv.replace('-', '_'))}" for tlv in settings["tlvs"]),
        ]
    )


def local_info(lldp: Mapping[str, Any]) -> str:
    """`show lldp local-info`."""
    local = lldp["local"]
    rows = [
        (port, "Disable" if entry["status"] == "disabled" else "Enable", entry["status"].replace("-", "_"))
        for port, entry in lldp["interface"].items()
    ]
    head = [
        "LLDP Local configuration details",
        f"Chassis ID: {local.get('chassis-id', '')}",
        f"System name: {local.get('system-name', '')}",
        f"System description: {local.get('system-description', '')}",
    ]
    return _lines(head) + table(("Interface", "LLDP", "State"), (10, 9, 9), rows, gap=4)


def neighbors(lldp: Mapping[str, Any], ports: Iterable[str]) -> str:
    """`show lldp neighbor`: a row for each neighbour of `ports`."""
    rows = [
        (
            port,
            _shown_id(found["chassis-id"]),
            found["port-id"],
            found["system-name"],
            found["port-description"],
        )
        for port in ports
        for found in lldp["neighbor"].get(port, ())
    ]
    names = ("Local Port", "Chassis ID", "Port ID", "System Name", "Port Description")
    return table(names, (10, 17, 15, 20, 30), rows)


def neighbor_detail(lldp: Mapping[str, Any], port: str) -> str:
    """`show lldp neighbor <port> detail`."""
    return "".join(_neighbor(port, found) for found in lldp["neighbor"].get(port, ()))


def _neighbor(port: str, found: Mapping[str, Any]) -> str:
    ipv4 = [address for address in found["management-address"] if ":" not in address]
    negotiation = found["auto-negotiation"]
    rows = [
        f"Local Port: {port}",
        f"  Time To Live: {found['ttl_s']}",
        f"  Chassis ID: {_shown_id(found['chassis-id'])}",
        f"  Port ID: {found['port-id']}",
        f"  Port Description: {found['port-description']}",
        f"  System Name: {found['system-name']}",
        f"  System Description: {found['system-description']}",
        f"  System Capability: {_comma(found['capabilities-enabled'])}",
        f"  Management Address: {next(iter(ipv4 or found['management-address']), '0.0.0.0')}",
        f"  Default VLAN ID: {found['native-vlan-id'] or ''}",
        f"  Auto Negotiation: {'Supported' if negotiation['supported'] else 'Not Supported'}, "
        f"{'Enabled' if negotiation['enabled'] else 'Disabled'}",
        f"  Physical media capabilities: {_comma(negotiation['media'])}",
        f"  Media Attachment Unit type: {found['mau-type']}",
    ]
    return _lines(rows)


def statistics(lldp: Mapping[str, Any], ports: Iterable[str]) -> str:
    """`show lldp statistics`. lldpd discards every frame in which it finds an error, so both columns are the same."""
    rows = []
    for port in ports:
        counted = lldp["interface"].get(port, {}).get("statistics", {})
        columns = ("received", "transmitted", "unknown-tlvs", "discarded", "discarded")
        rows.append((port, *(str(counted.get(name, 0)) for name in columns)))
    names = ("Interface", "Received", "Transmitted", "Unknown-TLVs", "With-Errors", "Discarded")
    return table(names, STATISTICS_WIDTHS, rows)
