"""The kernel's messages, from /dev/kmsg (Documentation/ABI/testing/dev-kmsg)."""

from __future__ import annotations

import os
import re
from pathlib import Path

MAX_MESSAGES = 20_000
RECORD_BYTES = 8192
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def messages(device: Path = Path("/dev/kmsg")) -> list[str]:
    """The messages that the kernel still has, oldest first, as dmesg(1) prints them: `[    0.000000] text`.

    Raises:
        OSError: the kernel doesn't let this process read them.
    """
    found: list[str] = []
    descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while len(found) < MAX_MESSAGES:
            try:
                record = os.read(descriptor, RECORD_BYTES)
            except BlockingIOError:
                break
            except BrokenPipeError:  # overwritten while we read: the next read goes on after it
                continue
            if not record:
                break
            found += _lines(record.decode("utf-8", "replace"))
    finally:
        os.close(descriptor)
    return found


def _lines(record: str) -> list[str]:
    head, _, text = record.partition(";")
    fields = head.split(",")
    if len(fields) < 3 or not fields[2].isdigit():
        return []
    seconds, micros = divmod(int(fields[2]), 1_000_000)
    message = _ESCAPE.sub(lambda m: _character(int(m[1], 16)), text.split("\n", 1)[0])
    return [f"[{seconds:5d}.{micros:06d}] {line}" for line in message.split("\n")]


def _character(code: int) -> str:
    return chr(code) if code == 0x0A or 0x20 <= code < 0x7F else "?"
