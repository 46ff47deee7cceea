"""Aggregates (IEEE 802.1AX): each has a small bridge of its own beside the switch's.

    bridge of the switch ── patch port ae7 ═ ae7-up ── bridge lag-ae7 ── te-1/1/3, te-1/1/4 (one Port, for LACP)

To the switch an aggregate is one port: VLANs, learning, storm control and mirrors are as on any other. In its own
bridge two sorts of flow do the rest: what comes from the switch goes to one of the members that are alive, by a hash of
the configured keys; what comes from a member goes to the switch as long as the member is alive. Alive is what has a
carrier and, with LACP, what LACP has attached: Open vSwitch watches that itself, so the loss of a member costs no more
than the frames that are under way.

Open vSwitch's own way (`bond_mode`) knows no choice of keys, no static aggregates that a peer may send broadcasts to on
any member, and no smallest number of members. It takes over with LACP while the flows are missing: after a restart
of ovs-vswitchd, until they are there again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch import aggregate_flows, lacp
from connetos_agent.dataplane.openvswitch.aggregate_flows import Realisation
from connetos_agent.dataplane.openvswitch.bridge import AGGREGATE_BRIDGE, Bridge
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.openvswitch.pipeline import Area, cookie
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.dataplane.states.switching import Aggregate, LagHash

log = logging.getLogger(__name__)

LABEL = "connetos"
"""Entry of the bridge's `external_ids` that keeps what Open vSwitch has no column for."""

HASH_LABEL = "lag-hash"
PRIORITY = "32768"
"""LACP priority of the system and its ports (IEEE 802.1AX, 7.3.4)."""


