"""Processor, memory, uptime and processes, from /proc (proc(5))."""

from __future__ import annotations

import contextlib
import os
import pwd
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path("/")
MAX_PROCESSES = 4096
MAX_COMMAND = 512
MIN_INTERVAL_SECONDS = 0.5
"""Utilisation is told of at least so long; over less, a scheduler tick more or less decides."""


class _Times(NamedTuple):
    """Clock ticks of all processors since the machine started, and when they were read."""

    at: float
    total: int
    idle: int


class CpuUsage:
    """Utilisation since the reading before; the first one tells of the time since this object was made."""

    def __init__(self, root: Path = ROOT) -> None:
        self._file = root / "proc/stat"
        self._lock = threading.Lock()
        self._before = self._read()
        self._percent = 0.0

    def _read(self) -> _Times:
        fields = [int(word) for word in self._file.read_text("ascii").split("\n", 1)[0].split()[1:]]
        return _Times(time.monotonic(), sum(fields[:8]), fields[3] + fields[4])

    def percent(self) -> float:
        """Share of the time in which the processors weren't idle, 0 to 100."""
        with self._lock:
            now = self._read()
            passed = now.total - self._before.total
            if passed > 0 and (now.at - self._before.at >= MIN_INTERVAL_SECONDS or not self._percent):
                self._percent = 100.0 * (passed - (now.idle - self._before.idle)) / passed
                self._before = now
            return round(min(100.0, max(0.0, self._percent)), 1)


def memory(root: Path = ROOT) -> dict[str, int]:
    """Memory in KiB: `total`, `used`, `free`, `shared`, `buffers`, `cached`, `available`, `swap-total`, `swap-used`."""
    values = {}
    for line in (root / "proc/meminfo").read_text("ascii").splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0])
    return {
        "total": values["MemTotal"],
        "used": values["MemTotal"] - values["MemFree"],
        "free": values["MemFree"],
        "shared": values.get("Shmem", 0),
        "buffers": values.get("Buffers", 0),
        "cached": values.get("Cached", 0),
        "available": values.get("MemAvailable", values["MemFree"]),
        "swap-total": values.get("SwapTotal", 0),
        "swap-used": values.get("SwapTotal", 0) - values.get("SwapFree", 0),
    }


def uptime(root: Path = ROOT) -> dict[str, Any]:
    """`uptime_s` of the machine, and its `load` averages over 1, 5 and 15 minutes."""
    load = (root / "proc/loadavg").read_text("ascii").split()[:3]
    return {
        "uptime_s": float((root / "proc/uptime").read_text("ascii").split()[0]),
        "load": [float(word) for word in load],
    }


@dataclass(frozen=True)
class Process:
    """A process as ps(1) tells it: sizes in KiB, `started` in seconds since 1970, `cpu_time_s` in seconds."""

    user: str
    pid: int
    cpu_percent: float
    memory_percent: float
    virtual: int
    resident: int
    terminal: str
    state: str
    started: float
    cpu_time_s: float
    command: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def processes(root: Path = ROOT) -> list[Process]:
    """The processes there are, by process id; bounded."""
    up = uptime(root)["uptime_s"]
    total = memory(root)["total"]
    booted = time.time() - up
    found = []
    for pid in _pids(root):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it ended meanwhile
            found.append(_process(root, pid, up, booted, total))
    return found


def _pids(root: Path) -> Iterator[int]:
    names = sorted(int(name) for name in os.listdir(root / "proc") if name.isdigit())  # noqa: PTH208 - much faster
    yield from names[:MAX_PROCESSES]


@cache
def _ticks_and_page() -> tuple[int, int]:
    return os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


def _process(root: Path, pid: int, up: float, booted: float, total: int) -> Process:
    directory = root / f"proc/{pid}"
    text = (directory / "stat").read_text("utf-8", "replace")
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    ticks, page = _ticks_and_page()
    cpu = (int(fields[11]) + int(fields[12])) / ticks
    age = max(0.01, up - int(fields[19]) / ticks)
    resident = int(fields[21]) * page // 1024
    command = (
        (directory / "cmdline").read_bytes()[:MAX_COMMAND].replace(b"\0", b" ").decode("utf-8", "replace")
    )
    return Process(
        user=_user(directory.stat().st_uid),
        pid=pid,
        cpu_percent=round(min(100.0 * cpu / age, 100.0 * (os.cpu_count() or 1)), 1),
        memory_percent=round(100.0 * resident / total, 1),
        virtual=int(fields[20]) // 1024,
        resident=resident,
        terminal=_terminal(int(fields[4])),
        state=_state(fields),
        started=booted + up - age,
        cpu_time_s=round(cpu, 2),
        command=_printable(command.strip() or f"[{name}]"),
    )


def _state(fields: list[str]) -> str:
    """The letters of ps(1): state, priority, session leader, threads."""
    nice, session, threads = int(fields[16]), int(fields[3]), int(fields[17])
    priority = "<" if nice < 0 else "N" if nice > 0 else ""
    leader = "s" if session == int(fields[2]) and session != 0 else ""
    return fields[0] + priority + leader + ("l" if threads > 1 else "")


def _terminal(number: int) -> str:
    major, minor = (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)
    if number == 0:
        return "?"
    names = {
        4: f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}",
        204: f"ttyAMA{minor - 64}",
        5: "console",
    }
    return f"pts/{(major - 136) * 256 + minor}" if 136 <= major <= 143 else names.get(major, "?")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
