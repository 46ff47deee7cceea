"""Calls XRLs: resolves them at a finder and sends them over STCP (spec/wire/xrl.md, 5.3 and 5.4).

    with XrlClient() as client:
        (status, reason) = client.call("finder://rib/common/0.1/get_status")
        replies = client.call_many([xrl] * 1000)

It speaks to XORP's own processes as well as to the agent. It doesn't register at the finder, so no target hears
of it. A target that answers several calls at once may do so in any order; calls that build on each other are
to be sent one after the other, unless the target promises an order.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connetos_sdk.wire.xrl import Atoms, Code, Malformed, Reply, Xrl, boolean, error_of, packed, txt, u32
from connetos_sdk.wire.xrl import finder as finder_wire
from connetos_sdk.wire.xrl import stcp as stcp_wire
from connetos_sdk.wire.xrl.codes import CORRUPT, known
from connetos_sdk.wire.xrl.escape import to_text
from connetos_sdk.wire.xrl.stcp import FrameType
from connetos_sdk.wire.xrl.text import split_args

Address = tuple[str, int]

DEFAULT_FINDER: Address = ("127.0.0.1", finder_wire.PORT)
CONNECT_SECONDS = 10.0
TIMEOUT_SECONDS = 60.0
KEEPALIVE_SECONDS = 10.0
"""After so long without an answer the target is asked whether it is there."""
IDLE_SECONDS = 150.0
"""A connection unused for so long isn't used again: the other end closes it after 180 s."""
CHECK_SECONDS = 1.0
MAX_IN_FLIGHT = 100
MAX_BYTES_IN_FLIGHT = 100_000
"""How much XORP has under way on one connection at most."""
MAX_IDLE = 4
MAX_CACHED = 4096
_RECEIVE_BYTES = 256 * 1024

_TUNNEL = "finder_client/0.2/dispatch_tunneled_xrl"
_OBSERVER = "finder_event_observer/0.1/xrl_target_"


class _Broken(Exception):
    """The connection is of no use any more; `code` is what calls that were under way get."""

    def __init__(self, reason: str, code: Code = Code.SEND_FAILED) -> None:
        super().__init__(reason)
        self.code = code


