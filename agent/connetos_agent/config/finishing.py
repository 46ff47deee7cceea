"""What has begun goes on to its end though nobody waits for it any more: the data plane's thread does so, too."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound="Finishing")


class Finishing:
    """Has methods that go on to their end.

    Attributes:
        under_way: calls of them that haven't ended.
    """

    def __init__(self) -> None:
        self.under_way: set[asyncio.Task[Any]] = set()

    def ended(self, task: asyncio.Task[Any]) -> None:
        """Forget a call that has ended; an error that nobody waited for is in the log already."""
        self.under_way.discard(task)
        if not task.cancelled():
            task.exception()


def to_its_end(
    method: Callable[Concatenate[F, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[F, P], Coroutine[Any, Any, T]]:
    """Decorates such a method: cancelling who waits for it doesn't cancel it."""

    @functools.wraps(method)
    async def called(self: F, /, *args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(method(self, *args, **kwargs))
        self.under_way.add(task)
        task.add_done_callback(self.ended)
        return await asyncio.shield(task)

    return called
