"""What the switch knows of the frames it forwards: counters, the MAC table, LACP; and clearing of these.

Counters can't be reset in the kernel or in Open vSwitch. What they were when they were cleared is kept in a file that a
reboot loses, as it loses the counters themselves, and taken off what is told.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import DriverError, SwitchingObserver
from connetos_agent.dataplane.intents.ports import aggregate_members
from connetos_agent.dataplane.kernel.counters import CounterReader
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import ApplyFailed, NotFound
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import AGGREGATES, VLANS
from connetos_sdk.model.tree import get

Counters = dict[str, int]


class SwitchingService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: its driver of ports is asked.
        run_directory: where it is kept what was cleared.
    """

    def __init__(self, manager: ConfigManager, run_directory: Path) -> None:
        self._manager = manager
        driver = next(d for d in manager.dataplane.drivers if "port" in d.kinds)
        observer = driver.observer()
        if not isinstance(observer, SwitchingObserver):
            raise TypeError(f"driver {driver.name} doesn't know a MAC table")
        self._observer = observer
        self._reader = None if driver.name == "memory" else CounterReader()
        self._file = run_directory / "cleared-counters.json"
        self._lock = threading.Lock()
        self._cleared: dict[str, dict[str, Counters]] | None = None
        self.areas: Mapping[str, Callable[[], Any]] = {
            "statistics": self.statistics,
            "ethernet-switching": self.mac_table,
            "lacp": self.lacp,
        }

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("clear/interface-statistics", self._clear_statistics)
        operations.add("clear/mac-table", self._clear_mac_table)
        operations.add("clear/lacp-statistics", self._clear_lacp)

    async def start(self) -> None:
        """See `Service.start`."""

    async def stop(self) -> None:
        """See `Service.stop`."""
        if self._reader is not None:
            self._reader.close()

    # -- state ----------------------------------------------------------------------------------------

    def statistics(self) -> dict[str, Counters]:
        """Counters of ports, aggregates (the sum of their members) and VLAN interfaces since they were cleared."""
        cleared = self._kept()["interface"]
        return {name: _less(counters, cleared.get(name)) for name, counters in self._counted().items()}

    def _counted(self) -> dict[str, Counters]:
        """Counters since the devices were made."""
        if self._reader is None:
            return {}
        found = self._reader.read()
        document, platform = self._manager.running.document, self._manager.dataplane.platform
        counted = {port: found[device] for port, device in platform.ports.items() if device in found}
        if platform.management in found:
            counted["eth0"] = found[platform.management]
        for aggregate in sorted(get(document, AGGREGATES, {}), key=port_order):
            members = [
                counted[port] for port in aggregate_members(aggregate, document, platform) if port in counted
            ]
            counted[aggregate] = {
                name: sum(m[name] for m in members) for name in (members[0] if members else ())
            }
        for entry in get(document, VLANS, {}).values():
            name = entry.get("l3-interface", "")
            if name in found:
                counted[name] = found[name]
        return counted

    def mac_table(self) -> dict[str, Any]:
        """The MAC table: VLAN, address, port, static or how many seconds old."""
        entries = sorted(self._observer.mac_table(), key=lambda e: (e.vlan, e.mac))
        table = [
            {
                "vlan-id": e.vlan, "mac-address": e.mac, "type": "static" if e.static else "dynamic",
                "age": e.age_seconds, "interface": e.port,
            }
            for e in entries
        ]  # fmt: skip
        return {"table": table}

    def lacp(self) -> dict[str, Any]:
        """LACP by aggregate and member: both ends, and counters since they were cleared."""
        cleared = self._kept()["lacp"]
        found: dict[str, Any] = {}
        for member in sorted(self._observer.lacp_members(), key=lambda m: port_order(m.port)):
            found.setdefault(member.aggregate, {})[member.port] = {
                "actor": asdict(member.actor),
                "partner": asdict(member.partner),
                "statistics": _less(member.counters, cleared.get(member.port)),
            }
        return {"aggregate-ethernet": {name: found[name] for name in sorted(found, key=port_order)}}

    # -- clearing -------------------------------------------------------------------------------------

    async def _clear_statistics(
        self, _caller: Caller, arguments: Mapping[str, Any], _report: Report
    ) -> dict[str, int]:
        def clear() -> dict[str, int]:
            counted = self._counted()
            chosen = _chosen(counted, arguments.get("interface"), "port")
            self._keep("interface", {name: counted[name] for name in chosen})
            return {"cleared": len(chosen)}

        return await _in_thread(clear)

    async def _clear_lacp(
        self, _caller: Caller, arguments: Mapping[str, Any], _report: Report
    ) -> dict[str, int]:
        def clear() -> dict[str, int]:
            members = {m.port: m for m in self._observer.lacp_members()}
            wanted = arguments.get("interface")
            chosen = [p for p, m in members.items() if wanted in (None, p, m.aggregate)]
            if wanted is not None and not chosen:
                raise NotFound(
                    f"LACP doesn't run on {wanted}", hint=", ".join(members) or "it runs on no port"
                )
            self._keep("lacp", {port: members[port].counters for port in chosen})
            return {"cleared": len(chosen)}

        return await _in_thread(clear)

    async def _clear_mac_table(
        self, _caller: Caller, arguments: Mapping[str, Any], _report: Report
    ) -> dict[str, int]:
        name = arguments.get("interface")
        document, platform = self._manager.running.document, self._manager.dataplane.platform
        if name is not None:
            _chosen({**dict.fromkeys(platform.ports), **get(document, AGGREGATES, {})}, name, "port")
        return await _in_thread(lambda: {"cleared": self._observer.clear_mac_table(name)})

    def _keep(self, sort: str, counters: Mapping[str, Counters]) -> None:
        with self._lock:
            kept = self._kept()
            self._cleared = {**kept, sort: {**kept[sort], **counters}}
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(self._cleared), "utf-8")
            new.replace(self._file)

    def _kept(self) -> dict[str, dict[str, Counters]]:
        if self._cleared is None:
            try:
                found = json.loads(self._file.read_bytes())
            except (OSError, ValueError):
                found = {}
            self._cleared = {sort: found.get(sort, {}) for sort in ("interface", "lacp")}
        return self._cleared


def _less(counters: Counters, cleared: Counters | None) -> Counters:
    """What was counted since; a device made anew counts from zero, so what was cleared says nothing then."""
    if not cleared or any(counters.get(name, 0) < value for name, value in cleared.items()):
        return dict(counters)
    return {name: value - cleared.get(name, 0) for name, value in counters.items()}


def _chosen(known: Mapping[str, Any], name: str | None, what: str) -> list[str]:
    if name is None:
        return list(known)
    if name not in known:
        raise NotFound(f"this switch has no {what} {name}", hint=f"one of {', '.join(list(known)[:8])}")
    return [name]


async def _in_thread(job: Callable[[], dict[str, int]]) -> dict[str, int]:
    try:
        return await asyncio.to_thread(job)
    except DriverError as error:
        raise ApplyFailed(str(error)) from error
