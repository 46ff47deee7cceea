"""LLDP as the switch lives it: who its neighbours are, events when they come and go, clearing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import TIMEOUT, DriverError, ObjectKey
from connetos_agent.dataplane.states.lldp import Lldp, LldpPort
from connetos_agent.services.lldp_fast_start import fast_start
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import ApplyFailed, NotFound
from connetos_sdk.model.ranges import port_order

if TYPE_CHECKING:
    from connetos_agent.dataplane.lldp.driver import LldpDriver
    from connetos_agent.dataplane.lldp.library import Atom, Connection

log = logging.getLogger(__name__)

ACTIONS = ("removed", "changed", "added")
"""Of an event of kind `lldp`, by what lldpd says of a change."""
RETRY_SECONDS = 0.5
IDENTITY = ("chassis-id", "port-id", "port-description", "system-name", "management-address")
"""What an event tells of a neighbour."""


class LldpService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: its driver of LLDP is asked; the memory data plane's has settings and no neighbours.
        run_directory: where it is kept what was cleared.
    """

    def __init__(self, manager: ConfigManager, run_directory: Path) -> None:
        self._manager = manager
        self._platform = manager.dataplane.platform
        self._port_of = {device: port for port, device in self._platform.ports.items()}
        self._driver: LldpDriver | None = None
        driver = next(d for d in manager.dataplane.drivers if "lldp" in d.kinds)
        self._observer = driver.observer()
        if driver.name != "memory":
            from connetos_agent.dataplane.lldp.driver import LldpDriver

            self._driver = driver if isinstance(driver, LldpDriver) else None
        self._cleared_file = run_directory / "lldp-cleared.json"
        self._known: dict[tuple[str, str, str], dict[str, Any]] | None = None
        self._watched: Connection | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._fast_start: asyncio.Task[None] | None = None
        self.areas: Mapping[str, Callable[[], Any]] = {"lldp": self.state}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("clear/lldp-entries", self._clear_entries)
        operations.add("clear/lldp-statistics", self._clear_statistics)

    async def start(self) -> None:
        """See `Service.start`."""
        if self._driver is None:
            return
        tell = asyncio.get_running_loop().call_soon_threadsafe
        self._thread = threading.Thread(
            target=self._watch, args=(self._driver, tell), name="lldp", daemon=True
        )
        self._thread.start()
        self._fast_start = asyncio.create_task(fast_start(self._manager.events, self._driver.send))

    async def stop(self) -> None:
        """See `Service.stop`."""
        if self._driver is None or self._thread is None or self._fast_start is None:
            return
        self._fast_start.cancel()
        self._stopped.set()
        self._driver.running.set()  # whoever waits for it shall look whether all is over
        if self._watched is not None:
            self._watched.interrupt()
        await asyncio.to_thread(self._thread.join, TIMEOUT)
        await asyncio.wait([self._fast_start])

    # -- state ----------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Settings, the switch as it is advertised, ports with counters, neighbours by port; nothing of it while lldpd
        doesn't run."""
        ports = sorted(self._platform.ports, key=port_order)
        daemon = ObjectKey("lldp", "system")
        targets = [daemon, *(ObjectKey("lldp-port", port) for port in ports)]
        try:
            states = self._observer.observe(targets)
        except DriverError as error:  # it is being started, and doesn't answer yet
            log.info("LLDP can't be shown: %s", error)
            states = dict.fromkeys(targets)
        settings = states[daemon]
        shown: dict[str, Any] = {
            "enabled": settings is not None,
            "settings": self._settings(settings) if isinstance(settings, Lldp) else {},
            "local": {},
            "interface": {},
            "neighbor": {},
        }
        for port in ports:
            state = states[ObjectKey("lldp-port", port)]
            if isinstance(state, LldpPort):
                shown["interface"][port] = {"status": state.status, "port-description": state.description}
                shown["neighbor"][port] = []
        if self._driver is None or settings is None:
            return shown
        from connetos_agent.dataplane.lldp.neighbors import read

        found, cleared = read(self._driver.socket), self._cleared()
        shown["local"] = dict(found.chassis)
        for device, counters in found.counters.items():
            port = self._port_of.get(device, "")
            if port in shown["interface"]:
                base = cleared.get(port, {})
                shown["interface"][port]["statistics"] = {n: c - base.get(n, 0) for n, c in counters.items()}
                shown["neighbor"][port] = found.neighbors[device]
        return shown

    def port_descriptions(self) -> dict[str, list[str]]:
        """What the neighbours call their ports, by port of ours; empty texts for those that don't say."""
        neighbors: Mapping[str, list[dict[str, Any]]] = self.state()["neighbor"]
        return {port: [n["port-description"] for n in found] for port, found in neighbors.items() if found}

    def _settings(self, settings: Lldp) -> dict[str, Any]:
        pvids = self._manager.running.document
        from connetos_agent.dataplane.intents.lldp import TLVS, selected

        return {
            "advertisement-interval": settings.advertisement_interval,
            "reinit-delay": settings.reinit_delay,
            "transmit-delay": settings.transmit_delay,
            "hold-time": min(65535, settings.advertisement_interval * settings.hold_time_multiplier),
            "tlvs": [t for t in TLVS if t in settings.tlvs or (t == "port-vlan" and selected(t, pvids))],
        }

    # -- events ---------------------------------------------------------------------------------------

    def _watch(self, driver: LldpDriver, tell: Callable[..., Any]) -> None:
        from connetos_agent.dataplane.lldp.library import Connection

        while not self._stopped.is_set():
            driver.running.wait()
            try:
                with Connection(driver.socket, timeout=None) as lldpd:
                    self._watched = lldpd
                    if not self._stopped.is_set():
                        lldpd.watch(
                            lambda kind, device, port: self._heard(tell, kind, device, port),
                            lambda: self._compare(tell, driver.socket),
                        )
            except DriverError as error:
                log.debug("LLDP isn't watched: %s", error)
            self._watched = None
            if not driver.running.is_set():
                self._gone(tell)
            self._stopped.wait(RETRY_SECONDS)

    def _heard(self, tell: Callable[..., Any], kind: int, device: Atom, port: Atom) -> None:
        from connetos_agent.dataplane.lldp.library import Key
        from connetos_agent.dataplane.lldp.neighbors import neighbor

        name = self._port_of.get(device.text(Key.INTERFACE_NAME))
        if name is not None:
            self._take(tell, ACTIONS[kind], name, neighbor(port))

    def _take(self, tell: Callable[..., Any], action: str, port: str, neighbor: Mapping[str, Any]) -> None:
        known = self._known if self._known is not None else {}
        key = (port, neighbor["chassis-id"], neighbor["port-id"])
        shown = {name: neighbor[name] for name in IDENTITY}
        if action == "removed":
            if known.pop(key, None) is None:
                return
        else:
            if known.get(key) == shown:
                return
            action = "changed" if key in known else "added"
            known[key] = shown
        self._known = known
        tell(self._publish, action, port, shown)

    def _publish(self, action: str, port: str, neighbor: Mapping[str, Any]) -> None:
        self._manager.events.publish("lldp", action=action, port=port, neighbor=neighbor)

    def _compare(self, tell: Callable[..., Any], socket: str) -> None:
        """Find what changed while nobody watched; what is there at the first look is no event."""
        from connetos_agent.dataplane.lldp.neighbors import read

        found = {
            (self._port_of[device], n["chassis-id"], n["port-id"]): n
            for device, neighbors in read(socket).neighbors.items()
            if device in self._port_of
            for n in neighbors
        }
        if self._known is None:
            self._known = {key: {name: n[name] for name in IDENTITY} for key, n in found.items()}
            return
        for key in [k for k in self._known if k not in found]:
            self._take(tell, "removed", key[0], {**self._known[key]})
        for key, n in found.items():
            self._take(tell, "added", key[0], n)

    def _gone(self, tell: Callable[..., Any]) -> None:
        for key in list(self._known or {}):
            self._take(tell, "removed", key[0], {**(self._known or {})[key]})

    # -- clearing -------------------------------------------------------------------------------------

    def _chosen(self, arguments: Mapping[str, Any]) -> list[str]:
        port = arguments.get("interface")
        if port is not None and port not in self._platform.ports:
            raise NotFound(f"this switch has no port {port}", hint=self._platform.described_ports())
        return [port] if port else list(self._platform.ports)

    async def _clear_entries(self, _caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        chosen = self._chosen(arguments)
        driver = self._driver
        if driver is None or not driver.running.is_set():
            return {"cleared": 0}
        try:
            before = await self._manager.undisturbed(lambda: driver.forget(chosen))
        except DriverError as error:
            raise ApplyFailed(str(error)) from error
        for device, neighbors in before.items():  # lldpd doesn't tell of those
            for neighbor in neighbors:
                self._take(lambda f, *a: f(*a), "removed", self._port_of[device], neighbor)
        return {"cleared": sum(map(len, before.values()))}

    async def _clear_statistics(self, _caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        chosen = self._chosen(arguments)
        if self._driver is not None and self._driver.running.is_set():
            try:
                await asyncio.to_thread(self._write_cleared, self._driver, chosen)
            except (DriverError, OSError) as error:
                raise ApplyFailed(str(error)) from error
        return {"cleared": len(chosen)}

    def _write_cleared(self, driver: LldpDriver, ports: list[str]) -> None:
        from connetos_agent.dataplane.lldp.neighbors import read

        counters = read(driver.socket).counters
        now = {self._port_of[d]: c for d, c in counters.items() if self._port_of.get(d) in ports}
        new = self._cleared_file.with_suffix(".new")
        new.write_text(json.dumps({"lldpd": driver.pid, "ports": self._cleared() | now}), "utf-8")
        new.replace(self._cleared_file)

    def _cleared(self) -> dict[str, dict[str, int]]:
        """Counters as they were when they were cleared; those of another lldpd say nothing."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            data = json.loads(self._cleared_file.read_bytes())
            if self._driver is not None and data["lldpd"] == self._driver.pid:
                ports: dict[str, dict[str, int]] = data["ports"]
                return ports
        return {}
