"""Traceroute: probes whose time to live ends at one router after the other.

All probes have the same ports, so that one of several equal paths is shown and not a mixture; `vary_port` gives
the probes of a hop different ones. An answer is matched to its probe by the probe's length (UDP) or sequence
number (ICMP), which don't take part in the choice of a path.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connetos_agent.services.diagnostics import icmp, sockets
from connetos_agent.services.diagnostics.sockets import Arrival, Origin

GRACE_SECONDS = 60.0
_INITIAL_TTLS = (64, 128, 255)
"""With which systems send; the next above what arrives is taken for it."""

Report = Callable[[Mapping[str, Any]], Awaitable[None]]

_identifiers = itertools.count(secrets.randbelow(0x10000))


@dataclass(frozen=True)
class Request:
    """What to do; sizes in bytes, times in milliseconds."""

    host: str
    origin: Origin
    protocol: str
    first_ttl: int
    max_hops: int
    queries: int
    timeout_ms: int
    port: int
    source_port: int
    vary_port: bool
    size: int

    def port_of(self, number: int) -> int:
        """UDP port that the probe with this number goes to."""
        return self.port if not self.vary_port else 1 + (self.port - 1 + number % self.queries) % 65535


class Traceroute:
    """One traceroute.

    Args:
        request: what to do.
        report: told of every hop.
    """

    def __init__(self, request: Request, report: Report) -> None:
        self._request = request
        self._report = report
        self._identifier = next(_identifiers) & 0xFFFF
        self._sent: dict[int, int] = {}
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._icmp: socket.socket
        self._udp: socket.socket

    async def run(self) -> dict[str, Any]:
        """Do it; the result has `hops`, each with every answer, and whether the destination was `reached`.

        Raises:
            BadRequest, NotFound, NotRealisable: it can't begin.
        """
        request = self._request
        source = sockets.source_of(request.origin)
        head = {
            "host": request.host,
            "address": str(request.origin.address),
            "source": str(source),
            "interface": request.origin.interface,
            "max_hops": request.max_hops,
            "size": request.size,
        }
        hops: list[dict[str, Any]] = []
        limit = (request.max_hops - request.first_ttl + 1) * request.timeout_ms / 1000 + GRACE_SECONDS
        with contextlib.ExitStack() as stack:
            self._icmp = stack.enter_context(sockets.icmp_listener(request.origin, self._received))
            udp = sockets.bound(request.origin, socket.SOCK_DGRAM, 0, request.source_port)
            self._udp = stack.enter_context(sockets.Listener(udp, self._datagram))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit):
                    await self._report(head)
                    for ttl in range(request.first_ttl, request.max_hops + 1):
                        hops.append(await self._hop(ttl))
                        await self._report(hops[-1])
                        if any(answer["final"] for answer in hops[-1]["answers"]):
                            break
        reached = bool(hops) and any(
            answer.get("address") == head["address"] for answer in hops[-1]["answers"]
        )
        return {**head, "reached": reached, "hops": hops}

    async def _hop(self, ttl: int) -> dict[str, Any]:
        numbers = range(
            (ttl - self._request.first_ttl) * self._request.queries,
            (ttl - self._request.first_ttl + 1) * self._request.queries,
        )
        for number in numbers:
            self._send(number, ttl)
        waiting = [self._waiting[number] for number in numbers]
        await asyncio.wait(waiting, timeout=self._request.timeout_ms / 1000)
        answers = []
        for number in numbers:
            answered = self._waiting.pop(number)
            answers.append(answered.result() if answered.done() else {"kind": "timeout", "final": False})
        return {
            "ttl": ttl,
            "answers": [{"probe": n + 1, **answer} for n, answer in enumerate(answers)],
        }

    def _send(self, number: int, ttl: int) -> None:
        self._waiting[number] = asyncio.get_running_loop().create_future()
        address = str(self._request.origin.address)
        try:
            self._sent[number] = sockets.now_ns()
            if self._request.protocol == "udp":
                data = b"\0" * (self._request.size + number)
                sockets.with_ttl(self._udp, data, (address, self._request.port_of(number)), ttl)
            else:
                packet = icmp.echo_request(
                    self._icmp.family, self._identifier, number, b"\0" * self._request.size
                )
                sockets.with_ttl(self._icmp, packet, (address, 0), ttl)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            self._waiting[number].set_result({"kind": "not-sent", "reason": reason, "final": True})

    # -- what comes back ------------------------------------------------------------------------------

    def _received(self, message: icmp.Message, arrival: Arrival) -> None:
        if message.kind == icmp.ECHO_REPLY:
            if self._request.protocol == "icmp" and message.identifier == self._identifier:
                self._answered(message.sequence, arrival, {"kind": message.kind, "final": True})
            return
        number = self._number(message.about)
        if number is None:
            return
        answer: dict[str, Any] = {"kind": message.kind, "final": message.kind != icmp.TIME_EXCEEDED}
        if message.kind == icmp.UNREACHABLE:
            answer |= {"code": message.code, "flag": icmp.flag(message.code)}
        if message.mtu_bytes:
            answer["mtu_bytes"] = message.mtu_bytes
        self._answered(number, arrival, answer)

    def _number(self, about: icmp.Probe | None) -> int | None:
        if about is None or about.destination != self._request.origin.address:
            return None
        if self._request.protocol == "icmp":
            return about.port if about.source_port == self._identifier else None
        number = about.length - 8 - self._request.size
        own = self._udp.getsockname()[1]
        if number < 0 or (about.source_port, about.port) != (own, self._request.port_of(number)):
            return None
        return number

    def _datagram(self, _packet: bytes, arrival: Arrival) -> None:
        """Somebody answers on the port: that is the destination; for which probe isn't known, the first it is."""
        first = next((number for number, answered in self._waiting.items() if not answered.done()), None)
        if first is not None and arrival.sender == self._request.origin.address:
            self._answered(first, arrival, {"kind": icmp.ECHO_REPLY, "final": True})

    def _answered(self, number: int, arrival: Arrival, answer: dict[str, Any]) -> None:
        waiting = self._waiting.get(number)
        if waiting is None or waiting.done():
            return
        waiting.set_result(
            {
                "address": str(arrival.sender),
                "time_ms": max(0, arrival.time_ns - self._sent[number]) / 1e6,
                "reply_ttl": arrival.ttl,
                "return_hops": _hops_back(arrival.ttl),
                **answer,
            }
        )


def _hops_back(ttl: int) -> int | None:
    """How many hops an answer had behind it, if its sender began with one of the usual numbers."""
    initial = next((number for number in _INITIAL_TTLS if number >= ttl), None)
    return initial - ttl + 1 if initial and ttl else None
