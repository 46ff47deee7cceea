"""The machine that the switch is: processor, memory, processes, sensors, optics, logins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connetos_agent.machine import cores, kernel_log, optics, procfs, sensors, utmp
from connetos_agent.show.layout import table
from connetos_sdk.errors import ConnetosError
from connetos_sdk.model.ranges import port_order

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader

NOT_PRESENT = "not present"
DDM_WIDTHS = (10, 7, 10, 8, 13, 13, 11)
LABEL_COLUMN = 26
LOGIN_SURFACES = ("rest", "xrl")
"""Surfaces whose users are known by their candidates; those of the command line are known by their sessions."""


def _boot_messages(_reader: StateReader) -> list[str]:
    try:
        return kernel_log.messages()
    except OSError as error:
        raise ConnetosError(f"the kernel's messages can't be read: {error.strerror}") from error


def _modules(reader: StateReader) -> dict[str, Any]:
    platform = reader.manager.dataplane.platform.ports
    found: dict[str, Any] = {}
    for name in sorted(platform, key=port_order):
        module = optics.read(platform[name])
        if module is not None:
            found[name] = vars(module)
    return found


def _serial_numbers(reader: StateReader) -> dict[str, Any]:
    return {
        "board": sensors.serial_number(),
        "rpsu": [supply["serial"] for supply in sensors.supplies()],
        "modules": {name: module["serial"] for name, module in _modules(reader).items()},
    }


def _users(reader: StateReader) -> list[dict[str, Any]]:
    candidates = [
        {
            "user": s.caller.user,
            "line": f"{s.caller.via}/{s.id[:6]}",
            "since": s.opened,
            "source": s.caller.source,
        }
        for s in reader.manager.sessions.all()
        if s.caller.via in LOGIN_SURFACES
    ]
    return sorted([*reader.logins(), *candidates, *utmp.logins()], key=lambda login: login["since"])


DETAILS: dict[str, Callable[[StateReader], Any]] = {
    "cpu-usage": lambda reader: {"percent": reader.cpu.percent()},
    "memory-usage": lambda _reader: procfs.memory(),
    "uptime": lambda _reader: procfs.uptime(),
    "fan": lambda _reader: sensors.fans(),
    "rpsu": lambda _reader: sensors.supplies(),
    "temperature": lambda _reader: sensors.temperatures(),
    "running-mode": lambda _reader: "Standalone",
    "serial-number": _serial_numbers,
    "users": _users,
    "core-dumps": lambda _reader: cores.core_dumps(),
    "ddm": _modules,
    "boot-messages": _boot_messages,
    "processes": lambda _reader: [process.to_dict() for process in procfs.processes()],
}
"""What `state/system/<name>` tells of the machine."""

ON_REQUEST = frozenset(
    {"boot-messages", "core-dumps", "ddm", "fan", "processes", "rpsu", "serial-number", "temperature"}
)
"""Told only when asked for by name: they are long, or sensors behind a slow bus have to be asked."""


# -- layouts ----------------------------------------------------------------------------------------------------


def cpu_usage(data: Mapping[str, Any]) -> str:
    """`show system cpu-usage`."""
    return f"Cpu usage: {data['percent']:.0f}%\n"


def memory_usage(data: Mapping[str, int]) -> str:
    """`show system memory-usage`: KiB, as free(1) of old procps."""
    columns = ("total", "used", "free", "shared", "buffers", "cached")
    held = data["buffers"] + data["cached"]
    swap = (data["swap-total"], data["swap-used"], data["swap-total"] - data["swap-used"])
    return (
        " " * 7 + "".join(f" {name:>10}" for name in columns) + "\n"
        "Mem:   " + "".join(f" {data[name]:10d}" for name in columns) + "\n"
        f"-/+ buffers/cache: {data['used'] - held:10d} {data['free'] + held:10d}\n"
        "Swap:  " + "".join(f" {value:10d}" for value in swap) + "\n"
    )


def uptime(data: Mapping[str, Any], users: int) -> str:
    """`show system uptime`: as uptime(1)."""
    days, seconds = divmod(int(data["uptime_s"]), 86400)
    hours, minutes = divmod(seconds // 60, 60)
    up = f"{days} day{'s' if days != 1 else ''}, " if days else ""
    up += f"{hours:2d}:{minutes:02d}" if hours else f"{minutes} min"
    load = ", ".join(f"{value:.2f}" for value in data["load"])
    plural = "" if users == 1 else "s"
    return f" {time.strftime('%H:%M:%S')} up {up}, {users:2d} user{plural},  load average: {load}\n"


def fan(data: Sequence[Mapping[str, Any]]) -> str:
    """`show system fan`."""
    rows = [
        f"    Fan {number} : speed = {fan['speed_rpm']:5d} RPM, PWM = "
        + ("  NA" if fan["pwm_percent"] is None else f"{fan['pwm_percent']:3d}%")
        for number, fan in enumerate(data, 1)
    ]
    return "\n".join(["Fan Status:", *(rows or [f"    {NOT_PRESENT}"])]) + "\n"


def rpsu(data: Sequence[Mapping[str, Any]]) -> str:
    """`show system rpsu`."""
    out = [] if data else ["RPSU:", f"    {'Module Status':<15} : {NOT_PRESENT}"]
    units = {
        "celsius": ("Temperature", "Centigrade"),
        "iin": ("IIN", "A"),
        "vin": ("VIN", "V"),
        "pin": ("PIN", "W"),
    }
    units |= {"iout": ("IOUT", "A"), "vout": ("VOUT", "V"), "pout": ("POUT", "W")}
    for number, supply in enumerate(data, 1):
        out += [f"RPSU {number}:", f"    {'Module Status':<15} : {supply['status']}"]
        out.append(f"    {'Serial Number':<15} : {supply['serial'] or NOT_PRESENT}")
        for name, (label, unit) in units.items():
            value = supply.get(name)
            shown = "NA" if value is None else f"{value:.0f}" if name == "celsius" else f"{value:.2f}"
            out.append(f"    {label:<15} : {shown:<6} {unit}")
    return "\n".join(out) + "\n"


def temperature(data: Sequence[Mapping[str, Any]]) -> str:
    """`show system temperature`: the highest of all, and each sensor."""
    if not data:
        return f"Temperature: {NOT_PRESENT}\n"
    out = [f"Temperature: {max(sensor['celsius'] for sensor in data):.0f} Centigrade"]
    out += [
        f"    Sensor {number} Temperature : {sensor['celsius']:3.0f} Centigrade"
        for number, sensor in enumerate(data, 1)
    ]
    return "\n".join(out) + "\n"


def running_mode(data: str) -> str:
    """`show system running-mode`."""
    return f"{'Current mode':<17} :  {data}\n"


def serial_number(data: Mapping[str, Any], modules: Mapping[str, Any]) -> str:
    """`show system serial-number`."""
    out = [f"{'MotherBoard Serial Number':<{LABEL_COLUMN}}: {data['board'] or NOT_PRESENT}"]
    for number, serial in enumerate(data["rpsu"] or [None, None], 1):
        out.append(
            f"RPSU {number} is not ready."
            if serial is None
            else f"{f'RPSU {number} Serial Number':<{LABEL_COLUMN}}: {serial or NOT_PRESENT}"
        )
    for name, module in modules.items():
        out.append(f"{module['form']} {name}")
        length = module["length_m"]
        for label, value in (
            ("Vendor Name", module["vendor"]), ("Serial Number", module["serial"]), ("Product Number", module["product"]),
            ("Module Type", module["kind"]), ("Cable Length", "NA" if length is None else f"{length:.1f}m"),
        ):  # fmt: skip
            out.append(f"    {label:<{LABEL_COLUMN - 4}}: {value}")
    return "\n".join(out) + "\n"


def ddm(modules: Mapping[str, Any]) -> str:
    """`show system ddm`: a row for each module that there is."""
    names = (
        "Interface",
        "Temp(C)",
        "Voltage(V)",
        "Bias(mA)",
        "Tx Power(dBm)",
        "Rx Power(dBm)",
        "Module Type",
    )
    measured = ("celsius", "volts", "bias_ma", "transmit_dbm", "receive_dbm")
    rows = [
        (name, *("NA" if m[key] is None else f"{m[key]:.2f}" for key in measured), m["kind"])
        for name, m in modules.items()
    ]
    return table(names, DDM_WIDTHS, rows or [(NOT_PRESENT, *[""] * 6)])


def users(data: Sequence[Mapping[str, Any]]) -> str:
    """`show system users`: as who(1)."""
    out = ""
    for login in data:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(login["since"]))
        source = f" ({login['source']})" if login["source"] else ""
        out += f"{login['user']:<8} {login['line']:<12} {since}{source}\n"
    return out


def core_dumps(data: Mapping[str, Any]) -> str:
    """`show system core-dumps`: size in bytes, time, name."""
    if not data["files"]:
        place = (
            f" in {data['directory']}"
            if data["directory"]
            else f" (core pattern {data['pattern'] or 'unknown'})"
        )
        return f"No core dumps{place}.\n"
    return "".join(
        f"{entry['bytes']:>12}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(entry['time']))}  {entry['name']}\n"
        for entry in data["files"]
    )


def processes(data: Sequence[Mapping[str, Any]]) -> str:
    """`show system processes`: as `ps aux`."""
    out = "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
    now = time.time()
    for p in data:
        started = time.strftime(
            "%H:%M" if now - p["started"] < 86400 else "%b%d", time.localtime(p["started"])
        )
        used = f"{int(p['cpu_time_s']) // 60}:{int(p['cpu_time_s']) % 60:02d}"
        user = p["user"] if len(p["user"]) <= 8 else f"{p['user'][:7]}+"
        out += (
            f"{user:<8} {p['pid']:>5} {p['cpu_percent']:4.1f} {p['memory_percent']:4.1f} "
            f"{p['virtual']:6d} {p['resident']:5d} "
            f"{p['terminal']:<8} {p['state']:<4} {started:>5} {used:>6} {p['command']}\n"
        )
    return out
