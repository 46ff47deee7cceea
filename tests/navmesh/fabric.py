"""A fabric of two spines and four leaves: routed with two equal paths, and one VLAN across it on layer 2.

Leaf 4 and spine 2 have two cables between them, an aggregate.
"""

from __future__ import annotations

from typing import Any

from connetos_sdk.lab import Topology

LEAVES, SPINES = (1, 2, 3, 4), (1, 2)
STRETCHED = 500
"""VLAN of the hosts w1 to w3, carried by the trunks to spine 1."""
AGGREGATED = {"leaf4": ("te-1/1/5", "te-1/1/8"), "spine2": ("te-1/1/4", "te-1/1/5")}
"""Members of ae1."""


def topology(name: str) -> Topology:
    """The lab; hosts h1 to h4 are routed, w1 to w3 share the stretched VLAN."""
    switches: dict[str, dict[str, Any]] = {f"spine{n}": {"ports": 6} for n in SPINES}
    switches |= {f"leaf{n}": {"ports": 8} for n in LEAVES}
    for switch, members in AGGREGATED.items():  # from the start: alone the two cables were a loop
        ports = {port: {"ether-options": {"802.3ad": "ae1"}} for port in members}
        switches[switch]["config"] = {
            "interface": {"aggregate-ethernet": {"ae1": {}}, "gigabit-ethernet": ports}
        }
    hosts = {
        f"h{n}": {"link": f"leaf{n}:te-1/1/1", "address": f"198.18.{n}.1/24", "gateway": f"198.18.{n}.254"}
        for n in LEAVES
    } | {f"w{n}": {"link": f"leaf{n}:te-1/1/2", "address": f"198.18.50.{n}/24"} for n in LEAVES[:3]}
    links = [[f"leaf{leaf}:te-1/1/{6 + s}", f"spine{s}:te-1/1/{leaf}"] for leaf in LEAVES for s in SPINES]
    links.append(["leaf4:te-1/1/5", "spine2:te-1/1/5"])
    document = {
        "name": name, "dataplane": "openvswitch", "switches": switches, "hosts": hosts, "links": links,
    }  # fmt: skip
    return Topology.from_document(document, "tests")


def configuration(switch: str) -> str:
    """The lines of one switch."""
    lines: list[str] = []
    number = int(switch[-1])
    if switch.startswith("leaf"):
        lines += _routed("te-1/1/1", number, f"198.18.{number}.254")
        for spine in SPINES:
            port = "ae1" if (number, spine) == (4, 2) else f"te-1/1/{6 + spine}"
            lines += _routed(port, between(number, spine), f"198.18.{between(number, spine)}.1")
        for other in LEAVES:
            if other != number:
                route = f"set protocols static route 198.18.{other}.0/24"
                lines.append(f"{route} next-hop 198.18.{between(number, 1)}.2")
                lines.append(f"{route} qualified-next-hop 198.18.{between(number, 2)}.2")
        lines += _trunk("te-1/1/7")
        lines.append(
            f"set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id {STRETCHED}"
        )
        return "\n".join(lines)
    for leaf in LEAVES:
        vlan = between(leaf, number)
        port = "ae1" if (leaf, number) == (4, 2) else f"te-1/1/{leaf}"
        lines += _routed(port, vlan, f"198.18.{vlan}.2")
        lines.append(f"set protocols static route 198.18.{leaf}.0/24 next-hop 198.18.{vlan}.1")
        lines += _trunk(f"te-1/1/{leaf}") if number == 1 else []
    return "\n".join(lines)


def between(leaf: int, spine: int) -> int:
    """Number of the VLAN and subnet between a leaf and a spine."""
    return 100 + 10 * leaf + spine


def _routed(port: str, vlan: int, address: str) -> list[str]:
    kind = "aggregate-ethernet" if port.startswith("ae") else "gigabit-ethernet"
    return [
        f"set vlans vlan-id {vlan} l3-interface vlan{vlan}",
        f"set vlan-interface interface vlan{vlan} address {address} prefix-length 24",
        f"set interface {kind} {port} family ethernet-switching native-vlan-id {vlan}",
    ]


def _trunk(port: str) -> list[str]:
    return [
        f"set vlans vlan-id {STRETCHED}",
        f"set interface gigabit-ethernet {port} family ethernet-switching port-mode trunk",
        f"set interface gigabit-ethernet {port} family ethernet-switching vlan members {STRETCHED}",
    ]
