"""How much may go on at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from connetos_sdk.errors import TooMany


class Quota:
    """Counts what goes on.

    Args:
        what: what is counted, for messages.
        per_switch: at most so many at once.
        per_user: at most so many of one user's.
    """

    def __init__(self, what: str, per_switch: int, per_user: int) -> None:
        self._what, self._per_switch, self._per_user = what, per_switch, per_user
        self._running: Counter[str] = Counter()

    @contextmanager
    def one(self, user: str) -> Iterator[None]:
        """One more of `user`'s until the block ends.

        Raises:
            TooMany: there are as many as there may be.
        """
        if self._running[user] >= self._per_user:
            raise TooMany(
                f"{user} runs {self._per_user} {self._what} already", hint="wait until one has ended"
            )
        if self._running.total() >= self._per_switch:
            raise TooMany(
                f"the switch runs {self._per_switch} {self._what} already", hint="wait until one has ended"
            )
        self._running[user] += 1
        try:
            yield
        finally:
            self._running[user] -= 1
            self._running += Counter()  # forgets users who have none
