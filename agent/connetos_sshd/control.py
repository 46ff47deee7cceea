"""Follows what the agent says about SSH: whether it is served, for how many, and what they are shown.

    {"hello": {"service": "ssh"}}
    {"ok": true, "ssh": {"enabled": true, "connection_limit": 15, "announcement": "ConnetOS"}}
    {"ssh": {"enabled": true, "connection_limit": 15, "announcement": "ConnetOS"}}

The agent says it again whenever it changes; each time it is told what is done, in the same form.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
MAX_LINE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Policy:
    """How SSH is served; `connection_limit` is the most logins at a time."""

    enabled: bool = True
    connection_limit: int = 15
    announcement: str = ""


Apply = Callable[[Policy], Awaitable[None]]


async def follow(path: Path, apply: Apply) -> None:
    """Do what the agent at `path` says, from one agent to the next, until cancelled."""
    while True:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            await _follow_one(path, apply)
        await asyncio.sleep(RETRY_SECONDS)


async def _follow_one(path: Path, apply: Apply) -> None:
    lines, out = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
    try:
        _send(out, {"hello": {"service": "ssh"}})
        while line := await lines.readline():
            message = json.loads(line)
            if "ssh" in message:
                policy = Policy(**{name: message["ssh"][name] for name in asdict(Policy())})
                await apply(policy)
                log.info("as the agent says", extra=asdict(policy))
                _send(out, {"ssh": asdict(policy)})
                await out.drain()
    except (KeyError, TypeError) as error:
        log.error("the agent says what isn't understood: %r", error)
    finally:
        out.close()


def _send(out: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
