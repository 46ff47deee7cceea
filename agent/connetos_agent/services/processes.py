"""Knows a process again after its id may have been given to another one, and waits for processes to end."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path
from typing import NamedTuple

STOP_SECONDS = 5.0
"""How long a program may take to end after SIGTERM."""


class Process(NamedTuple):
    """One process, told from a later one with the same id by when it began (clock ticks) and in which boot."""

    pid: int
    began: int
    boot: str


def identify(pid: int) -> Process | None:
    """The process `pid`, or None if there is none (a zombie is none)."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
    return None if words[0] in "ZX" else Process(pid, int(words[19]), boot)


def wait_gone(pid: int, child: subprocess.Popen[bytes] | None) -> None:
    """Wait some seconds for a process to end; a child is taken off the process table."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(STOP_SECONDS * 1000)
    finally:
        os.close(descriptor)
    if child is not None:
        child.poll()
