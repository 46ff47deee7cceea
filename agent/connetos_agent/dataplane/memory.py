"""The memory data plane: a whole switch in memory. It forwards nothing and says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.intents import KINDS
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.firewall import FilterCounters, FilterTable, FirewallFilter
from connetos_agent.dataplane.states.ports import LacpMember, LinkStatus, MacEntry
from connetos_agent.dataplane.states.switching import StaticMacs


class MemoryDriver:
    """Holds the state of every object; needs no root. See `connetos_agent.dataplane.base.Driver`.

    Args:
        kinds: the kinds of objects to hold; all by default.
    """

    name = "memory"

    def __init__(self, kinds: Iterable[str] = KINDS) -> None:
        self.kinds = frozenset(kinds)
        self._objects: dict[ObjectKey, State] = {}

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to disconnect from."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:  # noqa: ARG002 - part of the protocol
        """Memory takes everything."""
        return {}

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        return list(self._objects)

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return {target: self._objects.get(target) for target in targets}

    def observer(self) -> MemoryDriver:
        """See `Driver.observer`: it may be used from several threads itself."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: there are no devices."""
        return {}

    def mac_table(self) -> Sequence[MacEntry]:
        """See `SwitchingObserver.mac_table`: the static entries, since nothing is ever learned."""
        return [
            MacEntry(vlan, mac, target.key, static=True, age_seconds=0)
            for target, state in list(self._objects.items())
            if isinstance(state, StaticMacs)
            for vlan, mac in state.entries
        ]

    def clear_mac_table(self, port: str | None) -> int:  # noqa: ARG002 - part of the protocol
        """See `SwitchingObserver.clear_mac_table`: nothing was learned."""
        return 0

    def lacp_members(self) -> Sequence[LacpMember]:
        """See `SwitchingObserver.lacp_members`: LACP has nobody to talk to."""
        return ()

    def filter_counters(self) -> FilterCounters:
        """See `SwitchingObserver.filter_counters`: no packet ever comes."""
        filters = {t.key: s for t, s in list(self._objects.items()) if isinstance(s, FirewallFilter)}
        packets = {name: dict.fromkeys((term.name for term in s.terms), 0) for name, s in filters.items()}
        return FilterCounters(packets, FilterTable(0, 0), FilterTable(0, 0))

    def clear_filters(self, name: str | None) -> int:
        """See `SwitchingObserver.clear_filters`."""
        return sum(1 for filter_ in self.filter_counters().packets if name in (None, filter_))

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            if step.want is None:
                self._objects.pop(step.target, None)
            else:
                self._objects[step.target] = step.want
