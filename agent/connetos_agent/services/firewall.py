"""What filters met: packets by term, how full their tables are; and counting from zero again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import DriverError, ObjectKey, SwitchingObserver
from connetos_agent.dataplane.states.firewall import FilterTable, FirewallFilter
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import ApplyFailed, NotFound
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import FILTERS, FORWARDERS
from connetos_sdk.model.tree import get


class FirewallService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: its driver of filters is asked.
    """

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager
        driver = next(d for d in manager.dataplane.drivers if "firewall-filter" in d.kinds)
        self._observer = driver.observer()
        self.areas: Mapping[str, Callable[[], Any]] = {"firewall": self.state}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("clear/firewall", self._clear)

    async def start(self) -> None:
        """See `Service.start`."""

    async def stop(self) -> None:
        """See `Service.stop`."""

    @property
    def _switching(self) -> SwitchingObserver:
        if not isinstance(self._observer, SwitchingObserver):
            raise TypeError("the driver of filters counts nothing")
        return self._observer

    def _names(self) -> list[str]:
        return sorted(get(self._manager.running.document, FILTERS, {}), key=port_order)

    def state(self) -> dict[str, Any]:
        """Filters as the data plane has them, with the number of packets that met each term."""
        targets = [ObjectKey("firewall-filter", name) for name in self._names()]
        states, counters = self._observer.observe(targets), self._switching.filter_counters()
        return {
            "entries": {"ingress": _entries(counters.ingress), "egress": _entries(counters.egress)},
            "filter": {
                target.key: _shown(state, counters.packets.get(target.key, {}))
                for target in targets
                if isinstance(state := states[target], FirewallFilter)
            },
            "forwarder": self._forwarders(),
        }

    def _forwarders(self) -> list[str]:
        """Names of forwarders that the data plane has: a data plane that forwards packets has none."""
        names = sorted(get(self._manager.running.document, FORWARDERS, {}), key=port_order)
        states = self._observer.observe([ObjectKey("forwarder", name) for name in names])
        return [target.key for target, state in states.items() if state is not None]

    async def _clear(self, _caller: Caller, arguments: Mapping[str, Any], _report: Report) -> dict[str, int]:
        name, names = arguments.get("filter"), self._names()
        if name is not None and name not in names:
            raise NotFound(f"there is no filter {name}", hint=", ".join(names[:8]) or "none is configured")
        try:
            return {"cleared": await asyncio.to_thread(self._switching.clear_filters, name)}
        except DriverError as error:
            raise ApplyFailed(str(error)) from error


def _entries(table: FilterTable) -> dict[str, int]:
    return {"total": table.total, "consumed": table.used}


def _shown(state: FirewallFilter, packets: Mapping[str, int]) -> dict[str, Any]:
    terms = [
        {
            "term": term.name,
            "action": term.action,
            "matched-packets": packets.get(term.name, 0),
            "conditions": [condition._asdict() for condition in term.conditions],
        }
        for term in state.terms
    ]
    return {
        "matching": terms,
        "input": [place.interface for place in state.input],
        "output": [place.interface for place in state.output],
    }
