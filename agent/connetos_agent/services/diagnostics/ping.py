"""Ping: ICMP echo requests through the switch's own stack, each answer timed by the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import math
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connetos_agent.services.diagnostics import icmp, sockets
from connetos_agent.services.diagnostics.sockets import Arrival, Origin
from connetos_sdk.errors import BadRequest

MAX_SECONDS = 3660.0
MAX_DUPLICATES_TOLD = 100
"""Further duplicates are counted only: how many come is up to whoever answers."""
GRACE_SECONDS = 60.0
"""Longer than it should take, it takes when whoever is told doesn't listen; then it ends."""

Report = Callable[[Mapping[str, Any]], Awaitable[None]]

_identifiers = itertools.count(secrets.randbelow(0x10000))


@dataclass(frozen=True)
class Request:
    """What to do; sizes in bytes, times in milliseconds."""

    host: str
    origin: Origin
    count: int
    interval_ms: int
    timeout_ms: int
    size: int
    ttl: int
    tos: int
    dont_fragment: bool

    @property
    def seconds(self) -> float:
        """How long it takes when nobody answers."""
        return ((self.count - 1) * self.interval_ms + self.timeout_ms) / 1000


class Ping:
    """One ping.

    Args:
        request: what to do.
        report: told of every answer, and of every request without one.

    Raises:
        BadRequest, NotFound, NotRealisable: it can't begin.
    """

    def __init__(self, request: Request, report: Report) -> None:
        if request.seconds > MAX_SECONDS:
            raise BadRequest(
                f"this would take {request.seconds:.0f} s",
                hint=f"at most {MAX_SECONDS:.0f} s: fewer requests",
            )
        self._request = request
        self._report = report
        self._identifier = next(_identifiers) & 0xFFFF
        self._data = (secrets.token_bytes(16) * (request.size // 16 + 1))[: request.size]
        self._sent: dict[int, int] = {}
        self._probes: dict[int, dict[str, Any]] = {}
        self._duplicates = 0
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def run(self) -> dict[str, Any]:
        """Do it; the result: see `result`."""
        origin = self._request.origin
        source = sockets.source_of(origin)
        listener = sockets.icmp_listener(origin, self._received)
        with listener as sock:
            self._prepare(sock)
            sending = asyncio.ensure_future(self._send(sock))
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._request.seconds + GRACE_SECONDS):
                        await self._tell(source)
            finally:
                sending.cancel()
        return self._head(source) | result(self._probes.values(), len(self._sent), self._duplicates)

    def _head(self, source: icmp.Address) -> dict[str, Any]:
        request = self._request
        return {
            "host": request.host,
            "address": str(request.origin.address),
            "source": str(source),
            "interface": request.origin.interface,
            "size": request.size,
        }

    def _prepare(self, sock: socket.socket) -> None:
        request = self._request
        sockets.set_fragmentation(sock, forbidden=request.dont_fragment)
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, request.ttl)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, request.tos)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, request.ttl)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, request.tos)

    async def _tell(self, source: icmp.Address) -> None:
        await self._report(self._head(source))
        while len(self._probes) < self._request.count:
            await self._report(await self._events.get())
        while not self._events.empty():
            await self._report(self._events.get_nowait())

    async def _send(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        to = (str(self._request.origin.address), 0)
        begin = loop.time()
        for number in range(self._request.count):
            await asyncio.sleep(begin + number * self._request.interval_ms / 1000 - loop.time())
            sequence = number + 1
            packet = icmp.echo_request(sock.family, self._identifier, sequence & 0xFFFF, self._data)
            self._sent[sequence] = sockets.now_ns()
            try:
                sock.sendto(packet, to)
            except OSError as error:
                self._done(sequence, {"outcome": "not-sent", "reason": _local(error)})
            else:
                loop.call_later(self._request.timeout_ms / 1000, self._expire, sequence)

    def _expire(self, sequence: int) -> None:
        if sequence not in self._probes:
            self._done(sequence, {"outcome": "timeout"})

    def _received(self, message: icmp.Message, arrival: Arrival) -> None:
        if message.kind == icmp.ECHO_REPLY:
            if message.identifier == self._identifier and message.data == self._data:
                self._answered(message.sequence, arrival)
            return
        about = message.about
        ours = about and (about.destination, about.source_port) == (
            self._request.origin.address,
            self._identifier,
        )
        if about is None or not ours or about.port not in self._sent or about.port in self._probes:
            return
        error = {"outcome": message.kind, "from": str(arrival.sender), "code": message.code}
        mtu = {"mtu_bytes": message.mtu_bytes} if message.mtu_bytes else {}
        self._done(about.port, {**error, **self._time(about.port, arrival), **mtu})

    def _answered(self, sequence: int, arrival: Arrival) -> None:
        if sequence not in self._sent:
            return
        answer = {
            "from": str(arrival.sender),
            "bytes": self._request.size + 8,
            "ttl": arrival.ttl,
            **self._time(sequence, arrival),
        }
        before = self._probes.get(sequence)
        if before is None:
            self._done(sequence, {"outcome": "reply", **answer})
        elif before["outcome"] == "reply":
            self._duplicates += 1
            if self._duplicates <= MAX_DUPLICATES_TOLD:
                self._events.put_nowait({"seq": sequence, "outcome": "duplicate", **answer})

    def _time(self, sequence: int, arrival: Arrival) -> dict[str, float]:
        return {"time_ms": max(0, arrival.time_ns - self._sent[sequence]) / 1e6}

    def _done(self, sequence: int, probe: dict[str, Any]) -> None:
        self._probes[sequence] = {"seq": sequence, **probe}
        self._events.put_nowait(self._probes[sequence])


def result(probes: Any, sent: int, duplicates: int) -> dict[str, Any]:
    """Numbers over `probes`: how many were sent and answered, round trip times in milliseconds (None without any)."""
    listed = sorted(probes, key=lambda probe: int(probe["seq"]))
    times = [probe["time_ms"] for probe in listed if probe["outcome"] == "reply"]
    average = sum(times) / len(times) if times else None
    return {
        "sent": sent,
        "received": len(times),
        "duplicates": duplicates,
        "loss_percent": round(100 * (sent - len(times)) / sent, 1) if sent else 0.0,
        "min_ms": min(times, default=None),
        "avg_ms": average,
        "max_ms": max(times, default=None),
        "stddev_ms": None
        if average is None
        else math.sqrt(sum((t - average) ** 2 for t in times) / len(times)),
        "probes": listed,
    }


def _local(error: OSError) -> str:
    if error.errno == errno.EMSGSIZE:
        return "the packet is larger than the interface's MTU, and may not be fragmented"
    return os.strerror(error.errno or 0)
