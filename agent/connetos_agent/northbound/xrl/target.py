"""Targets of ours: interfaces, their methods, and what answers them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_sdk.errors import ConnetosError
from connetos_sdk.wire.xrl.atoms import Atoms
from connetos_sdk.wire.xrl.codes import Code, Reply, reply_of
from connetos_sdk.wire.xrl.signature import Signature

log = logging.getLogger(__name__)

Results = tuple[Any, ...]
Handler = Callable[..., Results | Awaitable[Results]]
"""Gets the caller and the values of the arguments, in order; gives the values of the results, in order."""


@dataclass(frozen=True)
class Method:
    """One method of an interface."""

    signature: Signature
    handler: Handler

    def __call__(self, caller: Caller, atoms: Atoms) -> Reply | Awaitable[Reply]:
        """Answer one call; at once, or as an awaitable when it takes time. Never raises."""
        try:
            results = self.handler(caller, *self.signature.bind(atoms))
            if inspect.isawaitable(results):
                return self._later(results)
            return Reply(Code.OKAY, "", self.signature.answer(*results))
        except Exception as error:
            return _failure(self.signature.method, error)

    async def _later(self, results: Awaitable[Results]) -> Reply:
        try:
            return Reply(Code.OKAY, "", self.signature.answer(*await results))
        except Exception as error:
            return _failure(self.signature.method, error)


def _failure(method: str, error: Exception) -> Reply:
    if isinstance(error, ConnetosError):
        return reply_of(error)
    log.exception("unexpected error", exc_info=error, extra={"method": method})
    return Reply(Code.INTERNAL_ERROR, "unexpected error in the agent; its log has the details")


@dataclass(frozen=True)
class Interface:
    """Methods under one name and version, such as `common/0.1`."""

    name: str
    methods: tuple[Method, ...]

    @classmethod
    def of(cls, name: str, handlers: Mapping[str, Handler]) -> Interface:
        """An interface of handlers by signature, as .xif files write signatures."""
        return cls(name, tuple(Method(Signature.parse(line), handler) for line, handler in handlers.items()))


def commands(interfaces: Iterable[Interface]) -> dict[str, Method]:
    """Methods by command, such as `common/0.1/get_status`."""
    return {f"{i.name}/{method.signature.method}": method for i in interfaces for method in i.methods}
