"""The agent's own finder: the name service that XORP's processes and `call_xrl` ask (spec/wire/xrl.md, 5.4)."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from connetos_agent.northbound.xrl.access import Access
from connetos_agent.northbound.xrl.registry import Refused, Registry
from connetos_sdk import __version__
from connetos_sdk.wire.xrl import finder as wire
from connetos_sdk.wire.xrl.codes import Code, Reply
from connetos_sdk.wire.xrl.errors import BadArguments, Malformed
from connetos_sdk.wire.xrl.signature import Signature
from connetos_sdk.wire.xrl.text import parse_args, split_args

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256
MAX_WAITING = 10_000
"""XRLs that may wait to be sent to one client; one that falls so far behind is dropped."""
MESSAGE_SECONDS = 30.0
"""A message that was begun must be complete after so long."""
HELLO_SECONDS = 100.0
ANSWER_SECONDS = 30.0
HELLO = "finder://oxo/finder_client/0.2/hello"

Handler = Callable[["_Connection", list[Any]], list[Any]]


class Finder:
    """Listens and answers.

    Args:
        access: who may connect.
        hello_seconds: time between two signs of life to each client.
        answer_seconds: how long a client may take to answer.
    """

    def __init__(
        self, access: Access, *, hello_seconds: float = HELLO_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self.access = access
        self.registry = Registry()
        self.hello_seconds, self.answer_seconds = hello_seconds, answer_seconds
        self.numbers = itertools.count(wire.FIRST_SEQNO)
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.methods = _methods(self)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; the address, with the port that was taken.

        Raises:
            OSError: it can't.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.drop("")


class _Connection(asyncio.Protocol):
    """One client, which may ask and is asked: both ends of a connection do both."""

    transport: asyncio.Transport

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._reader = wire.MessageReader()
        self._waiting: deque[str] = deque()
        self._asked: int | None = None
        self._messages: deque[bytes] = deque()
        self._choked = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._peer = ""
        self._after: list[Callable[[], None]] = []

    # -- connection -----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        caller = self._finder.access.caller(transport)
        if caller is None or len(self._finder.connections) >= MAX_CONNECTIONS:
            log.warning("finder connection refused", extra={"peer": transport.get_extra_info("peername")})
            transport.abort()
            return
        self._peer = caller.source
        self._finder.connections.add(self)
        self._finder.registry.connect(self)
        self._schedule_hello()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._messages.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self in self._finder.connections:
            self._finder.connections.discard(self)
            self._finder.registry.disconnect(self)

    def drop(self, why: str) -> None:
        """Close at once."""
        if why and not self.transport.is_closing():
            log.info("finder connection dropped", extra={"peer": self._peer, "reason": why})
        self.transport.abort()

    def pause_writing(self) -> None:
        self._choked = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self._choked = False
        self._work()

    def _timer(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, action)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    # -- messages -------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except Malformed as error:
            self.drop(error.reason)
            return
        if messages:
            self._cancel("message")
            self._messages += messages
            self._work()
        if self._reader.held and "message" not in self._timers:
            self._timer("message", MESSAGE_SECONDS, lambda: self.drop("a message takes too long"))

    def _work(self) -> None:
        """Take what came, as long as the client reads its answers."""
        while self._messages and not self._choked:
            try:
                self._take(wire.parse(self._messages.popleft()))
            except Malformed as error:
                self.drop(error.reason)
                return
        if self._messages:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _take(self, message: wire.Request | wire.Response) -> None:
        if self.transport.is_closing():
            return
        if isinstance(message, wire.Request):
            self._answer(message)
        elif message.seqno != self._asked:
            self.drop("it answered what it wasn't asked")
        elif message.reply.code is not Code.OKAY:
            self.drop(f"it answered {message.reply.code.value}")
        else:
            self._asked = None
            self._cancel("answer")
            self._send_next()

    def _answer(self, message: wire.Request) -> None:
        (_, _, command), text = split_args(message.xrl)
        reply = self._reply(command, text)
        try:
            self.transport.write(wire.response(message.seqno, reply))
        except Malformed:
            self.transport.write(
                wire.response(message.seqno, Reply(Code.COMMAND_FAILED, "The answer is too long."))
            )
        after, self._after = self._after, []
        for action in after:
            action()

    def _reply(self, command: str, text: str) -> Reply:
        method = self._finder.methods.get(command)
        if method is None:
            return Reply(Code.NO_SUCH_METHOD)
        signature, handler = method
        try:
            return Reply(Code.OKAY, "", signature.answer(*handler(self, signature.bind(parse_args(text)))))
        except (BadArguments, Malformed) as error:
            return Reply(Code.BAD_ARGS, str(error)[:1000])
        except Refused as error:
            return Reply(error.code, error.note)

    def after_reply(self, action: Callable[[], None]) -> None:
        """Do `action` when the present request was answered."""
        self._after.append(action)

    # -- asking ---------------------------------------------------------------------------------------

    def push(self, xrl: str, *, once: bool = False) -> None:
        """See `registry.Client`."""
        if self.transport.is_closing() or (once and xrl in self._waiting):
            return
        if len(self._waiting) >= MAX_WAITING:
            self.drop("it doesn't answer as fast as it is told")
            return
        self._waiting.append(xrl)
        self._send_next()

    def _send_next(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        self._asked = next(self._finder.numbers)
        self.transport.write(wire.request(self._asked, self._waiting.popleft()))
        self._timer("answer", self._finder.answer_seconds, lambda: self.drop("it doesn't answer"))

    def _schedule_hello(self) -> None:
        def hello() -> None:
            self.push(HELLO, once=True)
            self._schedule_hello()

        self._timer("hello", self._finder.hello_seconds, hello)


# -- what the finder itself can be asked (spec/wire/xrl-interfaces.txt) -----------------------------------------


def _methods(finder: Finder) -> dict[str, tuple[Signature, Handler]]:
    registry = finder.registry

    def register(client: _Connection, values: list[Any]) -> list[Any]:
        instance, class_name, singleton, cookie = values
        return [registry.register(client, instance, class_name, singleton, cookie)]

    def add_xrl(client: _Connection, values: list[Any]) -> list[Any]:
        (_, instance, command), _ = split_args(values[0])
        return [registry.add_method(client, instance, command, *values[1:])]

    def remove_xrl(client: _Connection, values: list[Any]) -> list[Any]:
        (_, instance, command), _ = split_args(values[0])
        registry.remove_method(client, instance, command)
        return []

    def resolve(_client: _Connection, values: list[Any]) -> list[Any]:
        (_, name, command), _ = split_args(values[0])
        return [[str(resolution) for resolution in registry.resolve(name, command)]]

    def watch(client: _Connection, requester: str, **what: str) -> list[Any]:
        present = registry.watch(client, requester, **what)
        client.after_reply(lambda: registry.announce_present(requester, present))
        return []

    def void(action: Callable[[_Connection, list[Any]], None]) -> Handler:
        def answer(client: _Connection, values: list[Any]) -> list[Any]:
            action(client, values)
            return []

        return answer

    def permitted(version: int, *, hosts: bool) -> Handler:
        def answer(_client: _Connection, _values: list[Any]) -> list[Any]:
            networks = [n for n in finder.access.networks if n.version == version]
            single = [n for n in networks if n.prefixlen == n.max_prefixlen]
            if hosts:
                return [[n.network_address for n in single]]
            return [[n for n in networks if n not in single]]

        return answer

    finder_methods: dict[str, Handler] = {
        "register_finder_client ? instance_name:txt & class_name:txt & singleton:bool & in_cookie:txt"
        " -> out_cookie:txt": register,
        "unregister_finder_client ? instance_name:txt": void(lambda c, v: registry.unregister(c, v[0])),
        "set_finder_client_enabled ? instance_name:txt & enabled:bool": void(
            lambda c, v: registry.enable(c, v[0], v[1])
        ),
        "finder_client_enabled ? instance_name:txt -> enabled:bool": lambda _, v: [registry.enabled(v[0])],
        "add_xrl ? xrl:txt & protocol_name:txt & protocol_args:txt -> resolved_xrl_method_name:txt": add_xrl,
        "remove_xrl ? xrl:txt": remove_xrl,
        "resolve_xrl ? xrl:txt -> resolutions:list<txt>": resolve,
        "get_xrl_targets -> target_names:list<txt>": lambda _c, _v: [registry.instances()],
        "get_xrls_registered_by ? target_name:txt -> xrls:list<txt>": lambda _, v: [
            registry.methods_of(v[0])
        ],
        "get_ipv4_permitted_hosts -> ipv4s:list<ipv4>": permitted(4, hosts=True),
        "get_ipv4_permitted_nets -> ipv4nets:list<ipv4net>": permitted(4, hosts=False),
        "get_ipv6_permitted_hosts -> ipv6s:list<ipv6>": permitted(6, hosts=True),
        "get_ipv6_permitted_nets -> ipv6nets:list<ipv6net>": permitted(6, hosts=False),
    }
    class_interest = "class_event_interest ? requester_instance:txt & class_name:txt"
    instance_interest = "instance_event_interest ? requester_instance:txt & instance_name:txt"
    event_methods: dict[str, Handler] = {
        f"register_{class_interest}": lambda c, v: watch(c, v[0], class_name=v[1]),
        f"deregister_{class_interest}": void(lambda c, v: registry.unwatch(c, v[0], class_name=v[1])),
        f"register_{instance_interest}": lambda c, v: watch(c, v[0], instance=v[1]),
        f"deregister_{instance_interest}": void(lambda c, v: registry.unwatch(c, v[0], instance=v[1])),
    }
    common_methods: dict[str, Handler] = {
        "get_target_name -> name:txt": lambda _c, _v: ["finder"],
        "get_version -> version:txt": lambda _c, _v: [__version__],
        "get_status -> status:u32 & reason:txt": lambda _c, _v: [3, "Ready"],
    }
    found: dict[str, tuple[Signature, Handler]] = {}
    for interface, methods in (
        ("finder/0.2", finder_methods),
        ("finder_event_notifier/0.1", event_methods),
        ("common/0.1", common_methods),
    ):
        for line, handler in methods.items():
            signature = Signature.parse(line)
            found[f"{interface}/{signature.method}"] = signature, handler
    return found
