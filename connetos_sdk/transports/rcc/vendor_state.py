"""Operational state of a vendor's switch, in the form that our agent has for it, from documented text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from connetos_sdk import errors
from connetos_sdk.model import tree
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.rules import LOOPBACKS
from connetos_sdk.textfsm import parse
from connetos_sdk.transports.rcc.lines import parse_shown
from connetos_sdk.transports.rcc.shell import Shell
from connetos_sdk.transports.rcc.vendor_machine import MACHINE, arp, fib

_MANAGEMENT = ("interface", "management-ethernet")
_ROUTES = ("protocols", "static", "route")


def read(shell: Shell, path: Path) -> Any:
    """State at `path`.

    Raises:
        Unsupported: no documented output tells it.
        NotFound: there is no such thing on the switch.
        ProtocolError: the switch's text isn't laid out as documented.
    """
    if path[:2] == _MANAGEMENT:
        return tree.get(_management(shell), path[2:])
    if path[:1] == ("system",) and path[1:2] and path[1] in MACHINE:
        return tree.get(MACHINE[path[1]](partial(_rows, shell)), path[2:])
    found = _AREAS[path[0]](shell) if path and path[0] in _AREAS else {}
    if not found or (path[:1] == ("system",) and path[1:2] and path[1] not in found):
        raise errors.Unsupported(
            f"no documented output of a vendor's switch tells the state of {format_path(path) or 'everything'}",
            hint="one of "
            + ", ".join([*_AREAS, *(f"system {name}" for name in MACHINE), format_path(_MANAGEMENT)]),
        )
    return tree.get(found, path[1:])


def _rows(shell: Shell, command: str) -> list[dict[str, Any]]:
    return parse(command, shell.text(command))


def _system(shell: Shell) -> dict[str, Any]:
    version, uptime = _only(shell, "show version"), _only(shell, "show system uptime")
    running = parse_shown(shell.text("show running-config"))
    days, hours, minutes = (int(uptime[name] or 0) for name in ("days", "hours", "minutes"))
    seconds = ((days * 24 + hours) * 60 + minutes) * 60
    return {
        "hostname": tree.get(running, ("system", "hostname"), ""),
        "version": version["version"],
        "model": version["part_number"],
        "dataplane": version["os"],
        "forwarding": True,
        "uptime_s": seconds,
        "switch_uptime_s": seconds,
        "revision": None,
        "confirm": None,
        "troubles": [],
    }


def _only(shell: Shell, command: str) -> dict[str, Any]:
    rows = _rows(shell, command)
    if len(rows) != 1:
        raise errors.ProtocolError(f"the answer to {command!r} tells {len(rows)} things instead of one")
    return rows[0]


def _vlans(shell: Shell) -> dict[str, Any]:
    rows = _rows(shell, "show vlans")
    commands = [f"show vlans vlan-id {row['vlan_id']}" for row in rows]
    found = {}
    for row, command, text in zip(rows, commands, shell.texts(commands), strict=True):
        (vlan,) = parse(command, text) or [{}]
        if vlan.get("vlan_id") != row["vlan_id"]:
            raise errors.ProtocolError(f"the answer to {command!r} is about something else")
        found[row["vlan_id"]] = {
            "vlan-name": vlan["name"],
            "description": vlan["description"],
            "l3-interface": vlan["vlan_interface"],
            "tagged": row["tagged"],
            "untagged": row["untagged"],
        }
    return {"vlan-id": found}


def _vlan_interfaces(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in _rows(shell, "show vlan-interface"):
        entry = found.setdefault(
            row["interface"],
            {
                "vlan-id": int(row["vlan_id"]) if row["vlan_id"] else None,
                "mtu": int(row["mtu"]) if row["mtu"] else None,
                "address": [],
                "oper": row["status"].lower(),
                "mac": row["mac"].lower(),
            },
        )
        entry["address"] += [row["address"]] if row["address"] else []
    return {"interface": found}


def _loopbacks(shell: Shell) -> dict[str, Any]:
    configured = tree.get(parse_shown(shell.text("show running-config")), LOOPBACKS, {})
    return {
        "interface": {
            row["loopback"]: {
                "address": [
                    f"{address}/{subnet.partition('/')[2]}"
                    for address, subnet in zip(row["address"], row["subnet"], strict=True)
                ],
                "description": configured.get(row["loopback"], {}).get("description", ""),
                "oper": "up" if "ENABLED" in row["flags"].split(",") else "down",
                "index": int(row["index"]),
            }
            for row in _rows(shell, "show loopback-interface")
        }
    }


def _routes(shell: Shell) -> dict[str, Any]:
    """Static routes: those that are configured, with the next hops that are in the final table."""
    configured = tree.get(parse_shown(shell.text("show running-config")), _ROUTES, {})
    found: dict[str, Any] = {prefix: {"installed": False, "next-hop": []} for prefix in configured}
    for row in _rows(shell, "show route table ipv4 unicast final"):
        if row["protocol"] == "static":
            entry = found.setdefault(row["prefix"], {"next-hop": []})
            entry["installed"] = True
            if row["next_hop"]:
                hop = {
                    "address": row["next_hop"],
                    "metric": int(row["metric"]),
                    "interface": row["interface"],
                }
                entry["next-hop"].append(hop)
    return {"static": found}


def _management(shell: Shell) -> dict[str, Any]:
    running = parse_shown(shell.text("show running-config"))
    rows = _rows(shell, "show interface management-ethernet eth0")
    return {
        row["interface"]: {
            "address": row["address"],
            "gateway": row["gateway"] if row["gateway"] != "0.0.0.0" else "",
            "dhcp": tree.effective(running, (*_MANAGEMENT, row["interface"], "dhcp", "enable")),
            "oper": "unknown",
            "mac": row["mac"].lower(),
        }
        for row in rows
    }


_AREAS: dict[str, Callable[[Shell], Any]] = {
    "system": _system,
    "vlans": _vlans,
    "vlan-interface": _vlan_interfaces,
    "loopback-interface": _loopbacks,
    "route": _routes,
    "arp": lambda shell: arp(partial(_rows, shell)),
    "fib": lambda shell: fib(partial(_rows, shell)),
}
