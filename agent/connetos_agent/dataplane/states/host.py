"""States of what belongs to the whole host."""

from __future__ import annotations

from dataclasses import dataclass, field

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class Hostname(State):
    """Name of the host."""

    name: str


@dataclass(frozen=True)
class Account(State):
    """A user that may log in."""

    user_class: str
    password_hash: str = field(repr=False)
