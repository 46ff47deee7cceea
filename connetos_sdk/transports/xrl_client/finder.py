"""One connection to a finder, which asks back; and what it tells of targets."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import select
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connetos_sdk.transports.xrl_client.broken import CONNECT_SECONDS, Broken, NotSent
from connetos_sdk.wire.xrl import Code, Malformed, Reply, Xrl, boolean, error_of, txt, u32
from connetos_sdk.wire.xrl import finder as finder_wire

Address = tuple[str, int]
MAX_FORGOTTEN = 4096

_TUNNEL = "finder_client/0.2/dispatch_tunneled_xrl"
OBSERVER = "finder_event_observer/0.1/xrl_target_"


def _readable(sock: socket.socket, seconds: float) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


class TargetEvent(NamedTuple):
    """A target came (`born`) or left."""

    born: bool
    class_name: str
    instance: str


class FinderChannel:
    """One connection to a finder, which asks back; used by one thread at a time."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._where = f"{address[0]}:{address[1]}"
        try:
            self._sock = socket.create_connection(address, max(0.001, min(CONNECT_SECONDS, timeout_s)))
        except OSError as error:
            raise NotSent(f"there is no finder at {self._where}: {error}", Code.NO_FINDER) from error
        self._reader = finder_wire.MessageReader()
        self._numbers = itertools.count(finder_wire.FIRST_SEQNO)
        self._answers: dict[int, Reply] = {}
        self.events: deque[TargetEvent] = deque(maxlen=10_000)
        self.forgotten: deque[str] = deque(maxlen=MAX_FORGOTTEN)
        """Targets and XRLs that the finder told to forget."""

    @property
    def local_host(self) -> str:
        """The address that the finder sees this end at."""
        return str(self._sock.getsockname()[0])

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def settle(self) -> None:
        """Answer what the finder asked meanwhile; raises `Broken` if the connection ended."""
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
            raise Broken(f"the connection to the finder broke: {error}", Code.NO_FINDER) from error

    def _read(self, deadline: float, *, patient: bool = False) -> None:
        if not _readable(self._sock, max(0.0, deadline - time.monotonic())):
            if patient:
                raise TimeoutError
            raise Broken("the finder didn't answer in time", Code.REPLY_TIMED_OUT)
        try:
            data = self._sock.recv(65536)
            if not data:
                raise Broken("the finder closed the connection", Code.NO_FINDER)
            for raw in self._reader.feed(data):
                message = finder_wire.parse(raw)
                if isinstance(message, finder_wire.Request):
                    self._send(finder_wire.response(message.seqno, self._asked(message.xrl)))
                else:
                    self._answers = {message.seqno: message.reply}
        except (OSError, Malformed) as error:
            raise Broken(f"the connection to the finder broke: {error}", Code.NO_FINDER) from error

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
        kind = xrl.command.removeprefix(OBSERVER).partition("-")[0]
        if kind in ("birth", "death") and len(xrl.args) == 2:
            self.events.append(TargetEvent(kind == "birth", *(str(atom.value) for atom in xrl.args)))


def watch(
    finder: Address, class_names: Iterable[str], *, poll_s: float, timeout_s: float
) -> Iterator[TargetEvent | None]:
    """See `XrlClient.watch`."""
    listener = socket.create_server(("127.0.0.1", 0))
    channel = None
    try:
        channel = FinderChannel(finder, timeout_s)
        _register_observer(channel, listener.getsockname()[1], class_names, timeout_s)
        while True:
            deadline = time.monotonic() + poll_s
            while not channel.events and time.monotonic() < deadline:
                channel.wait(deadline - time.monotonic())
            if not channel.events:
                yield None
            while channel.events:
                yield channel.events.popleft()
    except Broken as error:
        raise error_of(Reply(error.code, str(error))) from error
    finally:
        listener.close()
        if channel is not None:
            channel.close()


def _register_observer(
    channel: FinderChannel, port: int, class_names: Iterable[str], timeout_s: float
) -> None:
    instance = f"connetos_watch-{secrets.token_hex(16)}@{channel.local_host}"
    calls = [
        Xrl("finder", "finder/0.2/register_finder_client", (
            txt("instance_name", instance), txt("class_name", "connetos_watch"), boolean("singleton", False),
            txt("in_cookie", ""),
        )),
        *(
            Xrl("finder", "finder/0.2/add_xrl", (
                txt("xrl", f"finder://{instance}/{OBSERVER}{kind}"), txt("protocol_name", "stcp"),
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
