"""Core dumps: where the kernel was told to put them (core(5))."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

MAX_DUMPS = 1000
SYSTEMD_COREDUMPS = "var/lib/systemd/coredump"


def core_dumps(root: Path = Path("/")) -> dict[str, Any]:
    """`directory` (None when there is no one place) and `files`: name, size in bytes, time in seconds since 1970."""
    try:
        pattern = (root / "proc/sys/kernel/core_pattern").read_text("utf-8").strip()
    except OSError:
        pattern = ""
    place, names = _place(pattern)
    if place is None:
        return {"directory": None, "pattern": pattern, "files": []}
    files: list[dict[str, Any]] = []
    with contextlib.suppress(OSError):
        for path in sorted((root / place).iterdir()):
            if names.match(path.name) and len(files) < MAX_DUMPS:
                with contextlib.suppress(OSError):
                    found = path.stat()
                    files.append({"name": path.name, "bytes": found.st_size, "time": found.st_mtime})
    return {"directory": f"/{place}", "pattern": pattern, "files": files}


def _place(pattern: str) -> tuple[str | None, re.Pattern[str]]:
    if pattern.startswith("|"):
        known = "systemd-coredump" in pattern
        return (SYSTEMD_COREDUMPS if known else None), re.compile(r"core\.")
    if not pattern.startswith("/"):
        return None, re.compile("")  # each process has its own working directory
    directory, _, name = pattern[1:].rpartition("/")
    return directory, re.compile(
        re.sub(r"%.", ".*", name.replace("\\", "").replace(".", r"\.").replace("%%", "%"))
    )
