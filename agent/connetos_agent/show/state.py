"""Operational state, as the data plane has it now."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.dataplane.base import ObjectKey, Observer
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.machine.procfs import CpuUsage
from connetos_agent.show import interfaces, loopbacks, machine, routes, switching, system, vlans
from connetos_sdk.errors import NotFound
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import AGGREGATES
from connetos_sdk.model.tree import Document, get

Area = Callable[["StateReader"], Any]

AREAS: dict[str, Area] = {
    "system": system.state,
    "interface": interfaces.state,
    "vlans": vlans.state,
    "vlan-interface": vlans.interfaces_state,
    "loopback-interface": loopbacks.state,
    "route": routes.state,
    "analyzer": switching.analyzers_state,
}
"""What each area of the state is made by; layouts for people stand in the same modules."""


class StateReader:
    """Reads the state through observers of its own, so that it never waits for a commit.

    Args:
        manager: for the running configuration, whose objects are looked at.
        services: areas that services of the agent know, such as `lldp`, or parts of the area `system`, such as
            `system/ntp-status`; each function is safe to call from any thread.
        logins: who has a command line open.
    """

    def __init__(
        self,
        manager: ConfigManager,
        services: Mapping[str, Callable[[], Any]] | None = None,
        logins: Callable[[], list[dict[str, Any]]] = list,
    ) -> None:
        self.manager = manager
        self.logins = logins
        self.cpu: CpuUsage = CpuUsage()
        self.started = time.monotonic()
        self._observers: dict[str, Observer] = {}
        self._services = dict(services or {})

    def open(self) -> None:
        """Take an observer of each driver; called in the thread that will read."""
        self._observers = {driver.name: driver.observer() for driver in self.manager.dataplane.drivers}

    def close(self) -> None:
        """Give the observers back."""
        for observer in self._observers.values():
            observer.close()

    def at(self, path: Path) -> Any:
        """State at `path`: an area and words below it; the empty path is everything.

        Raises:
            NotFound: there is no such state.
        """
        names = (*AREAS, *(name for name in self._services if "/" not in name))
        if not path:
            return {name: self._area(name) for name in names}
        if path[0] not in names:
            raise NotFound("there is no such state", path=path, hint="one of " + ", ".join(names))
        if path[0] == "system" and len(path) > 1:
            read = self._details().get(path[1])
            if read is not None:
                return get(read(), path[2:]) if path[2:] else read()
        return get(self._area(path[0]), path[1:]) if path[1:] else self._area(path[0])

    def _details(self) -> dict[str, Callable[[], Any]]:
        """The parts of `system` that are read each by itself."""
        parts: dict[str, Callable[[], Any]] = {
            name: partial(read, self) for name, read in machine.DETAILS.items()
        }
        for name, service in self._services.items():
            if name.startswith("system/"):
                parts[name.removeprefix("system/")] = service
        return parts

    def _area(self, name: str) -> Any:
        if name == "system":
            details = {n: read() for n, read in self._details().items() if n not in machine.ON_REQUEST}
            return {**system.state(self), **details}
        return AREAS[name](self) if name in AREAS else self._services[name]()

    @property
    def running(self) -> Document:
        """The running configuration."""
        return self.manager.running.document

    def switch_ports(self) -> list[str]:
        """Ports and aggregates, in the order of the panel; members of aggregates are among them."""
        ports = sorted(self.manager.dataplane.platform.ports, key=port_order)
        return [*ports, *sorted(get(self.running, AGGREGATES, {}), key=port_order)]

    def observe(self, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
        """The states of objects, each from the driver that realises it."""
        found: dict[ObjectKey, State | None] = {}
        for driver in self.manager.dataplane.drivers:
            mine = [target for target in targets if target.kind in driver.kinds]
            if mine:
                found.update(self._observers[driver.name].observe(mine))
        return found

    def links(self) -> Mapping[str, LinkStatus]:
        """Status of devices by the name of their port or VLAN interface."""
        found: dict[str, LinkStatus] = {}
        for observer in self._observers.values():
            found.update(observer.link_status())
        return found
