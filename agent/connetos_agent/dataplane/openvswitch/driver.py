"""The Open vSwitch driver: one bridge that is the switch, realised in parts.

| part | objects |
|---|---|
| `ports` | ports, VLANs, VLAN interfaces |
| `aggregates` | link aggregation groups and their hash |
| `limits` | storm control, rate limits |
| `filters` | filters at interfaces |
| `macs` | static MAC addresses, ageing |
| `mirrors` | mirrors |
| `refusals` | what Open vSwitch can't do |

All that OVSDB keeps is changed in one transaction; what only ovs-vswitchd knows (flows, groups, meters, static MAC
addresses) follows when it has taken the transaction over, and again after it was restarted.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step, Suspect
from connetos_agent.dataplane.openvswitch import lacp
from connetos_agent.dataplane.openvswitch.aggregates import Aggregates
from connetos_agent.dataplane.openvswitch.bridge import Bridge
from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.openvswitch.database import Database
from connetos_agent.dataplane.openvswitch.filters import Filters
from connetos_agent.dataplane.openvswitch.flow_watch import FlowWatch
from connetos_agent.dataplane.openvswitch.limits import Limits
from connetos_agent.dataplane.openvswitch.macs import MacTable
from connetos_agent.dataplane.openvswitch.mirrors import Mirrors
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.openvswitch.part import Part
from connetos_agent.dataplane.openvswitch.ports import Ports, is_device
from connetos_agent.dataplane.openvswitch.refusals import Refusals
from connetos_agent.dataplane.openvswitch.restarts import RestartWatch
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.firewall import FilterCounters, MetFilter
from connetos_agent.dataplane.states.ports import LacpMember, LinkStatus, MacEntry

log = logging.getLogger(__name__)

MAC_TABLE_SIZE = 16384
SETTLE_SECONDS = 0.5
"""How long after its start ovs-vswitchd may still give ports other numbers than before."""


def switch_mac(platform: Platform) -> str:
    """The MAC address of all VLAN interfaces: always the same for a machine, so that hosts' ARP entries stay right.

    Made from that of the first device there is, and marked as locally administered (IEEE 802c).
    """
    for device in filter(None, [platform.management, *platform.ports.values()]):
        try:
            address = (Path("/sys/class/net") / device / "address").read_text("ascii")
        except OSError:
            continue
        digest = hashlib.sha256(f"connetos switch {address.strip()}".encode()).digest()
        return ":".join(f"{octet:02x}" for octet in [(digest[0] & 0xF0) | 0x02, *digest[1:6]])
    raise DriverError("no network device of this platform is there: check [platform] in the agent's settings")


class OpenVSwitchObserver:
    """Looks at what any thread may read. See `connetos_agent.dataplane.base.Observer`."""

    def __init__(
        self,
        observe: Callable[[Collection[ObjectKey]], dict[ObjectKey, State | None]],
        aggregates: Aggregates,
        bridge: Bridge,
        macs: MacTable,
        filters: Filters,
    ) -> None:
        self.observe = observe
        self._aggregates, self._bridge, self._macs, self._filters = aggregates, bridge, macs, filters

    def link_status(self) -> Mapping[str, LinkStatus]:
        """Aggregates; the kernel knows the devices better."""
        return self._aggregates.status()

    def mac_table(self) -> Sequence[MacEntry]:
        """See `connetos_agent.dataplane.base.SwitchingObserver`."""
        return self._macs.entries()

    def lacp_members(self) -> Sequence[LacpMember]:
        """See `connetos_agent.dataplane.base.SwitchingObserver`."""
        return lacp.members(self._bridge.control, self._bridge.port_of)

    def clear_mac_table(self, port: str | None) -> int:
        """See `connetos_agent.dataplane.base.SwitchingObserver`."""
        return self._macs.clear(port)

    def filter_counters(self) -> FilterCounters:
        """See `connetos_agent.dataplane.base.SwitchingObserver`."""
        return self._filters.counters()

    def clear_filters(self, name: str | None) -> int:
        """See `connetos_agent.dataplane.base.SwitchingObserver`."""
        return self._filters.clear(name)

    def met_filter(self, cookie: int, number: int) -> MetFilter | None:
        """See `Filters.met`."""
        return self._filters.met(cookie, number)

    def close(self) -> None:
        """Nothing is held."""


class OpenVSwitchDriver:
    """Realises layer 2 in one Open vSwitch bridge. See `connetos_agent.dataplane.base.Driver`.

    Args:
        platform: the ports and their network devices.
        database: OVSDB server, such as `unix:/var/run/openvswitch/db.sock`.
        control: ovs-vswitchd's control socket; empty to find it beside the database's socket.
        bridge: name of the bridge; it is made when it isn't there.
        datapath_type: `system` (kernel datapath) or `netdev` (userspace); None leaves what is there.
    """

    name = "openvswitch"
    kinds = frozenset().union(
        *(part.kinds for part in (Ports, Aggregates, Limits, Filters, MacTable, Mirrors, Refusals))
    )

    def __init__(
        self, platform: Platform, database: str, control: str, bridge: str, datapath_type: str | None
    ) -> None:
        directory = Path(database.partition(":")[2]).parent
        self.datapath_type = datapath_type
        self.bridge = Bridge(platform, Database(database), Control(control, directory), bridge, directory)
        self._aggregates, self._limits = Aggregates(self.bridge), Limits(self.bridge)
        self._macs = MacTable(self.bridge)
        self._filters = Filters(self.bridge, self._macs.restore)
        self._parts: tuple[Part, ...] = (
            Ports(self.bridge), self._aggregates, self._limits, self._filters, self._macs, Mirrors(self.bridge),
            Refusals(),
        )  # fmt: skip
        self._part_of = {kind: part for part in self._parts for kind in part.kinds}
        self._changing = threading.Lock()
        self._restarts = RestartWatch(self.bridge.control, self._restore)
        self._flow_watch: FlowWatch | None = None

    def open(self) -> None:
        """See `Driver.open`; makes the bridge when it isn't there."""
        self.bridge.mac = switch_mac(self.bridge.platform)
        self.bridge.database.open()
        self._ensure_bridge()
        self._limits.open()
        self._aggregates.start()
        self._restarts.start()

    def close(self) -> None:
        """See `Driver.close`."""
        self._restarts.close()
        if self._flow_watch is not None:
            self._flow_watch.close()
        self._aggregates.close()
        self._limits.close()
        self.bridge.close()

    def watch(self, suspect: Suspect) -> None:
        """See `Watching.watch`. A bridge that is gone, or may have been while nobody listened, is made again."""

        def foreign(reconnected: bool) -> None:
            suspect(None, reconnected or self.bridge.name not in self.bridge.database.bridges)

        def touched(targets: Collection[ObjectKey]) -> None:
            self._restarts.restored.wait()  # what is only not back yet is no drift
            suspect(targets, False)

        self.bridge.database.foreign = foreign
        self._flow_watch = FlowWatch(self.bridge.new_openflow(self.bridge.name), touched)
        self._flow_watch.start()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        found = {target: self._part_of[target.kind].refuse(target, want) for target, want in wanted.items()}
        return {target: reason for target, reason in found.items() if reason}

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        self._sync()
        found: list[ObjectKey] = []
        for part in self._parts:
            try:
                found += part.present()
            except (
                DriverError
            ) as error:  # without ovs-vswitchd the rest is told; it begins anew, with nothing
                log.error("%s", error)
        return found

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        self._sync()
        return self._observe(targets)

    def observer(self) -> OpenVSwitchObserver:
        """See `Driver.observer`."""
        return OpenVSwitchObserver(self._observe, self._aggregates, self.bridge, self._macs, self._filters)

    def _observe(self, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
        found: dict[ObjectKey, State | None] = {}
        for part in self._parts:
            mine = [target for target in targets if target.kind in part.kinds]
            if mine:
                found.update(part.observe(mine))
        return found

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`: one OVSDB transaction, then what OVSDB doesn't keep."""
        with self._changing:
            self._remove_broken(steps)
            transaction = Transaction(self.bridge.row(), self.bridge.database)
            for step in steps:
                self._part_of[step.target.kind].stage(transaction, step)
            names = ", ".join(str(step.target) for step in steps[:5])
            operations = transaction.operations()
            if operations:
                self.bridge.database.transact(operations, f"connetos: {names}")
            for part in self._parts:
                mine = [step for step in steps if step.target.kind in part.kinds]
                if mine:
                    part.finish(mine)

    def _remove_broken(self, steps: Sequence[Step]) -> None:
        """Take away VLAN interfaces whose device has gone: only a new port makes a new device."""
        transaction = Transaction(self.bridge.row(), self.bridge.database)
        for step in steps:
            if step.target.kind == "vlan-interface" and step.want and not is_device(step.target.key):
                transaction.remove_port(step.target.key)
        operations = transaction.operations()
        if operations:
            self.bridge.database.transact(operations, "connetos: VLAN interfaces without a device")

    def _sync(self) -> None:
        """Have the records up to date, and a bridge to speak of: somebody may have deleted it."""
        self.bridge.database.sync()
        if self.bridge.name not in self.bridge.database.bridges:
            self._ensure_bridge()

    def _restore(self) -> None:
        """Bring back what ovs-vswitchd lost; twice, since it may number ports anew while it starts."""
        for pause in (0.0, SETTLE_SECONDS):
            time.sleep(pause)
            with self._changing:
                for part in self._parts:
                    part.restore()

    def _ensure_bridge(self) -> None:
        name, database = self.bridge.name, self.bridge.database
        row = database.bridges.get(name)
        wanted = {"mac-table-size": str(MAC_TABLE_SIZE)}
        columns: dict[str, Any] = {"fail_mode": "standalone"}
        if self.datapath_type is not None:
            columns["datapath_type"] = self.datapath_type
        if row is None:
            transaction = Transaction(None, database)
            transaction.new_bridge(name, columns, {}, wanted)
        else:
            if wanted.items() <= row.other_config.items() and all(
                getattr(row, c) == v for c, v in columns.items()
            ):
                return
            transaction = Transaction(row, database)
            transaction.set_columns(row, columns)
            transaction.set_other_config(row, wanted)
        database.transact(transaction.operations(), f"connetos: bridge {name}")
