"""Calls XRLs of many targets, each over connections that are kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator

from connetos_sdk.transports.xrl_client import finder as finders
from connetos_sdk.transports.xrl_client.broken import Broken, NotSent
from connetos_sdk.transports.xrl_client.finder import Address, FinderChannel, TargetEvent
from connetos_sdk.transports.xrl_client.stcp import StcpChannel
from connetos_sdk.wire.xrl import Atoms, Code, Malformed, Reply, Xrl, error_of, packed, txt
from connetos_sdk.wire.xrl import finder as finder_wire
from connetos_sdk.wire.xrl import stcp as stcp_wire
from connetos_sdk.wire.xrl.codes import CORRUPT
from connetos_sdk.wire.xrl.text import split_args

DEFAULT_FINDER: Address = ("127.0.0.1", finder_wire.PORT)
TIMEOUT_SECONDS = 60.0
MAX_IDLE = 4
MAX_CACHED = 4096


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
        self._finder_channel: FinderChannel | None = None
        self._lock = threading.Lock()
        self._idle: dict[str, list[StcpChannel]] = {}
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
            except NotSent as error:
                failure = Reply(Code.SEND_FAILED_TRANSIENT, str(error))
                continue
            self._give_back(endpoint, channel)
            return replies
        return [failure] * len(calls)

    def _take(self, endpoint: str, limit: float) -> StcpChannel:
        while True:
            with self._lock:
                channels = self._idle.get(endpoint)
                channel = channels.pop() if channels else None
            if channel is None:
                protocol, _, address = endpoint.partition("://")
                return StcpChannel(protocol, address, limit)
            if channel.fresh():
                return channel
            channel.close()

    def _give_back(self, endpoint: str, channel: StcpChannel) -> None:
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
                except Broken:
                    self._drop_finder()
                    raise
                self._forget(channel.forgotten)
                return reply
        except Broken as error:
            return Reply(error.code, str(error))

    def _open_finder(self, limit: float) -> FinderChannel:
        if self._finder_channel is not None:
            try:
                self._finder_channel.settle()
            except Broken:
                self._drop_finder()
        if self._finder_channel is None:
            self._finder_channel = FinderChannel(self._finder, limit)
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
        return finders.watch(self._finder, class_names, poll_s=poll_s, timeout_s=self._timeout_s)


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
