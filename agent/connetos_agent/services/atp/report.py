"""Tells somebody how far ATP is, so that a rack can be followed from afar.

Each step is told: to a URL as one JSON object by POST, or to a syslog server as one message (RFC 5424 over UDP). Before
the switch has an address nobody can be told; those steps are kept, and told in their order as soon as it has one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import time
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from connetos_agent.services.atp.states import Progress

log = logging.getLogger(__name__)

KEPT = 64
"""How many steps are kept at most; the oldest are forgotten."""
POST_SECONDS = 5.0
RETRY_SECONDS = 1.0
GIVE_UP_SECONDS = 120.0
"""How long after the last step it is still tried."""
SYSLOG_PORT = 514
_LOCAL0, _WARNING, _INFORMATIONAL = 16, 4, 6
"""Facility and severities of RFC 5424, 6.2.1."""


class Reporter:
    """Tells of every step.

    Args:
        url: `https://…`, `http://…`, or `syslog://host[:port]`.
        ca_file: certificate (PEM) to trust; without, those of the system.
        mac: MAC address of the management port, by which a switch is known that has no address yet.
    """

    def __init__(self, url: str, ca_file: Path | None, mac: str) -> None:
        parts = urlsplit(url)
        self._url, self._ca_file, self._mac = url, ca_file, mac
        self._send: Callable[[Progress], None] = self._post
        if parts.scheme == "syslog":
            self._send = self._syslog
            self._syslog_server = parts.hostname or "", parts.port or SYSLOG_PORT
        self._kept: deque[Progress] = deque(maxlen=KEPT)
        self._news = asyncio.Event()
        self._told = asyncio.Event()
        self._last = 0.0
        self._task: asyncio.Task[None] | None = None

    def tell(self, progress: Progress) -> None:
        """Tell of a step, now or as soon as it can be; called in the event loop."""
        self._kept.append(progress)
        self._last = time.monotonic()
        self._told.clear()
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def flush(self, seconds: float) -> None:
        """Wait until all is told, at most so long."""
        if self._kept:
            self._news.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._told.wait()

    async def stop(self) -> None:
        """End; what isn't told is forgotten."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._kept:
            self._news.clear()
            step = self._kept[0]
            try:
                await asyncio.to_thread(self._send, step)
            except (OSError, ValueError) as error:
                if time.monotonic() > self._last + GIVE_UP_SECONDS:
                    log.warning("ATP: %d steps can't be told to %s: %s", len(self._kept), self._url, error)
                    self._kept.clear()
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_SECONDS):
                        await self._news.wait()
            else:
                if self._kept and self._kept[0] is step:
                    self._kept.popleft()
        self._told.set()

    def _post(self, progress: Progress) -> None:
        body = json.dumps({**asdict(progress), "mac": self._mac}).encode()
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked with the settings
            self._url, data=body, headers={"content-type": "application/json"}, method="POST"
        )
        context = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=POST_SECONDS):
            pass

    def _syslog(self, progress: Progress) -> None:
        severity = _WARNING if progress.reason else _INFORMATIONAL
        when = datetime.fromtimestamp(progress.since, UTC).isoformat(timespec="milliseconds")
        host = progress.address.partition("/")[0] or self._mac or "-"
        text = f"ATP: {progress.state}{f': {progress.reason}' if progress.reason else ''} (mac {self._mac})"
        plain = "".join(letter if letter.isprintable() else "?" for letter in text)
        message = f"<{_LOCAL0 * 8 + severity}>1 {when} {host} connetos-atp - - - {plain}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(message.encode()[:2048], self._syslog_server)
