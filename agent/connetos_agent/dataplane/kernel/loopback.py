"""The loopback driver.

| object | in the kernel |
|---|---|
| loopback | a device of its own, up, alias, in the group `LOOPBACK_GROUP` which marks it as ours |

Its addresses are objects of the kernel driver, as those of VLAN interfaces are. They aren't put on `lo`, because there
the kernel would answer for every address of their subnets.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.kernel.changes import add_link, delete_link, set_link
from connetos_agent.dataplane.kernel.identity import LOOPBACK_GROUP
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.dataplane.states.routing import Loopback

DEVICE_KINDS = ("dummy", "ifb")
"""Kinds of devices that are always up and lose what is sent to them; the first that this kernel has is used."""


class LoopbackDriver:
    """Realises loopback interfaces. See `connetos_agent.dataplane.base.Driver`."""

    name = "loopback"
    kinds = frozenset({"loopback"})

    def open(self) -> None:
        """See `Driver.open`."""
        self._netlink = Netlink()
        self._links = LinkReader()

    def close(self) -> None:
        """See `Driver.close`."""
        self._netlink.close()
        self._links.close()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: names that other network devices have."""
        devices = self._links.named({target.key for target in wanted})
        return {
            target: f"there is a network device {target.key} already, which isn't the switch's"
            for target in wanted
            if target.key in devices and devices[target.key].group != LOOPBACK_GROUP
        }

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        devices = self._links.all().values()
        return [ObjectKey("loopback", device.name) for device in devices if device.group == LOOPBACK_GROUP]

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return _observe(self._links, targets)

    def observer(self) -> LoopbackObserver:
        """See `Driver.observer`."""
        return LoopbackObserver()

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            try:
                self._apply(step.target.key, step.want)
            except OSError as error:
                raise DriverError(f"{step.target}: the kernel says: {error.strerror}") from error

    def _apply(self, name: str, want: State | None) -> None:
        device = self._links.one(name)
        if isinstance(want, Loopback):
            device = device or self._make(name)
            set_link(self._netlink, device.index, up=True, group=LOOPBACK_GROUP, alias=want.description)
        elif device is not None and device.group == LOOPBACK_GROUP:
            delete_link(self._netlink, device.index)

    def _make(self, name: str) -> Device:
        for kind in DEVICE_KINDS:
            try:
                add_link(self._netlink, name, kind, group=LOOPBACK_GROUP)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
            else:
                if made := self._links.one(name):
                    return made
        raise DriverError(f"this kernel can make no loopback: it has none of {', '.join(DEVICE_KINDS)}")


class LoopbackObserver:
    """See `connetos_agent.dataplane.base.Observer`."""

    def __init__(self) -> None:
        self._links = LinkReader()

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Observer.observe`."""
        return _observe(self._links, targets)

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: those of the loopbacks."""
        return {
            device.name: LinkStatus(device.up, device.carrier, device.mac, device.index)
            for device in self._links.all().values()
            if device.group == LOOPBACK_GROUP
        }

    def close(self) -> None:
        """See `Observer.close`."""
        self._links.close()


def _observe(links: LinkReader, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
    devices = links.named({target.key for target in targets})
    states: dict[ObjectKey, State | None] = {}
    for target in targets:
        device = devices.get(target.key)
        ours = device is not None and device.up and device.group == LOOPBACK_GROUP
        states[target] = Loopback(device.alias) if device is not None and ours else None
    return states
