"""Reads from lldpd what the switch knows of its neighbours, and what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connetos_agent.dataplane.lldp.library import Atom, Connection, Key

MAC_SUBTYPES = {("chassis", 4), ("port", 3)}
"""Subtypes of chassis and port ids that are MAC addresses (IEEE 802.1AB, 8.5.2 and 8.5.3)."""
CAPABILITIES = ("Other", "Repeater", "Bridge", "Wlan", "Router", "Telephone", "Docsis", "Station")
"""By bit, from the lowest (IEEE 802.1AB, 8.5.8)."""
MEDIA = (
    "Others", "10base_T", "10base_TFD", "100base_T4", "100base_TX", "100base_TXFD", "100base_T2", "100base_T2FD",
    "Fdx_Pause", "Fdx_APause", "Fdx_SPause", "Fdx_BPause", "1000base_X", "1000base_XFD", "1000base_T", "1000base_TFD",
)  # fmt: skip
"""By bit, from the highest of 16 (IANAifMauAutoNegCapBits, RFC 4836)."""
COUNTERS = {
    "received": Key.RX_COUNT,
    "transmitted": Key.TX_COUNT,
    "unknown-tlvs": Key.RX_UNRECOGNIZED,
    "discarded": Key.RX_DISCARDED,
    "ageouts": Key.AGEOUT_COUNT,
}


@dataclass(frozen=True)
class Discovered:
    """What lldpd tells at one moment; ports are network devices."""

    chassis: Mapping[str, Any]
    neighbors: Mapping[str, list[dict[str, Any]]]
    counters: Mapping[str, dict[str, int]]


def read(path: str) -> Discovered:
    """Everything that the lldpd at `path` knows.

    Raises:
        DriverError: it can't be asked.
    """
    neighbors: dict[str, list[dict[str, Any]]] = {}
    counters: dict[str, dict[str, int]] = {}
    with Connection(path) as lldpd:
        chassis = _chassis(lldpd.chassis())
        for device, interface in lldpd.interfaces().items():
            port = interface.port()
            counters[device] = {name: max(0, port.number(key)) for name, key in COUNTERS.items()}
            neighbors[device] = [neighbor(found) for found in port.atom(Key.PORT_NEIGHBORS) or ()]
    return Discovered(chassis, neighbors, counters)


def neighbor(port: Atom) -> dict[str, Any]:
    """One neighbour, as the state shows it."""
    chassis = port.atom(Key.PORT_CHASSIS)
    known = {} if chassis is None else _chassis(chassis)
    advertised = port.number(Key.AUTONEG_ADVERTISED)
    pvid = port.number(Key.PVID)
    mau = port.text(Key.MAU_TYPE)
    return {
        "chassis-id": known.get("chassis-id", ""),
        "port-id": _id(port, "port", Key.PORT_ID_SUBTYPE, Key.PORT_ID),
        "port-description": port.text(Key.PORT_DESCRIPTION),
        "system-name": known.get("system-name", ""),
        "system-description": known.get("system-description", ""),
        "management-address": known.get("management-address", []),
        "capabilities": known.get("capabilities", []),
        "capabilities-enabled": known.get("capabilities-enabled", []),
        "native-vlan-id": pvid if pvid > 0 else None,
        "ttl_s": port.number(Key.PORT_TTL),
        "since": float(port.number(Key.PORT_AGE)),
        "auto-negotiation": {
            "supported": port.number(Key.AUTONEG_SUPPORT) == 1,
            "enabled": port.number(Key.AUTONEG_ENABLED) == 1,
            "media": [n for bit, n in enumerate(MEDIA) if advertised > 0 and advertised & (0x8000 >> bit)],
        },
        "mau-type": "" if mau == "unknown" else mau.partition(" - ")[0],
    }


def _chassis(chassis: Atom) -> dict[str, Any]:
    return {
        "chassis-id": _id(chassis, "chassis", Key.CHASSIS_ID_SUBTYPE, Key.CHASSIS_ID),
        "system-name": chassis.text(Key.CHASSIS_NAME),
        "system-description": chassis.text(Key.CHASSIS_DESCRIPTION),
        "management-address": [a.text(Key.ADDRESS) for a in chassis.atom(Key.CHASSIS_ADDRESSES) or ()],
        "capabilities": _capabilities(chassis.number(Key.CHASSIS_CAP_AVAILABLE)),
        "capabilities-enabled": _capabilities(chassis.number(Key.CHASSIS_CAP_ENABLED)),
    }


def _capabilities(bits: int) -> list[str]:
    return [name for bit, name in enumerate(CAPABILITIES) if bits > 0 and bits & (1 << bit)]


def _id(atom: Atom, what: str, subtype: Key, key: Key) -> str:
    if (what, atom.number(subtype)) in MAC_SUBTYPES:
        return atom.data(key).hex(":")
    return atom.text(key) or atom.data(key).hex(":")
