"""Who is logged in to the operating system, from utmp (utmp(5))."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Any

RECORD = struct.Struct("<hxxi32s4s32s256shhiii16s20x")
"""`struct utmp` of glibc on 64 bit machines: 384 bytes."""
USER_PROCESS = 7
MAX_BYTES = RECORD.size * 4096


def logins(root: Path = Path("/")) -> list[dict[str, Any]]:
    """Users, with their terminal, since when (seconds since 1970) and from where."""
    try:
        with (root / "run/utmp").open("rb") as file:
            data = file.read(MAX_BYTES)
    except OSError:
        return []
    found = []
    for offset in range(0, len(data) - RECORD.size + 1, RECORD.size):
        kind, _, line, _, user, host, _, _, _, seconds, _, address = RECORD.unpack_from(data, offset)
        if kind == USER_PROCESS and user[0]:
            source = _text(host)
            if not source and address[:4] != bytes(4):
                source = str(ipaddress.ip_address(address if any(address[4:]) else address[:4]))
            found.append(
                {
                    "user": _text(user),
                    "line": _text(line),
                    "since": float(seconds & 0xFFFFFFFF),
                    "source": source,
                }
            )
    return found


def _text(field: bytes) -> str:
    text = field.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable())
