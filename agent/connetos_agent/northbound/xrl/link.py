"""Keeps one target registered at a finder, ours or another's (spec/wire/xrl.md, 5.4)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from connetos_agent.northbound.xrl.stcp import StcpListener
from connetos_agent.northbound.xrl.target import Method
from connetos_sdk.wire.xrl import finder as wire
from connetos_sdk.wire.xrl.atoms import Atom, Atoms, boolean, txt, u32
from connetos_sdk.wire.xrl.codes import Code, Reply
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.text import Xrl, split_args

log = logging.getLogger(__name__)

CONNECT_SECONDS = 30.0
ANSWER_SECONDS = 30.0
RETRY_SECONDS = (0.1, 2.0)
"""First and longest pause between two attempts to reach the finder."""
REFUSED_SECONDS = 10.0
"""Pause after a finder refused the registration."""

_TUNNELED = (u32("xrl_error", Code.OKAY), txt("xrl_error_note", ""))
_ANSWERS: Mapping[str, Atoms] = {
    "finder_client/0.2/hello": (),
    "finder_client/0.2/remove_xrl_from_cache": (),
    "finder_client/0.2/remove_xrls_for_target_from_cache": (),
    "finder_client/0.2/dispatch_tunneled_xrl": _TUNNELED,
}
"""What a finder asks its clients, and the answers. It drops a client that answers anything but OKAY."""


class RegistrationRefused(Exception):
    """The finder answered with an error."""


class FinderLink:
    """One target at one finder, registered again whenever the connection was lost.

    Args:
        finder: host and port of the finder.
        class_name: class of the target; its instance name is made of it.
        commands: methods by command.
        listener: where calls of them come in.
        stcp: host and port of that. When it listens on every address, callers are told the one that this
            machine has towards the finder.
    """

    def __init__(
        self,
        finder: tuple[str, int],
        class_name: str,
        commands: Mapping[str, Method],
        listener: StcpListener,
        stcp: tuple[str, int],
    ) -> None:
        self.class_name = class_name
        self.instance = ""
        self.ready = asyncio.Event()
        """Set while the target is registered and enabled."""
        self._finder = finder
        self._commands = commands
        self._listener = listener
        self._stcp = stcp
        self._cookie = ""
        self._unique = secrets.token_hex(16)
        self._numbers = itertools.count(wire.FIRST_SEQNO)
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep it registered."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Leave the finder."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = RETRY_SECONDS[0]
        while True:
            try:
                await self._once()
                pause = RETRY_SECONDS[0]
            except RegistrationRefused as error:
                log.error(
                    "the finder refuses the target", extra={"class": self.class_name, "reason": str(error)}
                )
                pause = REFUSED_SECONDS
            except (OSError, TimeoutError, EOFError, Malformed) as error:
                if pause == RETRY_SECONDS[0]:
                    log.info(
                        "not at the finder", extra={"finder": f"{self._finder[0]}:{self._finder[1]}",
                                                    "class": self.class_name, "reason": str(error)},
                    )  # fmt: skip
            await asyncio.sleep(pause)
            pause = min(2 * pause, max(pause, RETRY_SECONDS[1]))

    async def _once(self) -> None:
        """Connect, register, and answer the finder until the connection ends."""
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(*self._finder)
        added: list[bytes] = []
        receiving = asyncio.ensure_future(self._receive(reader, writer))
        registering = asyncio.ensure_future(self._register(writer, added))
        try:
            await asyncio.wait((receiving, registering), return_when=asyncio.FIRST_COMPLETED)
            if registering.done():
                registering.result()
                await receiving
            receiving.result()
        finally:
            self.ready.clear()
            for name in added:
                self._listener.methods.pop(name, None)
            for task in (receiving, registering):
                task.cancel()
            await asyncio.gather(receiving, registering, return_exceptions=True)
            self._asked.clear()
            writer.transport.abort()

    async def _register(self, writer: asyncio.StreamWriter, added: list[bytes]) -> None:
        host = writer.get_extra_info("sockname")[0]
        self.instance = f"{self.class_name}-{self._unique}@{host}"
        # Names and order as a real target sends them.
        listening, port = self._stcp
        address = f"{host if listening == '0.0.0.0' else listening}:{port}"
        answer = await self._ask(
            writer, "finder/0.2/register_finder_client", txt("instance_name", self.instance),
            txt("class_name", self.class_name), boolean("singleton", False), txt("in_cookie", self._cookie),
        )  # fmt: skip
        self._cookie = _text(answer, "out_cookie")
        for command, method in self._commands.items():
            answer = await self._ask(
                writer, "finder/0.2/add_xrl", txt("xrl", f"finder://{self.instance}/{command}"),
                txt("protocol_name", "stcp"), txt("protocol_args", address),
            )  # fmt: skip
            name = _text(answer, "resolved_xrl_method_name").encode()
            self._listener.methods[name] = method
            added.append(name)
        await self._ask(
            writer, "finder/0.2/set_finder_client_enabled", txt("instance_name", self.instance),
            boolean("enabled", True),
        )  # fmt: skip
        self.ready.set()
        log.info("registered at the finder", extra={"instance": self.instance, "methods": len(added)})

    async def _ask(self, writer: asyncio.StreamWriter, command: str, *args: Atom) -> Atoms:
        number = next(self._numbers)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        writer.write(wire.request(number, str(Xrl("finder", command, args))))
        async with asyncio.timeout(ANSWER_SECONDS):
            reply = await future
        if reply.code is not Code.OKAY:
            raise RegistrationRefused(f"{command}: {reply.code.value} {reply.note}")
        return reply.results

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = wire.MessageReader()
        while data := await reader.read(65536):
            for raw in messages.feed(data):
                message = wire.parse(raw)
                if isinstance(message, wire.Request):
                    writer.write(wire.response(message.seqno, self._answer(message.xrl)))
                    continue
                future = self._asked.pop(message.seqno, None)
                if future is None:
                    raise Malformed("the finder answered what it wasn't asked")
                if not future.done():
                    future.set_result(message.reply)
            await writer.drain()
        raise EOFError("the finder closed the connection")

    @staticmethod
    def _answer(xrl: str) -> Reply:
        (_, _, command), _ = split_args(xrl)
        results = _ANSWERS.get(command)
        return Reply(Code.NO_SUCH_METHOD) if results is None else Reply(Code.OKAY, "", results)


def _text(results: Atoms, name: str) -> str:
    for atom in results:
        value: Any = atom.value
        if atom.name == name and isinstance(value, str):
            return value
    raise Malformed(f"the finder didn't answer with {name}")