class _NotSent(_Broken):
    """As `_Broken`, and the target has got nothing."""


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
            raise _NotSent(f"{protocol[:20]}://{address[:80]} isn't an address that can be called")
        sock = socket.create_connection((host.strip("[]"), int(port)), limit)
    except (OSError, UnicodeError) as error:
        raise _NotSent(f"can't connect to {protocol}://{address}: {error}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class _StcpChannel:
    """One connection to a target, used by one thread at a time."""

    def __init__(self, protocol: str, address: str, timeout_s: float) -> None:
        self._sock = _connect(protocol, address, timeout_s)
        self._reader = stcp_wire.FrameReader()
        self._numbers = itertools.count()
        self._helo: int | None = None
        self.used = time.monotonic()

    def close(self) -> None:
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
        except _Broken as error:
            self.close()
            if isinstance(error, _NotSent):
                raise
            lost = Reply(error.code, str(error))
            return [reply or lost for reply in replies]
        self.used = time.monotonic()
        return [reply for reply in replies if reply is not None]

    @property
    def usable(self) -> bool:
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
            raise _Broken(f"the connection broke: {error}") from error
        while open_calls:
            try:
                data = self._read()
            except TimeoutError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _Broken("the target didn't answer in time", Code.REPLY_TIMED_OUT) from None
                self._sock.settimeout(min(left, KEEPALIVE_SECONDS))
                self._keep_alive(deadline)
                continue
            self._take(data, replies, open_calls)

    def _keep_alive(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            return
        if self._helo is not None:
            raise _Broken("the target doesn't acknowledge keep-alives")
        self._helo = next(self._numbers)
        try:
            self._sock.sendall(stcp_wire.helo(self._helo))
        except OSError as error:
            raise _Broken(f"the connection broke: {error}") from error

    def _read(self) -> bytes:
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise
        except OSError as error:
            raise _Broken(f"the connection broke: {error}") from error
        if not data:
            raise _Broken("the target closed the connection")
        return data

    def _take(self, data: bytes, replies: list[Reply | None], open_calls: dict[int, int]) -> None:
        try:
            for frame in self._reader.feed(data):
                if frame.type == FrameType.RESPONSE and frame.seqno in open_calls:
                    replies[open_calls.pop(frame.seqno)] = _reply(frame)
                elif frame.type == FrameType.HELO_ACK and frame.seqno == self._helo:
                    self._helo = None
                else:
                    raise _Broken("the target sent what it wasn't asked for", Code.INTERNAL_ERROR)
        except Malformed as error:
            raise _Broken(error.reason, Code.INTERNAL_ERROR) from error

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
                raise _Broken("the target didn't answer in time", Code.REPLY_TIMED_OUT)
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
            raise _Broken(f"the connection broke: {error}") from error


def _readable(sock: socket.socket, seconds: float) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


def _reply(frame: stcp_wire.Frame) -> Reply:
    code = known(frame.code)
    results = packed.unpack_args(frame.body) if code is Code.OKAY else ()
    return Reply(code, to_text(frame.note), results)


class TargetEvent(NamedTuple):
    """A target came (`born`) or left."""

    born: bool
    class_name: str
    instance: str


class _FinderChannel:
    """One connection to a finder, which asks back; used by one thread at a time."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._where = f"{address[0]}:{address[1]}"
        try:
            self._sock = socket.create_connection(address, max(0.001, min(CONNECT_SECONDS, timeout_s)))
        except OSError as error:
            raise _NotSent(f"there is no finder at {self._where}: {error}", Code.NO_FINDER) from error
        self._reader = finder_wire.MessageReader()
        self._numbers = itertools.count(finder_wire.FIRST_SEQNO)
        self._answers: dict[int, Reply] = {}
        self.events: deque[TargetEvent] = deque(maxlen=10_000)
        self.forgotten: deque[str] = deque(maxlen=MAX_CACHED)
        """Targets and XRLs that the finder told to forget."""

    @property
    def local_host(self) -> str:
        return str(self._sock.getsockname()[0])

    def close(self) -> None:
        self._sock.close()

    def settle(self) -> None:
        """Answer what the finder asked meanwhile; raises `_Broken` if the connection ended."""
        while _readable(self._sock, 0):
            self._read(time.monotonic() + CONNECT_SECONDS)

    def ask(self, xrl: str, timeout_s: float) -> Reply:
        """Send one XRL to the finder itself; its reply."""
        number = next(self._numbers)
        deadline = time.monotonic() + timeout_s
        self._send(finder_wire.request(number, xrl))
        while number not in self._answers:
            self._read(deadline)
        return self._answers.pop(number)

    def wait(self, seconds: float) -> None:
        """Wait for something from the finder, for so long at most."""
        with contextlib.suppress(TimeoutError):
            self._read(time.monotonic() + seconds, patient=True)

    def _send(self, data: bytes) -> None:
        self._sock.settimeout(CONNECT_SECONDS)
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise _Broken(f"the connection to the finder broke: {error}", Code.NO_FINDER) from error

    def _read(self, deadline: float, *, patient: bool = False) -> None:
        if not _readable(self._sock, max(0.0, deadline - time.monotonic())):
            if patient:
                raise TimeoutError
            raise _Broken("the finder didn't answer in time", Code.REPLY_TIMED_OUT)
        try:
            data = self._sock.recv(65536)
            if not data:
                raise _Broken("the finder closed the connection", Code.NO_FINDER)
            for raw in self._reader.feed(data):
                message = finder_wire.parse(raw)
                if isinstance(message, finder_wire.Request):
                    self._send(finder_wire.response(message.seqno, self._asked(message.xrl)))
                else:
                    self._answers = {message.seqno: message.reply}
        except (OSError, Malformed) as error:
            raise _Broken(f"the connection to the finder broke: {error}", Code.NO_FINDER) from error

    def _asked(self, text: str) -> Reply:
        """What the finder is answered; it drops whoever answers anything but OKAY."""
        xrl = Xrl.parse(text)
        first = xrl.args[0].value if xrl.args else ""
        if xrl.command == _TUNNEL:
            self._observe(str(first))
            return Reply(Code.OKAY, "", (u32("xrl_error", Code.OKAY), txt("xrl_error_note", "")))
        if xrl.command.startswith("finder_client/0.2/remove_xrl"):
            self.forgotten.append(str(first))
        return Reply(Code.OKAY)

    def _observe(self, text: str) -> None:
        xrl = Xrl.parse(text)
        kind = xrl.command.removeprefix(_OBSERVER).partition("-")[0]
        if kind in ("birth", "death") and len(xrl.args) == 2:
            self.events.append(TargetEvent(kind == "birth", *(str(atom.value) for atom in xrl.args)))


class XrlClient:
    """Calls XRLs. May be used by several threads.

    Args:
        finder: host and port of the finder; used when an XRL has to be resolved.
        timeout_s: seconds to wait for an answer.
    """

    def __init__(self, finder: Address = DEFAULT_FINDER, *, timeout_s: float = TIMEOUT_SECONDS) -> None:
        self._finder = finder
        self._timeout_s = timeout_s
        self._finder_lock = threading.Lock()
        self._finder_channel: _FinderChannel | None = None
        self._lock = threading.Lock()
        self._idle: dict[str, list[_StcpChannel]] = {}
        self._resolved: dict[tuple[str, str], tuple[str, ...]] = {}

    def __enter__(self) -> XrlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        with self._finder_lock:
            self._drop_finder()
        with self._lock:
            idle, self._idle = self._idle, {}
        for channels in idle.values():
            for channel in channels:
                channel.close()

    # -- calls ----------------------------------------------------------------------------------------

    def call(self, xrl: Xrl | str, *, timeout_s: float | None = None) -> Atoms:
        """Call one XRL.

        Args:
            xrl: an `Xrl` or its text; `finder://…` is resolved, `stcp://…` and `unix://…` are called as they are.
            timeout_s: seconds to wait for the answer, instead of the client's.

        Returns:
            The results.

        Raises:
            ConnetosError: the error that the agent raised, as the same class; of other targets `CommandFailed`,
                `BadArguments`, `ResolveFailed`, `NoSuchMethod`; `Unreachable`, `TimedOut`, `ProtocolError`.
            Malformed: the text isn't an XRL.
        """
        parsed = Xrl.parse(xrl) if isinstance(xrl, str) else xrl
        reply = self.send(parsed, timeout_s=timeout_s)
        if reply.code is not Code.OKAY:
            raise error_of(reply, parsed.address)
        return reply.results

    def send(self, xrl: Xrl | str, *, timeout_s: float | None = None) -> Reply:
        """As `call`, but whatever goes wrong is in the reply, with the code that XORP has for it."""
        parsed = Xrl.parse(xrl) if isinstance(xrl, str) else xrl
        key = parsed.target, parsed.command
        known_at = self._resolved.get(key) if parsed.protocol == "finder" else None
        if known_at:  # the short way, which is the usual one
            limit = self._timeout_s if timeout_s is None else timeout_s
            endpoints = tuple(map(_endpoint, known_at))
            (reply,) = self._call_group(endpoints, [(0, known_at)], {0: parsed}, 1, limit)
            if reply.code is not Code.SEND_FAILED_TRANSIENT and reply != CORRUPT:
                return reply
            # Neither has reached a method: the target went, or another one listens there now.
            self._resolved.pop(key, None)
        return self.call_many([parsed], timeout_s=timeout_s)[0]

    def call_many(
        self, xrls: Iterable[Xrl | str], *, in_flight: int = 40, timeout_s: float | None = None
    ) -> list[Reply]:
        """Call many XRLs without waiting for each answer.

        Args:
            xrls: what to call. Those for one target are sent in this order; the target may work on several at once.
            in_flight: how many may be under way on one connection (1 to 100).
            timeout_s: seconds that a target may be silent.

        Returns:
            The replies in the order of `xrls`; errors of single calls are in them.

        Raises:
            Malformed: one of the texts isn't an XRL, and nothing was sent; or a value doesn't fit its type or a
                call is too large, and nothing was sent to that target.
        """
        limit = self._timeout_s if timeout_s is None else timeout_s
        parsed = [Xrl.parse(xrl) if isinstance(xrl, str) else xrl for xrl in xrls]
        replies: dict[int, Reply] = {}
        again = self._dispatch(dict(enumerate(parsed)), replies, in_flight, limit)
        if again:
            self._dispatch({position: parsed[position] for position in again}, replies, in_flight, limit)
        return [replies[position] for position in range(len(parsed))]

    def _dispatch(
        self, xrls: dict[int, Xrl], replies: dict[int, Reply], in_flight: int, limit: float
    ) -> list[int]:
        """Call `xrls` and fill `replies`; the positions that are worth another try with what the finder says now."""
        groups: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] = {}
        cached: set[int] = set()
        for position, xrl in xrls.items():
            if xrl.protocol == "finder" and (xrl.target, xrl.command) in self._resolved:
                cached.add(position)
            addresses = self._addresses(xrl, limit)
            if isinstance(addresses, Reply):
                replies[position] = addresses
            else:
                groups.setdefault(tuple(map(_endpoint, addresses)), []).append((position, addresses))
        again: list[int] = []
        moved: dict[tuple[str, str], bool] = {}
        for endpoints, calls in groups.items():
            found = self._call_group(endpoints, calls, xrls, in_flight, limit)
            for (position, _), reply in zip(calls, found, strict=True):
                replies[position] = reply
                # Neither has reached a method: the target went, or another one listens there now.
                if position in cached and (reply.code is Code.SEND_FAILED_TRANSIENT or reply == CORRUPT):
                    key = xrls[position].target, xrls[position].command
                    if key not in moved:
                        before = self._resolved.pop(key, None)
                        moved[key] = self._resolve(xrls[position], limit) != before
                    if moved[key]:
                        again.append(position)
        return again

    def _addresses(self, xrl: Xrl, limit: float) -> tuple[str, ...] | Reply:
        """Where to call an XRL; or the reply, when there is nothing to call any more."""
        if xrl.protocol != "finder":
            return (xrl.address,)
        if xrl.target == "finder":
            return self._ask_finder(str(xrl), limit)
        return self._resolved.get((xrl.target, xrl.command)) or self._resolve(xrl, limit)

    def _call_group(
        self,
        endpoints: tuple[str, ...],
        calls: list[tuple[int, tuple[str, ...]]],
        xrls: dict[int, Xrl],
        in_flight: int,
        limit: float,
    ) -> list[Reply]:
        """Calls to one target, through the first of its addresses that can be reached."""
        failure = Reply(Code.SEND_FAILED)
        for number, endpoint in enumerate(endpoints):
            bodies = [
                packed.pack_request(addresses[number], xrls[position].args) for position, addresses in calls
            ]
            if max(map(len, bodies)) > stcp_wire.MAX_BODY_BYTES:
                raise Malformed(
                    "the call is too large", hint=f"at most {stcp_wire.MAX_BODY_BYTES} bytes of arguments"
                )
            try:
                channel = self._take(endpoint, limit)
                replies = channel.exchange(bodies, in_flight, limit)
            except _NotSent as error:
                failure = Reply(Code.SEND_FAILED_TRANSIENT, str(error))
                continue
            self._give_back(endpoint, channel)
            return replies
        return [failure] * len(calls)

    def _take(self, endpoint: str, limit: float) -> _StcpChannel:
        while True:
            with self._lock:
                channels = self._idle.get(endpoint)
                channel = channels.pop() if channels else None
            if channel is None:
                protocol, _, address = endpoint.partition("://")
                return _StcpChannel(protocol, address, limit)
            if channel.fresh():
                return channel
            channel.close()

    def _give_back(self, endpoint: str, channel: _StcpChannel) -> None:
        if not channel.usable:
            return
        with self._lock:
            channels = self._idle.setdefault(endpoint, [])
            if len(channels) < MAX_IDLE:
                channels.append(channel)
                return
        channel.close()

    # -- the finder -----------------------------------------------------------------------------------

    def targets(self) -> list[str]:
        """Instance names of all targets at the finder. Raises as `call` does."""
        return _texts(self.call("finder://finder/finder/0.2/get_xrl_targets"))

    def methods(self, target: str) -> list[str]:
        """Commands that a target has registered, such as `common/0.1/get_status`. Raises as `call` does."""
        xrl = Xrl("finder", "finder/0.2/get_xrls_registered_by", (txt("target_name", target),))
        return [split_args(text)[0][2] if "://" in text else text for text in _texts(self.call(xrl))]

    def resolve(self, target: str, command: str) -> tuple[str, ...]:
        """Addresses of a method, best first, such as `stcp://127.0.0.1:4321/common/0.1/get_status-…`.

        Raises:
            ResolveFailed: the finder knows no such target or method, or the target isn't ready.
            Unreachable: there is no finder.
        """
        xrl = Xrl(target, command)
        addresses = self._resolve(xrl, self._timeout_s)
        if isinstance(addresses, Reply):
            raise error_of(addresses, xrl.address)
        return addresses

    def _resolve(self, xrl: Xrl, limit: float) -> tuple[str, ...] | Reply:
        question = Xrl("finder", "finder/0.2/resolve_xrl", (txt("xrl", xrl.address),))
        reply = self._ask_finder(str(question), limit)
        if reply.code is Code.COMMAND_FAILED:
            return Reply(Code.RESOLVE_FAILED, reply.note)
        if reply.code is not Code.OKAY:
            return reply
        found = [text for text in _texts(reply.results) if text.startswith(("stcp://", "unix://"))]
        addresses = tuple(text for text in found if text.count("/") >= 3)
        if not addresses:
            return Reply(Code.RESOLVE_FAILED, "the finder has no address for it")
        with self._lock:
            if len(self._resolved) >= MAX_CACHED:
                self._resolved.clear()
            self._resolved[xrl.target, xrl.command] = addresses
        return addresses

    def _ask_finder(self, xrl: str, limit: float) -> Reply:
        try:
            with self._finder_lock:
                try:
                    channel = self._open_finder(limit)
                    reply = channel.ask(xrl, limit)
                except _Broken:
                    self._drop_finder()
                    raise
                self._forget(channel.forgotten)
                return reply
        except _Broken as error:
            return Reply(error.code, str(error))

    def _open_finder(self, limit: float) -> _FinderChannel:
        if self._finder_channel is not None:
            try:
                self._finder_channel.settle()
            except _Broken:
                self._drop_finder()
        if self._finder_channel is None:
            self._finder_channel = _FinderChannel(self._finder, limit)
        return self._finder_channel

    def _drop_finder(self) -> None:
        """Close the connection; what the finder would have told to forget meanwhile isn't known, so all is."""
        if self._finder_channel is not None:
            self._finder_channel.close()
            self._finder_channel = None
        with self._lock:
            self._resolved.clear()

    def _forget(self, gone: deque[str]) -> None:
        while gone:
            name = gone.popleft()
            with self._lock:
                for key in [k for k in self._resolved if name in (k[0], f"finder://{k[0]}/{k[1]}")]:
                    del self._resolved[key]

    # -- events ---------------------------------------------------------------------------------------

    def watch(self, class_names: Iterable[str], *, poll_s: float = 1.0) -> Iterator[TargetEvent | None]:
        """Births and deaths of targets of some classes; those that are there come first, as births.

        Registers a target of its own for as long as the iterator is used.

        Args:
            class_names: classes to watch.
            poll_s: None is yielded when nothing happened for so many seconds, so that the caller can end.

        Raises:
            Unreachable: there is no finder, or it went away.
            CommandFailed: it refuses.
        """
        listener = socket.create_server(("127.0.0.1", 0))
        channel = None
        try:
            channel = _FinderChannel(self._finder, self._timeout_s)
            _register_observer(channel, listener.getsockname()[1], class_names, self._timeout_s)
            while True:
                deadline = time.monotonic() + poll_s
                while not channel.events and time.monotonic() < deadline:
                    channel.wait(deadline - time.monotonic())
                if not channel.events:
                    yield None
                while channel.events:
                    yield channel.events.popleft()
        except _Broken as error:
            raise error_of(Reply(error.code, str(error))) from error
        finally:
            listener.close()
            if channel is not None:
                channel.close()


def _register_observer(
    channel: _FinderChannel, port: int, class_names: Iterable[str], timeout_s: float
) -> None:
    instance = f"connetos_watch-{secrets.token_hex(16)}@{channel.local_host}"
    calls = [
        Xrl("finder", "finder/0.2/register_finder_client", (
            txt("instance_name", instance), txt("class_name", "connetos_watch"), boolean("singleton", False),
            txt("in_cookie", ""),
        )),
        *(
            Xrl("finder", "finder/0.2/add_xrl", (
                txt("xrl", f"finder://{instance}/{_OBSERVER}{kind}"), txt("protocol_name", "stcp"),
                txt("protocol_args", f"127.0.0.1:{port}"),
            ))
            for kind in ("birth", "death")
        ),
        Xrl("finder", "finder/0.2/set_finder_client_enabled", (
            txt("instance_name", instance), boolean("enabled", True),
        )),
        *(
            Xrl("finder", "finder_event_notifier/0.1/register_class_event_interest", (
                txt("requester_instance", instance), txt("class_name", name),
            ))
            for name in class_names
        ),
    ]  # fmt: skip
    for call in calls:
        reply = channel.ask(str(call), timeout_s)
        if reply.code is not Code.OKAY:
            raise error_of(reply, call.command)


def _endpoint(address: str) -> str:
    """Protocol and address of a resolved XRL, without its method."""
    return "/".join(address.split("/", 3)[:3])


def _texts(results: Atoms) -> list[str]:
    """The texts of the one list that a finder answered with."""
    found: list[str] = []
    for atom in results:
        if isinstance(atom.value, tuple):
            found += [item.value for item in atom.value if isinstance(item.value, str)]
    return found
