"""One STCP connection to a target: requests out, replies in, many under way."""

from __future__ import annotations

import itertools
import select
import socket
import time
from collections.abc import Sequence

from connetos_sdk.transports.xrl_client.broken import CONNECT_SECONDS, Broken, NotSent
from connetos_sdk.wire.xrl import Code, Malformed, Reply, packed
from connetos_sdk.wire.xrl import stcp as stcp_wire
from connetos_sdk.wire.xrl.codes import known
from connetos_sdk.wire.xrl.escape import to_text
from connetos_sdk.wire.xrl.stcp import FrameType

KEEPALIVE_SECONDS = 10.0
"""After so long without an answer the target is asked whether it is there."""
IDLE_SECONDS = 150.0
"""A connection unused for so long isn't used again: the other end closes it after 180 s."""
CHECK_SECONDS = 1.0
MAX_IN_FLIGHT = 100
MAX_BYTES_IN_FLIGHT = 100_000
"""How much XORP has under way on one connection at most."""
_RECEIVE_BYTES = 256 * 1024


def _connect(protocol: str, address: str, timeout_s: float) -> socket.socket:
    limit = max(0.001, min(CONNECT_SECONDS, timeout_s))
    try:
        if protocol == "unix":
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(limit)
            sock.connect(address.replace(":", "/"))
            return sock
        host, _, port = address.rpartition(":")
        if protocol != "stcp" or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise NotSent(f"{protocol[:20]}://{address[:80]} isn't an address that can be called")
        sock = socket.create_connection((host.strip("[]"), int(port)), limit)
    except (OSError, UnicodeError) as error:
        raise NotSent(f"can't connect to {protocol}://{address}: {error}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class StcpChannel:
    """One connection to a target, used by one thread at a time."""

    def __init__(self, protocol: str, address: str, timeout_s: float) -> None:
        self._sock = _connect(protocol, address, timeout_s)
        self._reader = stcp_wire.FrameReader()
        self._numbers = itertools.count()
        self._helo: int | None = None
        self.used = time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def fresh(self) -> bool:
        """Whether the other end still listens, as far as can be known without asking."""
        idle = time.monotonic() - self.used
        if idle < CHECK_SECONDS:
            return True
        # Nothing is under way, so anything that can be read is the end, or nonsense.
        return idle < IDLE_SECONDS and not select.select([self._sock], [], [], 0)[0]

    def exchange(self, bodies: Sequence[bytes], in_flight: int, timeout_s: float) -> list[Reply]:
        """Send requests and collect the replies, in the order of the requests.

        What isn't answered, because the connection broke or time was up, gets a reply that says so; then the
        channel is closed. `timeout_s` is for each answer: how long nothing may come.
        """
        replies: list[Reply | None] = [None] * len(bodies)
        open_calls: dict[int, int] = {}
        try:
            if len(bodies) == 1:
                self._exchange_one(bodies[0], replies, open_calls, timeout_s)
            else:
                self._exchange_many(
                    bodies, replies, open_calls, max(1, min(in_flight, MAX_IN_FLIGHT)), timeout_s
                )
        except Broken as error:
            self.close()
            if isinstance(error, NotSent):
                raise
            lost = Reply(error.code, str(error))
            return [reply or lost for reply in replies]
        self.used = time.monotonic()
        return [reply for reply in replies if reply is not None]

    @property
    def usable(self) -> bool:
        """Whether the connection may serve another exchange."""
        return self._sock.fileno() >= 0

    def _exchange_one(
        self, body: bytes, replies: list[Reply | None], open_calls: dict[int, int], timeout_s: float
    ) -> None:
        seqno = next(self._numbers)
        frame = stcp_wire.request(seqno, body)
        open_calls[seqno] = 0
        deadline = time.monotonic() + timeout_s
        self._sock.settimeout(min(timeout_s, KEEPALIVE_SECONDS))
        try:
            self._sock.sendall(frame)
        except OSError as error:
            raise Broken(f"the connection broke: {error}") from error
        while open_calls:
            try:
                data = self._read()
            except TimeoutError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Broken("the target didn't answer in time", Code.REPLY_TIMED_OUT) from None
                self._sock.settimeout(min(left, KEEPALIVE_SECONDS))
                self._keep_alive(deadline)
                continue
            self._take(data, replies, open_calls)

    def _keep_alive(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            return
        if self._helo is not None:
            raise Broken("the target doesn't acknowledge keep-alives")
        self._helo = next(self._numbers)
        try:
            self._sock.sendall(stcp_wire.helo(self._helo))
        except OSError as error:
            raise Broken(f"the connection broke: {error}") from error

    def _read(self) -> bytes:
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise
        except OSError as error:
            raise Broken(f"the connection broke: {error}") from error
        if not data:
            raise Broken("the target closed the connection")
        return data

    def _take(self, data: bytes, replies: list[Reply | None], open_calls: dict[int, int]) -> None:
        try:
            for frame in self._reader.feed(data):
                if frame.type == FrameType.RESPONSE and frame.seqno in open_calls:
                    replies[open_calls.pop(frame.seqno)] = _reply(frame)
                elif frame.type == FrameType.HELO_ACK and frame.seqno == self._helo:
                    self._helo = None
                else:
                    raise Broken("the target sent what it wasn't asked for", Code.INTERNAL_ERROR)
        except Malformed as error:
            raise Broken(error.reason, Code.INTERNAL_ERROR) from error

    def _exchange_many(
        self,
        bodies: Sequence[bytes],
        replies: list[Reply | None],
        open_calls: dict[int, int],
        in_flight: int,
        timeout_s: float,
    ) -> None:
        self._sock.setblocking(False)
        poller = select.poll()
        poller.register(self._sock, select.POLLIN)
        outgoing, sizes = bytearray(), {}
        position, under_way = 0, 0
        deadline = time.monotonic() + timeout_s
        while position < len(bodies) or open_calls:
            while position < len(bodies) and len(open_calls) < in_flight:
                size = len(bodies[position])
                if open_calls and under_way + size > MAX_BYTES_IN_FLIGHT:
                    break
                seqno = next(self._numbers)
                outgoing += stcp_wire.request(seqno, bodies[position])
                open_calls[seqno], sizes[seqno] = position, size
                under_way += size
                position += 1
            if outgoing:
                self._send_some(outgoing)
            poller.modify(self._sock, select.POLLIN | (select.POLLOUT if outgoing else 0))
            ready = poller.poll(1000 * max(0.0, min(deadline - time.monotonic(), KEEPALIVE_SECONDS)))
            if ready and ready[0][1] & ~select.POLLOUT:
                before = set(sizes)
                self._take(self._read(), replies, open_calls)
                for seqno in before - open_calls.keys():
                    under_way -= sizes.pop(seqno)
                deadline = time.monotonic() + timeout_s
            elif not ready and time.monotonic() >= deadline:
                raise Broken("the target didn't answer in time", Code.REPLY_TIMED_OUT)
            elif not ready and not outgoing:
                self._sock.settimeout(CONNECT_SECONDS)
                self._keep_alive(deadline)
                self._sock.setblocking(False)

    def _send_some(self, outgoing: bytearray) -> None:
        try:
            del outgoing[: self._sock.send(outgoing)]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Broken(f"the connection broke: {error}") from error


def _reply(frame: stcp_wire.Frame) -> Reply:
    code = known(frame.code)
    results = packed.unpack_args(frame.body) if code is Code.OKAY else ()
    return Reply(code, to_text(frame.note), results)
