"""The ARP driver.

| object | in the kernel |
|---|---|
| arp-interface | of a VLAN interface: `base_reachable_time_ms` and `gc_stale_time`, `proxy_arp`, permanent entries |

The kernel asks again for an entry that is in use when its time is over (between half and one and a half of it,
at random, so that not all are asked for at once), and forgets one that isn't in use.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.kernel.changes import delete_neighbor, put_neighbor
from connetos_agent.dataplane.kernel.identity import GROUP
from connetos_agent.dataplane.kernel.links import LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink
from connetos_agent.dataplane.kernel.tables import arp_entries
from connetos_agent.dataplane.states.arp import ArpInterface
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus

_NEIGH = Path("/proc/sys/net/ipv4/neigh")
_CONF = Path("/proc/sys/net/ipv4/conf")


class ArpDriver:
    """Realises ARP. See `connetos_agent.dataplane.base.Driver`."""

    name = "arp"
    kinds = frozenset({"arp-interface"})

    def open(self) -> None:
        """See `Driver.open`."""
        self._netlink = Netlink()
        self._links = LinkReader()

    def close(self) -> None:
        """See `Driver.close`."""
        self._netlink.close()
        self._links.close()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:  # noqa: ARG002 - part of the protocol
        """The kernel does all that the model allows."""
        return {}

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        return [ObjectKey("arp-interface", d.name) for d in self._links.all().values() if d.group == GROUP]

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return _observe(self._links, targets)

    def observer(self) -> ArpObserver:
        """See `Driver.observer`."""
        return ArpObserver()

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            try:
                self._apply(step.target.key, step.want)
            except OSError as error:
                raise DriverError(f"{step.target}: {error.strerror}") from error

    def _apply(self, name: str, want: State | None) -> None:
        if not isinstance(want, ArpInterface):
            return  # all of it goes away with the device
        device = self._links.one(name)
        if device is None:
            raise DriverError(f"network device {name} isn't there")
        (_NEIGH / name / "base_reachable_time_ms").write_text(str(want.aging_time * 1000), "ascii")
        (_NEIGH / name / "gc_stale_time").write_text(str(want.aging_time), "ascii")
        (_CONF / name / "proxy_arp").write_text("1" if want.proxy else "0", "ascii")
        present = dict(_static(device.index))
        for address, mac in want.entries:
            if present.pop(address, None) != mac:
                put_neighbor(self._netlink, device.index, address, mac)
        for address in present:
            delete_neighbor(self._netlink, device.index, address)


class ArpObserver:
    """Looks from another thread. See `connetos_agent.dataplane.base.Observer`."""

    def __init__(self) -> None:
        self._links = LinkReader()

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return _observe(self._links, targets)

    def link_status(self) -> Mapping[str, LinkStatus]:
        """The kernel driver tells of the devices."""
        return {}

    def close(self) -> None:
        """See `Observer.close`."""
        self._links.close()


def _observe(links: LinkReader, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
    states: dict[ObjectKey, State | None] = {}
    for target in targets:
        device = links.one(target.key)
        reachable, stale = (
            _read(_NEIGH / target.key / n) for n in ("base_reachable_time_ms", "gc_stale_time")
        )
        if device is None or not reachable:
            states[target] = None
            continue
        aging = int(stale) if reachable == f"{stale}000" else 0
        proxy = _read(_CONF / target.key / "proxy_arp") == "1"
        states[target] = ArpInterface(aging, proxy, tuple(_static(device.index)))
    return states


def _static(index: int) -> list[tuple[str, str]]:
    found = [(e.address, e.mac) for e in arp_entries() if e.static and e.index == index]
    return sorted(found, key=lambda entry: ipaddress.IPv4Address(entry[0]))


def _read(path: Path) -> str:
    """The value of a setting; empty if there is no such device."""
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
