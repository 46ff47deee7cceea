"""Holds the connections that questions need, and answers them one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from connetos_agent.config.commit import Outcome
from connetos_agent.config.manager import ConfigManager
from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.openvswitch.driver import OpenVSwitchObserver
from connetos_agent.services.navmesh import live
from connetos_agent.services.navmesh.bridge import Bridge
from connetos_agent.services.navmesh.flow import flow_of
from connetos_agent.services.navmesh.kernel import Kernel
from connetos_agent.services.navmesh.lookup import Lookup, given_of
from connetos_agent.services.navmesh.path import UNKNOWN, Path
from connetos_agent.services.navmesh.tables import Tables
from connetos_agent.services.navmesh.whatif import WhatIf
from connetos_agent.settings import Settings
from connetos_sdk.model.tree import Document


class Engine:
    """Answers questions; for one thread.

    Args:
        config: where Open vSwitch is.
        manager: for the configuration, the names of ports and the driver that knows them.
    """

    def __init__(self, config: Settings, manager: ConfigManager) -> None:
        vswitch = config.openvswitch
        run_directory = FilePath(vswitch.database.removeprefix("unix:")).parent
        self._manager = manager
        self._control = Control(vswitch.control, run_directory)
        self._bridge = Bridge(self._control, vswitch.bridge)
        self._kernel = Kernel()
        driver = next(driver for driver in manager.dataplane.drivers if "port" in driver.kinds)
        observer = driver.observer()
        if not isinstance(observer, OpenVSwitchObserver):
            raise TypeError(f"driver {driver.name} has no flow tables")
        self._ports = observer
        self._revision = -1

    def close(self) -> None:
        """Give the connections back."""
        self._kernel.close()
        self._control.close()
        self._ports.close()

    def ask(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation's arguments.

        Raises:
            BadRequest: they aren't a flow.
            DriverError: a table can't be read.
        """
        flow = flow_of(arguments)
        tables = self._tables()
        paths = Lookup(tables, flow, given_of(arguments)).paths()
        answer: dict[str, Any] = {
            "flow": flow.to_dict(),
            "exact": len(paths) == 1 and paths[0].fate != UNKNOWN,
            "paths": [path.to_dict() for path in paths],
            "live": None,
        }
        if arguments.get("live"):
            answer["live"] = [one.to_dict() for one in live.seen(tables, flow, _pairs(paths))]
        return answer

    def what_if(
        self, change: Outcome, running: Document, flows: Iterable[Mapping[str, Any]], *, recent: bool
    ) -> dict[str, Any]:
        """Which flows a change would send another way (`WhatIf.answer`).

        Raises:
            BadRequest: one isn't a flow.
            DriverError: a table can't be read.
        """
        return WhatIf(self._tables(), self._ports, change, running).answer(flows, recent=recent)

    def _tables(self) -> Tables:
        if self._revision != self._manager.running.revision:
            self._revision = self._manager.running.revision
            self._bridge.forget()
        return Tables(self._manager, self._bridge, self._kernel, self._ports)


def _pairs(paths: list[Path]) -> live.Pairs:
    """The MAC addresses with which the flow arrives and leaves."""
    pairs = set()
    for path in paths:
        leaving = path.frame.get("source_mac", ""), path.frame.get("destination_mac", "")
        before = {change["field"]: change["from"] for change in path.changes}
        pairs |= {leaving, (before.get("source-mac", leaving[0]), before.get("destination-mac", leaving[1]))}
    return frozenset(pairs)
