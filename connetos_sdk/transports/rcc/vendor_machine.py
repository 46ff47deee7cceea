"""What a vendor's switch tells of itself as a machine, and of its tables, in the form that our agent has for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connetos_sdk import errors

NO_GATEWAY = "0.0.0.0"
"""Next hop of a connected route."""
Rows = Callable[[str], list[dict[str, Any]]]
"""Asks the switch a command, and gives the rows of its answer."""


def arp(rows: Rows) -> dict[str, Any]:
    """Neighbours; the documents don't say what the age of an entry is when it has none: None."""
    found = rows("show arp")
    return {
        "aging-time": int(found[0]["aging_time"]) if found and found[0]["aging_time"] else None,
        "entries": [
            {
                "address": row["address"],
                "mac": row["mac"].lower(),
                "type": row["type"].lower(),
                "interface": row["interface"],
                "age_s": int(row["age"]) if row["age"].isdigit() else None,
            }
            for row in found
        ],
    }


def fib(rows: Rows) -> dict[str, Any]:
    """Routes that are in the final table, each with all its next hops."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows("show route table ipv4 unicast final detail"):
        entry = found.setdefault(
            (row["prefix"], row["protocol"]),
            {
                "prefix": row["prefix"],
                "protocol": row["protocol"],
                "distance": int(row["distance"]),
                "metric": int(row["metric"]),
                "final": True,
                "next-hop": [],
            },
        )
        gateway = "" if row["next_hop"] == NO_GATEWAY else row["next_hop"]
        entry["next-hop"].append({"address": gateway, "interface": row["interface"]})
    return {"ipv4": list(found.values())}


def _fans(rows: Rows) -> list[dict[str, Any]]:
    return [
        {"label": f"Fan {row['fan']}", "speed_rpm": int(row["speed"]), "pwm_percent": int(row["pwm"])}
        for row in rows("show system fan")
    ]


def _temperatures(rows: Rows) -> list[dict[str, Any]]:
    return [
        {"label": f"Sensor {row['sensor']}", "celsius": float(row["sensor_temperature"])}
        for row in rows("show system temperature")
    ]


def _supplies(rows: Rows) -> list[dict[str, Any]]:
    units = {
        "celsius": "temperature", "iin": "input_current", "vin": "input_voltage", "pin": "input_power",
        "iout": "output_current", "vout": "output_voltage", "pout": "output_power",
    }  # fmt: skip
    return [
        {
            "label": f"RPSU {row['rpsu']}",
            "status": row["status"],
            "serial": row["serial_number"],
            **{name: _number(row[column]) for name, column in units.items()},
        }
        for row in rows("show system rpsu")
    ]


def _memory(rows: Rows) -> dict[str, int]:
    (row,) = _one(rows, "show system memory-usage")
    return {name: int(row[name]) for name in ("total", "used", "free", "shared", "buffers", "cached")}


def _cpu(rows: Rows) -> dict[str, int]:
    (row,) = _one(rows, "show system cpu-usage")
    return {"percent": int(row["cpu_usage"])}


def _serial_numbers(rows: Rows) -> dict[str, Any]:
    found = rows("show system serial-number")
    return {
        "board": found[0]["motherboard"] if found else "",
        "rpsu": [number for row in found for number in row["rpsu"]],
        "modules": {row["module"]: row["module_serial"] for row in found if row["module"]},
    }


def _modules(rows: Rows) -> dict[str, Any]:
    units = {
        "celsius": "temperature", "volts": "voltage", "bias_ma": "bias", "transmit_dbm": "tx_power",
        "receive_dbm": "rx_power",
    }  # fmt: skip
    return {
        row["interface"]: {
            "kind": row["module_type"],
            **{name: _number(row[column]) for name, column in units.items()},
        }
        for row in rows("show system ddm")
    }


MACHINE: dict[str, Callable[[Rows], Any]] = {
    "cpu-usage": _cpu,
    "ddm": _modules,
    "fan": _fans,
    "memory-usage": _memory,
    "rpsu": _supplies,
    "serial-number": _serial_numbers,
    "temperature": _temperatures,
}
"""What `state("system <name>")` tells."""


def _number(text: str) -> float | None:
    """A measured value; None for `NA`, and for what a missing part doesn't tell."""
    try:
        return float(text)
    except ValueError:
        return None


def _one(rows: Rows, command: str) -> list[dict[str, Any]]:
    found = rows(command)
    if len(found) != 1:
        raise errors.ProtocolError(f"the answer to {command!r} tells {len(found)} things instead of one")
    return found
