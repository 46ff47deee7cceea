"""Candidates: what a user has changed and not yet committed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connetos_sdk.errors import Locked, NotFound
from connetos_sdk.model.tree import Document

MAX_SESSIONS = 64
IDLE_SECONDS = 900.0
"""A session that nobody used for so long is closed (spec/cli/limits.yaml: CLI idle timeout)."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and through which surface."""

    user: str
    user_class: str
    via: str
    source: str = ""

    @property
    def may_configure(self) -> bool:
        """Whether the user's class allows changes."""
        return self.user_class == "super-user"


AGENT = Caller("agent", "super-user", "agent")


@dataclass
class Session:
    """A candidate configuration of one user.

    Attributes:
        base: the running document that the candidate was begun from; `base_revision` is its revision.
        candidate: with the user's changes.
    """

    id: str
    caller: Caller
    base: Document
    base_revision: int
    candidate: Document
    exclusive: bool = False
    opened: float = field(default_factory=time.time)
    used: float = field(default_factory=time.monotonic)

    @property
    def dirty(self) -> bool:
        """Whether there are uncommitted changes."""
        return self.candidate is not self.base and self.candidate != self.base

    def edit(self, change: Callable[[Document], Document]) -> None:
        """Let `change` make a new candidate of the present one; if it raises, the candidate stays."""
        self.candidate = change(self.candidate)
        self.used = time.monotonic()

    def restart(self, document: Document, revision: int) -> None:
        """Begin again from `document`."""
        self.base = self.candidate = document
        self.base_revision = revision

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "id": self.id,
            "user": self.caller.user,
            "via": self.caller.via,
            "opened": self.opened,
            "base": self.base_revision,
            "exclusive": self.exclusive,
            "dirty": self.dirty,
        }


class Sessions:
    """All open candidates."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def all(self) -> list[Session]:
        """Every open session, oldest first; those that idled too long are closed first."""
        limit = time.monotonic() - IDLE_SECONDS
        for session in [s for s in self._open.values() if s.used < limit]:
            del self._open[session.id]
        return list(self._open.values())

    def open(self, caller: Caller, base: Document, revision: int, *, exclusive: bool) -> Session:
        """A new session.

        Raises:
            Locked: another session is exclusive, or this one should be and there are others; or too many.
        """
        others = self.all()
        self.check_lock(None)
        if exclusive and others:
            names = ", ".join(sorted({s.caller.user for s in others}))
            raise Locked(
                f"exclusive configuration was asked for, but others are configuring: {names}",
                hint="wait until they leave, or don't ask for exclusive",
            )
        if len(others) >= MAX_SESSIONS:
            raise Locked(
                f"{MAX_SESSIONS} sessions are open", hint="close one, or wait until an idle one ends"
            )
        session = Session(secrets.token_urlsafe(12), caller, base, revision, base, exclusive)
        self._open[session.id] = session
        return session

    def get(self, session_id: str, caller: Caller) -> Session:
        """The session with this id.

        Raises:
            NotFound: there is none, or it is another user's.
        """
        self.all()
        session = self._open.get(session_id)
        if session is None or session.caller.user != caller.user:
            raise NotFound(
                "there is no such configuration session",
                hint="sessions end when they are closed, when the agent restarts, or when they are idle for "
                f"{IDLE_SECONDS:.0f} s; open a new one",
            )
        session.used = time.monotonic()
        return session

    def close(self, session: Session) -> None:
        """Forget the session and its candidate."""
        self._open.pop(session.id, None)

    def check_lock(self, session: Session | None) -> None:
        """Let pass who may change the configuration now.

        Raises:
            Locked: another session than `session` is exclusive.
        """
        holder = next((s for s in self.all() if s.exclusive), None)
        if holder is not None and holder is not session:
            since = time.strftime("%H:%M:%S", time.gmtime(holder.opened))
            raise Locked(
                f"{holder.caller.user} configures exclusively (since {since} UTC)",
                hint="wait until that session ends",
            )
