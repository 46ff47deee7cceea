"""What the machine tells: the readers of /proc, /sys, utmp and module memories, on trees of files like real ones."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent.machine import cores, kernel_log, optics, procfs, sensors, utmp
from connetos_agent.show import machine


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


HWMON = {
    "sys/class/hwmon/hwmon0/name": "max6697\n",
    "sys/class/hwmon/hwmon0/temp1_input": "32000\n",
    "sys/class/hwmon/hwmon0/temp2_input": "31250\n",
    "sys/class/hwmon/hwmon0/temp10_input": "-1000\n",
    "sys/class/hwmon/hwmon1/name": "adt7470\n",
    "sys/class/hwmon/hwmon1/fan1_input": "8800\n",
    "sys/class/hwmon/hwmon1/pwm1": "102\n",
    "sys/class/hwmon/hwmon1/fan2_input": "8700\n",
    "sys/class/hwmon/hwmon2/name": "pmbus\n",
    "sys/class/hwmon/hwmon2/in1_label": "vin\n",
    "sys/class/hwmon/hwmon2/in1_input": "220000\n",
    "sys/class/hwmon/hwmon2/in2_label": "vout1\n",
    "sys/class/hwmon/hwmon2/in2_input": "12000\n",
    "sys/class/hwmon/hwmon2/curr1_label": "iin\n",
    "sys/class/hwmon/hwmon2/curr1_input": "500\n",
    "sys/class/hwmon/hwmon2/curr2_label": "iout1\n",
    "sys/class/hwmon/hwmon2/curr2_input": "6000\n",
    "sys/class/hwmon/hwmon2/power1_label": "pin\n",
    "sys/class/hwmon/hwmon2/power1_input": "90000000\n",
    "sys/class/hwmon/hwmon2/power2_label": "pout1\n",
    "sys/class/hwmon/hwmon2/power2_input": "72000000\n",
    "sys/class/hwmon/hwmon2/temp1_input": "30000\n",
    "sys/class/hwmon/hwmon2/fan1_input": "9000\n",
    "sys/class/hwmon/hwmon3/name": "pmbus\n",
    "sys/class/hwmon/hwmon3/in1_label": "vin\n",
    "sys/class/hwmon/hwmon3/in1_input": "0\n",
    "sys/class/hwmon/hwmon10/name": "last\n",
    "sys/class/hwmon/hwmon10/fan1_input": "not a number\n",
}


def test_fans_temperatures_and_supplies_as_documented(tmp_path: Path) -> None:
    root = tree(tmp_path, HWMON)
    assert machine.fan(sensors.fans(root)) == (
        "Fan Status:\n    Fan 1 : speed =  8800 RPM, PWM =  40%\n    Fan 2 : speed =  8700 RPM, PWM =   NA\n"
    )
    assert machine.temperature(sensors.temperatures(root)) == (
        "Temperature: 32 Centigrade\n    Sensor 1 Temperature :  32 Centigrade\n"
        "    Sensor 2 Temperature :  31 Centigrade\n    Sensor 3 Temperature :  -1 Centigrade\n"
    )
    first, second = machine.rpsu(sensors.supplies(root)).split("RPSU 2:")
    assert first == (
        "RPSU 1:\n    Module Status   : OK\n    Serial Number   : not present\n"
        "    Temperature     : 30     Centigrade\n    IIN             : 0.50   A\n"
        "    VIN             : 220.00 V\n    PIN             : 90.00  W\n    IOUT            : 6.00   A\n"
        "    VOUT            : 12.00  V\n    POUT            : 72.00  W\n"
    )
    assert "Module Status   : No Power\n" in second


def test_a_supply_that_raises_an_alarm_is_an_error(tmp_path: Path) -> None:
    root = tree(tmp_path, {**HWMON, "sys/class/hwmon/hwmon2/power1_alarm": "1\n"})
    assert sensors.supplies(root)[0]["status"] == "Error"


def test_a_machine_without_sensors_says_so(tmp_path: Path) -> None:
    assert machine.fan(sensors.fans(tmp_path)) == "Fan Status:\n    not present\n"
    assert machine.rpsu(sensors.supplies(tmp_path)) == "RPSU:\n    Module Status   : not present\n"
    assert machine.temperature(sensors.temperatures(tmp_path)) == "Temperature: not present\n"
    numbers = {"board": sensors.serial_number(tmp_path), "rpsu": []}
    assert machine.serial_number(numbers, {}) == (
        "MotherBoard Serial Number : not present\nRPSU 1 is not ready.\nRPSU 2 is not ready.\n"
    )


@pytest.mark.parametrize(
    ("files", "serial"),
    [
        ({"sys/class/dmi/id/board_serial": "MB0001\n"}, "MB0001"),
        ({"sys/class/dmi/id/board_serial": "None\n", "sys/class/dmi/id/product_serial": "P1"}, "P1"),
        ({"proc/device-tree/serial-number": "DT9\0"}, "DT9"),
        ({"sys/class/dmi/id/board_serial": "To be filled by O.E.M."}, ""),
    ],
)
def test_the_serial_number_is_that_of_the_board(tmp_path: Path, files: dict[str, str], serial: str) -> None:
    assert sensors.serial_number(tree(tmp_path, files)) == serial


def test_memory_as_documented(tmp_path: Path) -> None:
    values = {"MemTotal": 2000000, "MemFree": 1500000, "Shmem": 10000, "Buffers": 16000, "Cached": 130000}
    values |= {"SwapTotal": 7000000, "SwapFree": 7000000}
    root = tree(tmp_path, {"proc/meminfo": "".join(f"{k}:  {v} kB\n" for k, v in values.items())})
    assert machine.memory_usage(procfs.memory(root)) == (
        "             total       used       free     shared    buffers     cached\n"
        "Mem:       2000000     500000    1500000      10000      16000     130000\n"
        "-/+ buffers/cache:     354000    1646000\n"
        "Swap:      7000000          0    7000000\n"
    )


def test_the_processor_is_told_of_the_time_between_two_readings(tmp_path: Path) -> None:
    tree(tmp_path, {"proc/stat": "cpu  100 0 100 800 0 0 0 0 0 0\n"})
    usage = procfs.CpuUsage(tmp_path)
    tree(tmp_path, {"proc/stat": "cpu  107 0 100 893 0 0 0 0 0 0\n"})
    assert machine.cpu_usage({"percent": usage.percent()}) == "Cpu usage: 7%\n"
    assert usage.percent() == 7.0  # nothing has happened since


@pytest.mark.parametrize(
    ("seconds", "users", "text"),
    [
        (183840, 1, " up 2 days,  3:04,  1 user,  load average: 0.10, 0.11, 0.12\n"),
        (86460, 0, " up 1 day, 1 min,  0 users,  load average: 0.10, 0.11, 0.12\n"),
    ],
)
def test_uptime_as_documented(seconds: int, users: int, text: str) -> None:
    assert machine.uptime({"uptime_s": seconds, "load": [0.1, 0.11, 0.12]}, users)[9:] == text


def test_this_process_is_among_the_processes() -> None:
    me = next(p for p in procfs.processes() if "pytest" in p.command)
    assert me.state[0] in "RSD"
    assert 0 < me.resident <= me.virtual
    shown = machine.processes([me.to_dict()]).splitlines()
    assert shown[0] == "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"
    assert shown[1].split()[1] == str(me.pid)


def test_a_process_with_a_hostile_name_is_one_line(tmp_path: Path) -> None:
    stat = "7 (a) b\n(c) S 1 7 7 34817 7 0 0 0 0 0 250 50 0 0 20 0 1 0 100 4096000 25 0"
    files = {
        "proc/stat": "cpu  1 0 1 8 0 0 0 0 0 0\n", "proc/uptime": "1000.00 1\n", "proc/loadavg": "0 0 0 1/1 1\n",
        "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 1 kB\n", "proc/7/stat": stat, "proc/7/cmdline": "evil\n\x1b[2J\0x\0",
    }  # fmt: skip
    found = procfs.processes(tree(tmp_path, files))
    assert [(p.pid, p.terminal, p.state, p.cpu_time_s) for p in found] == [(7, "pts/1", "Ss", 3.0)]
    assert found[0].command == "evil??[2J x"


def test_messages_of_the_kernel_are_lines_with_a_time(tmp_path: Path) -> None:
    device = tmp_path / "kmsg"
    device.write_bytes(b"6,1,1500000,-;link \\x1b up\\x0atwice\n SUBSYSTEM=net\n")
    assert kernel_log.messages(device) == ["[    1.500000] link ? up", "[    1.500000] twice"]


@pytest.mark.parametrize(
    ("pattern", "directory", "names"),
    [
        ("/var/cores/core.%e.%p", "/var/cores", ["core.agent.7"]),
        ("|/lib/systemd/systemd-coredump %P", "/var/lib/systemd/coredump", ["core.x"]),
        ("core", None, []),
    ],
)
def test_core_dumps_are_where_the_kernel_was_told_to_put_them(
    tmp_path: Path, pattern: str, directory: str | None, names: list[str]
) -> None:
    files = {"proc/sys/kernel/core_pattern": pattern, "var/cores/core.agent.7": "1234", "var/cores/other": ""}
    root = tree(tmp_path, {**files, "var/lib/systemd/coredump/core.x": "1"})
    found = cores.core_dumps(root)
    assert (found["directory"], [entry["name"] for entry in found["files"]]) == (directory, names)
    assert ("No core dumps" in machine.core_dumps(found)) == (not names)


def utmp_record(
    kind: int, user: str, line: str, host: str, seconds: int, *, address: bytes = bytes(16)
) -> bytes:
    fields = (kind, 4711, line.encode(), b"1", user.encode(), host.encode(), 0, 0, 0, seconds, 0, address)
    return utmp.RECORD.pack(*fields)


def test_logins_of_the_operating_system_as_who_prints_them(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/utmp").write_bytes(
        utmp_record(2, "reboot", "~", "", 1)
        + utmp_record(7, "netops", "pts/1", "192.0.2.200", 1517824800)
        + utmp_record(7, "other", "pts/2", "", 1517824800, address=bytes([198, 18, 0, 1]) + bytes(12))
        + b"cut off"
    )
    shown = machine.users(utmp.logins(tmp_path)).splitlines()
    assert shown[0].startswith("netops   pts/1        2018-02-05 ")
    assert [line.split()[-1] for line in shown] == ["(192.0.2.200)", "(198.18.0.1)"]


def sfp() -> bytearray:
    data = bytearray(512)
    data[2], data[3], data[16], data[19], data[92] = 0x07, 0x10, 8, 30, 0x68
    data[20:26], data[40:46], data[68:74] = b"VENDOR", b"PN0001", b"SN0002"
    data[60:62] = (850).to_bytes(2, "big")
    data[352:362] = struct.pack(">hHHHH", round(30.12 * 256), 33000, 3000, 6310, 5012)
    return data


def test_a_module_as_documented() -> None:
    module = vars(optics.parse(optics.SFF_8472, bytes(sfp())))
    assert machine.ddm({"te-1/1/3": module}).splitlines()[2] == (
        "te-1/1/3    30.12    3.30        6.00      -2.00          -3.00          SR/850nm"
    )
    assert machine.serial_number({"board": "MB0001", "rpsu": ["SN0001", None]}, {"te-1/1/3": module}) == (
        "MotherBoard Serial Number : MB0001\nRPSU 1 Serial Number      : SN0001\nRPSU 2 is not ready.\n"
        "SFP+ te-1/1/3\n    Vendor Name           : VENDOR\n    Serial Number         : SN0002\n"
        "    Product Number        : PN0001\n    Module Type           : SR/850nm\n"
        "    Cable Length          : 300.0m\n"
    )


def test_a_qsfp_module() -> None:
    data = bytearray(256)
    data[22:24], data[26:28] = struct.pack(">h", 31 * 256), struct.pack(">H", 33100)
    data[128 + 2], data[128 + 3], data[128 + 15] = 0x0C, 0x04, 50
    data[128 + 58 : 128 + 60] = (850 * 20).to_bytes(2, "big")
    module = optics.parse(optics.SFF_8636, bytes(data))
    assert (module.form, module.kind, module.length_m) == ("QSFP+", "SR4/850nm", 100.0)
    assert machine.ddm({"qe-1/1/50": vars(module)}).splitlines()[2] == (
        "qe-1/1/50   31.00    3.31        NA        NA             NA             SR4/850nm"
    )


@given(st.sampled_from([1, 2, 3, 4, 9]), st.binary(max_size=600))
def test_any_memory_of_a_module_is_read_or_refused(kind: int, data: bytes) -> None:
    try:
        module = optics.parse(kind, data)
    except ValueError:
        return
    assert machine.ddm({"te-1/1/1": vars(module)}).count("\n") == 3


def test_a_device_without_a_module_has_none() -> None:
    assert optics.read("lo") is None
    assert optics.read("no-such-device-here") is None
