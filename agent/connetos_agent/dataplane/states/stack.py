"""State of a stack of switches."""

from __future__ import annotations

from dataclasses import dataclass

from connetos_agent.dataplane.states.base import State


@dataclass(frozen=True)
class StackMembers(State):
    """Members of a stack that something is configured for, in ascending order."""

    members: tuple[int, ...]
