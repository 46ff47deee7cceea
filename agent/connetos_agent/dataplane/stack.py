"""Stacks of switches: there are none, so nothing can be configured for one member."""

from __future__ import annotations

from collections.abc import Mapping

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.states.base import State

STANDALONE = "this switch runs standalone: leave the member out"


class StackDriver(MemoryDriver):
    """Says no. See `connetos_agent.dataplane.base.Driver`."""

    name = "stack"

    def __init__(self) -> None:
        super().__init__({"stack-member"})

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        return dict.fromkeys(wanted, STANDALONE)
