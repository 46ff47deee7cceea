"""The MAC table: static entries, ageing, looking at it and clearing it.

ovs-vswitchd keeps the table itself and loses it when it is restarted; it is asked over its control socket. A static
entry (`fdb/add`) outlives clearing and is never moved to another port by what is learned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.openvswitch.bridge import Bridge
from connetos_agent.dataplane.openvswitch.control import CommandRefused
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import MacEntry
from connetos_agent.dataplane.states.switching import MacAging, StaticMacs

AGING = "mac-aging-time"
DEFAULT_AGING_SECONDS = 300
MAX_AGING_SECONDS = 3600
"""Open vSwitch takes more, but ages after an hour (ovs-vswitchd.conf.db(5): mac-aging-time; mac-learning.c)."""


class MacTable:
    """Realises static entries and ageing. See `connetos_agent.dataplane.openvswitch.part.Part`."""

    kinds = frozenset({"static-mac", "mac-aging"})

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._kept: dict[str, StaticMacs] = {}

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`."""
        if isinstance(want, MacAging) and want.seconds > MAX_AGING_SECONDS:
            return (
                f"Open vSwitch keeps an address for at most {MAX_AGING_SECONDS} seconds, not {want.seconds}"
            )
        return ""

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        yield ObjectKey("mac-aging", "switch")
        yield from {ObjectKey("static-mac", entry.port): None for entry in self.entries() if entry.static}

    def entries(self) -> list[MacEntry]:
        """The whole table, without the switch's own ports."""
        names = {number: self._bridge.port_of(device) for number, device in self._bridge.names().items()}
        found = []
        for line in self._bridge.control.call("fdb/show", self._bridge.name).splitlines()[1:]:
            number, vlan, mac, age = line.split()
            port = names.get(int(number), "") if number.isdigit() else ""
            if port:
                static = age == "static"
                found.append(MacEntry(int(vlan), mac, port, static, 0 if static else int(age)))
        return found

    def clear(self, port: str | None) -> int:
        """Forget what was learned, of one port or of all; how many entries that were. Static ones stay.

        Packets that a cached flow has forwarded are counted at the next round of the revalidators, which then learn
        their source addresses: without that round first, cleared entries would come back without a new packet.
        """
        self._bridge.control.call("revalidator/wait")
        learned = [e for e in self.entries() if not e.static and port in (None, e.port)]
        if port is None:
            self._bridge.control.call("fdb/flush", self._bridge.name)
        for entry in learned if port is not None else ():  # only static entries can be deleted one by one
            self._add(port or "", entry.vlan, entry.mac)
            self._delete(entry.vlan, entry.mac)
        return len(learned)

    def _add(self, port: str, vlan: int, mac: str) -> None:
        self._bridge.control.call("fdb/add", self._bridge.name, self._bridge.face(port), str(vlan), mac)

    def _delete(self, vlan: int, mac: str) -> None:
        try:
            self._bridge.control.call("fdb/del", self._bridge.name, str(vlan), mac)
        except CommandRefused as error:
            if "could not find" not in str(error):  # it went with its port
                raise

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`."""
        found: dict[ObjectKey, State | None] = {}
        static: dict[str, list[tuple[int, str]]] = {}
        if any(target.kind == "static-mac" for target in targets):
            for entry in self.entries():
                if entry.static:
                    static.setdefault(entry.port, []).append((entry.vlan, entry.mac))
        for target in targets:
            if target.kind == "mac-aging":
                seconds = self._bridge.row().other_config.get(AGING, str(DEFAULT_AGING_SECONDS))
                found[target] = MacAging(int(seconds) if seconds.isdigit() else 0)
            elif target.key in static:
                state = StaticMacs(tuple(sorted(static[target.key])))
                self._kept.setdefault(target.key, state)
                found[target] = state
            else:
                found[target] = None
        return found

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`: the ageing time."""
        if isinstance(step.want, MacAging):
            transaction.set_other_config(self._bridge.row(), {AGING: str(step.want.seconds)})

    def finish(self, steps: Sequence[Step]) -> None:
        """See `Part.finish`: static entries."""
        mine = [step for step in steps if step.target.kind == "static-mac"]
        for step in mine:
            for vlan, mac in _entries(step.have) - _entries(step.want):
                self._delete(vlan, mac)
        for step in mine:
            for vlan, mac in sorted(_entries(step.want)):
                self._add(step.target.key, vlan, mac)
            if isinstance(step.want, StaticMacs):
                self._kept[step.target.key] = step.want
            else:
                self._kept.pop(step.target.key, None)

    def restore(self) -> None:
        """See `Part.restore`."""
        self.finish([Step("", ObjectKey("static-mac", port), None, s) for port, s in self._kept.items()])


def _entries(state: State | None) -> set[tuple[int, str]]:
    return set(state.entries) if isinstance(state, StaticMacs) else set()
