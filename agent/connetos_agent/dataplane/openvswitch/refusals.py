"""What Open vSwitch can't do: documented settings that are refused, each with the reason (docs/reference/limits.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.states.base import State

REASONS: Mapping[str, str] = {
    "edge-port": "there is no spanning tree on this switch that an edge port could be taken out of",
    "mac-learning": "Open vSwitch learns on every port of a bridge; limit who is heard with VLANs or static addresses",
    "forwarding-mode": "Open vSwitch has a frame as a whole before it forwards it: it stores and forwards",
    "forwarder": "frames go by MAC table and routes, policies don't send them elsewhere or rewrite them here; "
    "analyzers make copies, static routes give next hops, filters discard",
}
"""Kinds of objects that can't be brought about, each with the reason."""


class Refusals:
    """Says no. See `connetos_agent.dataplane.openvswitch.part.Part`."""

    kinds = frozenset(REASONS)

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`."""
        return REASONS[target.kind]

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`: there are none."""
        return ()

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`: there are none."""
        return dict.fromkeys(targets)

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`: nothing ever gets so far."""

    def finish(self, steps: Sequence[Step]) -> None:
        """See `Part.finish`."""

    def restore(self) -> None:
        """See `Part.restore`."""
