"""Fans, power supplies and temperatures, from /sys/class/hwmon (Documentation/hwmon/sysfs-interface)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path("/")
MAX_PWM = 255
_PMBUS_UNITS = {"iin": "curr", "vin": "in", "pin": "power", "iout": "curr", "vout": "in", "pout": "power"}
_SCALE = {"curr": 1000.0, "in": 1000.0, "power": 1_000_000.0}


def _chips(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted((root / "sys/class/hwmon").iterdir(), key=lambda path: _numbers(path.name))


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", name)))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _value(path: Path) -> int | None:
    text = _text(path)
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None


def _inputs(chip: Path, kind: str) -> Iterator[tuple[str, int]]:
    """(number of the channel, its reading) of a chip's channels of one kind."""
    for path in sorted(chip.glob(f"{kind}[0-9]*_input"), key=lambda path: _numbers(path.name)):
        value = _value(path)
        if value is not None:
            yield path.name[len(kind) : -len("_input")], value


def _is_supply(chip: Path) -> bool:
    return any(_text(path) == "vin" for path in chip.glob("in[0-9]*_label"))


def fans(root: Path = ROOT) -> list[dict[str, Any]]:
    """Fans in the order of the chips: `speed_rpm`, and `pwm_percent` (None where the chip doesn't control it)."""
    found = []
    for chip in _chips(root):
        for channel, speed in _inputs(chip, "fan"):
            if not _is_supply(chip):
                pwm = _value(chip / f"pwm{channel}")
                found.append(
                    {
                        "speed_rpm": speed,
                        "pwm_percent": None if pwm is None else round(100 * pwm / MAX_PWM),
                        "label": _text(chip / f"fan{channel}_label"),
                    }
                )
    return found


def temperatures(root: Path = ROOT) -> list[dict[str, Any]]:
    """Sensors outside the power supplies: `celsius` and the chip's own `label`."""
    return [
        {"celsius": value / 1000.0, "label": _text(chip / f"temp{channel}_label") or _text(chip / "name")}
        for chip in _chips(root)
        if not _is_supply(chip)
        for channel, value in _inputs(chip, "temp")
    ]


def supplies(root: Path = ROOT) -> list[dict[str, Any]]:
    """Power supplies (PMBus chips): `status`, `serial`, `celsius`, and amperes, volts and watts in and out.

    `status` is `OK`, `No Power` (no input voltage) or `Error` (the chip says that something is wrong).
    """
    found = []
    for chip in _chips(root):
        if _is_supply(chip):
            readings = _readings(chip)
            celsius = next((value / 1000.0 for _, value in _inputs(chip, "temp")), None)
            alarm = any(_value(path) == 1 for path in chip.glob("*_alarm"))
            status = "No Power" if not readings.get("vin") else "Error" if alarm else "OK"
            serial = _text(chip / "device/serial") or _text(chip / "serial")
            found.append({"status": status, "serial": serial, "celsius": celsius, **readings})
    return found


def _readings(chip: Path) -> dict[str, float | None]:
    labels = {
        _text(path).removesuffix("1"): path.name.removesuffix("_label")
        for kind in ("curr", "in", "power")
        for path in chip.glob(f"{kind}[0-9]*_label")
    }
    found: dict[str, float | None] = {}
    for name, kind in _PMBUS_UNITS.items():
        value = _value(chip / f"{labels[name]}_input") if name in labels else None
        found[name] = None if value is None else value / _SCALE[kind]
    return found


def serial_number(root: Path = ROOT) -> str:
    """The board's serial number, from DMI or the device tree; empty where there is neither, or it says nothing."""
    for name in (
        "sys/class/dmi/id/board_serial",
        "sys/class/dmi/id/product_serial",
        "proc/device-tree/serial-number",
    ):
        text = _text(root / name).strip("\0 ")
        if text and text.lower() not in (
            "none",
            "not specified",
            "to be filled by o.e.m.",
            "default string",
            "0",
        ):
            return text
    return ""
