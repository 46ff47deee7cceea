"""Tells of links that go up and down, within milliseconds, and of what others do to devices, addresses, routes, rules."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.dataplane.base import DriverError, ObjectKey, Suspect
from connetos_agent.dataplane.kernel.dhcp import DhcpClient
from connetos_agent.dataplane.kernel.identity import GROUP, LOOPBACK_GROUP, MAIN_TABLE, PROTOCOL
from connetos_agent.dataplane.kernel.inband import RulesMonitor
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.dataplane.kernel.monitor import (
    AddressChange,
    Change,
    LinkChange,
    Monitor,
    TrafficControlChange,
)
from connetos_agent.services.operations import Operations

log = logging.getLogger(__name__)

MANAGEMENT = "eth0"


class LinkService:
    """See `connetos_agent.services.service.Service`. Reads in the event loop: what comes is little and urgent.

    Args:
        manager: for the platform and the events.
        suspect: told which objects may have been changed.
        dhcp: the management port's DHCP client, which asks at once when a cable is plugged in.
    """

    areas: Mapping[str, Callable[[], Any]] = {}

    def __init__(self, manager: ConfigManager, suspect: Suspect, dhcp: DhcpClient | None) -> None:
        self._manager = manager
        self._events = manager.events
        self._dhcp = dhcp
        self._asking: asyncio.Task[None] | None = None
        platform = manager.dataplane.platform
        self._port_of = {device: port for port, device in platform.ports.items()}
        if platform.management is not None:
            self._port_of[platform.management] = MANAGEMENT
        self._suspect = suspect
        self._devices: dict[int, Device] = {}
        self._monitor: Monitor | None = None
        self._rules: RulesMonitor | None = None

    def add_operations(self, operations: Operations) -> None:
        """It does none."""

    async def start(self) -> None:
        """See `Service.start`."""
        self._monitor = Monitor()
        self._look(tell=False)
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._read)
        with contextlib.suppress(OSError):  # without nftables there is nothing that could change
            self._rules = RulesMonitor()
            asyncio.get_running_loop().add_reader(self._rules.fileno(), self._read_rules)

    async def stop(self) -> None:
        """See `Service.stop`."""
        if self._asking is not None:
            self._asking.cancel()
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor.close()
        if self._rules is not None:
            asyncio.get_running_loop().remove_reader(self._rules.fileno())
            self._rules.close()

    def _read_rules(self) -> None:
        assert self._rules is not None  # noqa: S101 - it is what called
        self._rules.drain()
        self._suspect({ObjectKey("inband", "system")}, False)

    def _look(self, *, tell: bool) -> None:
        """Take in all devices as they are now."""
        reader = LinkReader()
        try:
            found = {device.index: device for device in reader.all().values()}
        finally:
            reader.close()
        for index in self._devices.keys() - found.keys():
            self._take(LinkChange(self._devices[index], gone=True), set(), set())
        for device in found.values():
            if tell:
                self._take(LinkChange(device, gone=False), set(), set())
            self._devices[device.index] = device

    def _read(self) -> None:
        changed: set[ObjectKey] = set()
        new: set[ObjectKey] = set()
        assert self._monitor is not None  # noqa: S101 - it is what called
        try:
            for change in self._monitor.read():
                self._take(change, changed, new)
        except OSError as error:
            log.warning("some of what the kernel told was lost (%s); looking at everything", error.strerror)
            self._look(tell=True)
            changed |= {ObjectKey("link", port) for port in self._port_of.values() if port != MANAGEMENT}
        if new:
            self._suspect(new, True)
        if changed:
            self._suspect(changed, False)

    def _take(self, change: Change, changed: set[ObjectKey], new: set[ObjectKey]) -> None:
        if isinstance(change, LinkChange):
            self._take_link(change.device, changed, new, gone=change.gone)
        elif isinstance(change, AddressChange):
            device = self._devices.get(change.device_index)
            if device is not None and device.group in (GROUP, LOOPBACK_GROUP):
                changed |= {ObjectKey("addresses", device.name), ObjectKey("route", "*")}
            elif device is not None and self._port_of.get(device.name) == MANAGEMENT:
                changed.add(ObjectKey("management", MANAGEMENT))
        elif isinstance(change, TrafficControlChange):
            device = self._devices.get(change.device_index)
            port = None if device is None else self._port_of.get(device.name)
            if port is not None and port != MANAGEMENT:
                changed |= {ObjectKey("link", port), ObjectKey("rate-limit", port)}
        elif change.table == MAIN_TABLE and change.protocol == PROTOCOL:
            changed.add(ObjectKey("route", change.prefix))

    def _take_link(self, device: Device, changed: set[ObjectKey], new: set[ObjectKey], *, gone: bool) -> None:
        before = self._devices.pop(device.index, None)
        if not gone:
            self._devices[device.index] = device
        port = self._port_of.get(device.name)
        if port is not None:
            was = before is not None and before.up and before.carrier
            now = not gone and device.up and device.carrier
            if was != now:
                self._events.publish(
                    "link", port=port, state="up" if now else "down", admin="up" if device.up else "down"
                )
                if now and port == MANAGEMENT and (self._asking is None or self._asking.done()):
                    self._asking = asyncio.get_running_loop().create_task(self._ask_for_lease())
        if before is not None and not gone and _same(before, device):
            return
        objects = self._objects(device, port)
        if before is None and port is not None:
            new |= (
                objects  # the device is there again: a module was plugged in, a cable's other end came back
            )
        else:
            changed |= objects

    async def _ask_for_lease(self) -> None:
        if self._dhcp is not None:
            try:
                await self._manager.undisturbed(self._dhcp.ask_now)
            except DriverError as error:
                log.warning("no lease is asked for: %s", error)

    def _objects(self, device: Device, port: str | None) -> set[ObjectKey]:
        if port == MANAGEMENT:
            return {ObjectKey("management", MANAGEMENT)}
        if port is not None:
            return {ObjectKey("link", port), ObjectKey("port", port)}
        if device.group in (GROUP, LOOPBACK_GROUP):
            own = "vlan-interface-link" if device.group == GROUP else "loopback"
            return {ObjectKey("route", "*"), ObjectKey(own, device.name), ObjectKey("addresses", device.name)}
        return set()


def _same(one: Device, other: Device) -> bool:
    """Whether nothing of what is configured differs."""
    return (one.name, one.up, one.mtu, one.alias, one.group) == (
        other.name, other.up, other.mtu, other.alias, other.group,
    )  # fmt: skip
