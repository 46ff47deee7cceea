"""What a part of the driver is: it realises some kinds of objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.states.base import State


class Part(Protocol):
    """Realises some kinds of objects. What OVSDB keeps is staged, to be one transaction; the rest is finished after it."""

    kinds: frozenset[str]

    def refuse(self, target: ObjectKey, want: State) -> str:
        """Why this state can't be brought about; empty if it can."""

    def present(self) -> Iterable[ObjectKey]:
        """The objects that there are now."""

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""

    def stage(self, transaction: Transaction, step: Step) -> None:
        """Add to the transaction what the step needs."""

    def finish(self, steps: Sequence[Step]) -> None:
        """Do what the steps need besides, after the transaction was taken over by ovs-vswitchd."""

    def restore(self) -> None:
        """Bring back what ovs-vswitchd lost when it was restarted."""
