"""How many connections are served, so that a flood from one address leaves the others their switch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

LOGIN_SECONDS = 30
"""Who hasn't logged in by then is disconnected."""

MAX_FAILURES = 6
"""Wrong passwords on one connection before it is closed."""

MAX_CHANNELS = 10
"""Open channels on one connection."""


@dataclass(frozen=True)
class Limits:
    """How many connections there may be.

    Attributes:
        connections: in all.
        strangers: that haven't logged in yet.
        strangers_of_one: of those, from one address.
    """

    connections: int = 256
    strangers: int = 128
    strangers_of_one: int = 64


class Door:
    """Counts who is inside."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.most_logins = limits.connections
        """How many may be logged in at a time, as configured."""
        self._inside = 0
        self._strangers: Counter[str] = Counter()

    def enter(self, source: str) -> bool:
        """Let a connection in that hasn't logged in yet; False when there are too many."""
        limits = self._limits
        if (
            self._inside >= limits.connections
            or self._strangers.total() >= limits.strangers
            or self._strangers[source] >= limits.strangers_of_one
        ):
            return False
        self._inside += 1
        self._strangers[source] += 1
        return True

    @property
    def logins(self) -> int:
        """How many are logged in."""
        return self._inside - self._strangers.total()

    def logged_in(self, source: str) -> None:
        """A connection isn't a stranger any more."""
        self._strangers[source] -= 1
        if self._strangers[source] <= 0:
            del self._strangers[source]

    def leave(self, source: str, *, stranger: bool) -> None:
        """A connection that was let in is gone."""
        self._inside -= 1
        if stranger:
            self.logged_in(source)