class Aggregates:
    """Realises aggregates. See `Part`."""

    kinds = frozenset({"aggregate", "lag-hash"})

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="aggregates", daemon=True)

    def start(self) -> None:
        """Begin to watch the members."""
        self._bridge.database.listeners.append(self._woken.set)
        self._thread.start()

    def close(self) -> None:
        """End watching."""
        self._closed = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`: what no hash of Open vSwitch can do."""
        if not isinstance(want, LagHash):
            return ""
        keys = set(want.keys)
        addresses, ports = {"source-ip", "dest-ip"}, {"l4-source-port", "l4-dest-port"}
        pairs = ({"source-mac", "dest-mac"}, addresses, ports)
        reasons = {
            "the port that a frame came in by can't be a key: an aggregate's bridge doesn't know it": (
                "ingress-interface" in keys
            ),
            "headers inside of tunnels can't be keys: Open vSwitch hashes the outer ones": want.tunnel
            == "inner",
            "at least one key must be enabled": not keys,
            "a symmetric hash needs both source and destination of a pair, or neither": (
                want.symmetric and any(len(pair & keys) == 1 for pair in pairs)
            ),
            "a symmetric hash by ports needs the IP addresses too": (
                want.symmetric and ports <= keys and not addresses <= keys
            ),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        yield from (ObjectKey("aggregate", name) for name in self.names())
        if HASH_LABEL in self._bridge.row().external_ids:
            yield ObjectKey("lag-hash", "switch")

    def names(self) -> list[str]:
        """The aggregates that there are."""
        bridges = list(self._bridge.database.bridges)
        return [n.removeprefix(AGGREGATE_BRIDGE) for n in bridges if n.startswith(f"{AGGREGATE_BRIDGE}ae")]

    # -- looking --------------------------------------------------------------------------------------

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`."""
        return {t: self._hash() if t.kind == "lag-hash" else self._aggregate(t.key) for t in targets}

    def _hash(self) -> LagHash | None:
        label = self._bridge.row().external_ids.get(HASH_LABEL)
        if label is None:
            return None
        try:
            keys, algorithm, symmetric, tunnel = json.loads(label)
            return LagHash(tuple(keys), algorithm, symmetric, tunnel)
        except (ValueError, TypeError):
            return LagHash((), 0, symmetric=False, tunnel="")

    def _configured(self, name: str) -> Aggregate | None:
        """The aggregate as OVSDB tells of it."""
        database = self._bridge.database
        row = database.bridges.get(AGGREGATE_BRIDGE + name)
        if row is None:
            return None
        port = database.ports.get(_port(name))
        devices = [database.name_of(uuid) for uuid in port.interfaces] if port else []
        members = [p for p, device in self._bridge.platform.ports.items() if device in devices]
        try:
            min_selected, keys, algorithm, symmetric, description = json.loads(
                row.external_ids.get(LABEL, "")
            )
        except ValueError:
            return Aggregate(tuple(members), False, 0, (), 0, False, "", forwarding=False)
        speaks = bool(json.loads(row.external_ids.get("lacp", "false")))
        right = port is None or (port.lacp == "active") == speaks
        return Aggregate(
            tuple(members),
            speaks,
            min_selected,
            tuple(keys),
            algorithm,
            symmetric,
            description,
            forwarding=right,
        )

    def _aggregate(self, name: str) -> Aggregate | None:
        found = self._configured(name)
        if found is None:
            return None
        try:
            right = found.forwarding and self._difference(name, found) == []
        except DriverError:
            right = False
        return found if right else _broken(found)

    def status(self) -> dict[str, LinkStatus]:
        """Each aggregate's state: it carries frames while enough of its members are alive."""
        found = {}
        for name in self.names():
            aggregate = self._configured(name)
            if aggregate is not None:
                alive = len(self._usable(aggregate))
                carrier = alive >= max(1, aggregate.min_selected)
                found[name] = LinkStatus(up=True, carrier=carrier, mac=self._bridge.mac)
        return found

    def _alive(self, aggregate: Aggregate) -> list[str]:
        """Members with a carrier and, with LACP, a partner that is heard of: what OVSDB tells of, as it happens."""
        interfaces = self._bridge.database.interfaces
        records = ((m, interfaces.get(self._bridge.platform.ports[m])) for m in aggregate.members)
        return [m for m, i in records if i is not None and i.up and (i.lacp_current or not aggregate.lacp)]

    def _usable(self, aggregate: Aggregate) -> list[str]:
        """Those of them that, with LACP, both ends agree on: what ovs-vswitchd says when it is asked."""
        alive = self._alive(aggregate)
        if not alive or not aggregate.lacp:
            return alive
        agreed = lacp.usable(self._bridge.control)
        return [member for member in alive if self._bridge.platform.ports[member] in agreed]

    # -- flows ----------------------------------------------------------------------------------------

    def _wanted(self, name: str, aggregate: Aggregate) -> Realisation:
        up = self._bridge.number(_patch(name))
        numbers = [self._bridge.number(self._bridge.platform.ports[m]) for m in aggregate.members]
        if not up or not all(numbers):
            raise DriverError(f"{name}: Open vSwitch gave not all of its ports a number")
        mark = cookie(Area.AGGREGATE, int(name.removeprefix("ae")))
        if aggregate.min_selected > max(1, len(self._alive(aggregate))):
            return aggregate_flows.down(mark)
        return aggregate_flows.realisation(mark, up, numbers, aggregate)

    def _difference(self, name: str, aggregate: Aggregate) -> list[bytes]:
        """The messages that bring an aggregate's flows to what they should be; none when they are."""
        connection = self._bridge.openflow(AGGREGATE_BRIDGE + name)
        wanted = self._wanted(name, aggregate)
        return aggregate_flows.difference(wanted, connection.flows(), connection.groups())

    def _settle(self, name: str) -> None:
        with self._lock:
            aggregate = self._configured(name)
            if aggregate is not None:
                self._bridge.openflow(AGGREGATE_BRIDGE + name).change(self._difference(name, aggregate))

    def _watch(self) -> None:
        """An aggregate with a smallest number of members goes down and comes up with them."""
        alive: dict[str, int] = {}
        while True:
            self._woken.wait()
            if self._closed:
                return
            self._woken.clear()
            for name in self.names():
                aggregate = self._configured(name)
                if aggregate is None or aggregate.min_selected < 2:
                    continue
                count = len(self._alive(aggregate))
                if alive.get(name) != count:
                    alive[name] = count
                    try:
                        self._settle(name)
                    except DriverError as error:  # it is being changed, or made again: the next news come
                        log.debug("%s: %s", name, error)
                        alive.pop(name)

    # -- changing -------------------------------------------------------------------------------------

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`."""
        if step.target.kind == "lag-hash":
            want = step.want
            if isinstance(want, LagHash):
                label = json.dumps([want.keys, want.algorithm, want.symmetric, want.tunnel])
                transaction.set_label(HASH_LABEL, label)
            else:
                transaction.set_label(HASH_LABEL, None)
        elif isinstance(step.want, Aggregate):
            self._stage(transaction, step.target.key, step.want)
        else:
            transaction.remove_bridge(AGGREGATE_BRIDGE + step.target.key)

    def _stage(self, transaction: Transaction, name: str, want: Aggregate) -> None:
        database = self._bridge.database
        labels = {
            LABEL: json.dumps(
                [want.min_selected, want.keys, want.algorithm, want.symmetric, want.description],
                ensure_ascii=False,
            ),
            "lacp": json.dumps(want.lacp),
        }
        row = database.bridges.get(AGGREGATE_BRIDGE + name)
        port = database.ports.get(_port(name))
        present = {database.name_of(uuid): uuid for uuid in port.interfaces} if port else {}
        devices = [self._bridge.platform.ports[member] for member in want.members]
        for device, uuid in present.items():
            if port and device not in devices:
                transaction.leave(port, uuid)
        joining = [
            transaction.new_interface(device, self._interface(name, device))
            for device in devices
            if device not in present
        ]
        columns = self._columns(want)
        new = []
        if port is not None:
            transaction.add(
                {"op": "update", "table": "Port", "where": [["name", "==", _port(name)]], "row": columns}
            )
            for interface in joining:
                transaction.join(port, interface)
        elif joining:
            new.append(transaction.new_bond(_port(name), columns, joining))
        if row is None:
            settings = {"fail_mode": "standalone", "datapath_type": self._bridge.row().datapath_type}
            options = {"type": "patch", "options": ["map", [["peer", name]]]}
            ports = transaction.new_bridge(AGGREGATE_BRIDGE + name, settings, labels, {})
            ports += [transaction.new_port(_patch(name), {}, options), *new]
        else:
            for label, value in labels.items():
                transaction.set_label(label, value, row)
            for reference in new:
                transaction.add_port(row, reference)

    def _columns(self, want: Aggregate) -> dict[str, object]:
        config = {
            "lacp-time": "slow",
            "lacp-system-id": self._bridge.mac,
            "lacp-system-priority": PRIORITY,
        }
        return {
            "lacp": "active" if want.lacp else "off",
            "bond_mode": "balance-tcp" if want.lacp else "balance-slb",
            "other_config": ["map", [[key, value] for key, value in config.items()]],
        }

    def _interface(self, name: str, device: str) -> dict[str, object]:
        number = self._bridge.requested_number(self._bridge.port_of(device))
        config = [
            ["lacp-port-id", str(number)],
            ["lacp-port-priority", PRIORITY],
            ["lacp-aggregation-key", name.removeprefix("ae")],
        ]
        return {"type": "", "ofport_request": number, "other_config": ["map", config]}

    def finish(self, steps: Sequence[Step]) -> None:
        """See `Part.finish`: the flows."""
        for step in steps:
            if step.target.kind == "aggregate" and step.want is not None:
                self._settle(step.target.key)
            elif step.target.kind == "aggregate":
                self._bridge.forget(AGGREGATE_BRIDGE + step.target.key)

    def restore(self) -> None:
        """See `Part.restore`."""
        for name in self.names():
            self._settle(name)


def _port(name: str) -> str:
    """The Port that LACP runs on."""
    return f"{name}-lacp"


def _patch(name: str) -> str:
    """The port towards the switch's bridge."""
    return f"{name}-up"


def _broken(aggregate: Aggregate) -> Aggregate:
    return Aggregate(
        aggregate.members, aggregate.lacp, aggregate.min_selected, aggregate.keys, aggregate.algorithm,
        aggregate.symmetric, aggregate.description, forwarding=False,
    )  # fmt: skip
