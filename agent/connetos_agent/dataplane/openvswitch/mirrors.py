"""Mirrors: rows of table Mirror. The output port of one takes no other part in switching."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch.bridge import Bridge
from connetos_agent.dataplane.openvswitch.operations import Transaction, where
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.switching import Mirror
from connetos_sdk.model.ranges import port_order


class Mirrors:
    """Realises mirrors. See `connetos_agent.dataplane.openvswitch.part.Part`."""

    kinds = frozenset({"mirror"})

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`: ports that the switch doesn't have."""
        if not isinstance(want, Mirror):
            return ""
        ports = self._bridge.platform.ports
        missing = [port for port in (want.output, *want.ingress, *want.egress) if port not in ports]
        if missing:
            return f"this switch has no port {missing[0]}; ports: {self._bridge.platform.described_ports()}"
        return ""

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        row = self._bridge.row()
        mirrors = list(self._bridge.database.mirrors.values())
        return [ObjectKey("mirror", mirror.name) for mirror in mirrors if mirror.uuid in row.mirrors]

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`."""
        return {target: self._observe(target.key) for target in targets}

    def _observe(self, name: str) -> State | None:
        record = self._bridge.database.mirrors.get(name)
        if record is None or record.uuid not in self._bridge.row().mirrors:
            return None
        return Mirror(
            self._ports(record.sources), self._ports(record.destinations), self._port(record.output)
        )

    def _ports(self, uuids: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(map(self._port, uuids), key=port_order))

    def _port(self, uuid: str) -> str:
        device = self._bridge.database.name_of(uuid)
        return self._bridge.port_of(device) or device

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`: a row."""
        old = self._bridge.database.mirrors.get(step.target.key)
        want = step.want
        if not isinstance(want, Mirror):
            if old is not None:
                transaction.remove_mirror(old.uuid)
        else:
            columns = {
                "name": step.target.key,
                "select_src_port": ["set", [self._reference(port) for port in want.ingress]],
                "select_dst_port": ["set", [self._reference(port) for port in want.egress]],
                "output_port": self._reference(want.output),
            }
            if old is not None:
                transaction.add({"op": "update", "table": "Mirror", "where": where(old.uuid), "row": columns})
                return
            row = transaction.name("mirror")
            transaction.add({"op": "insert", "table": "Mirror", "uuid-name": row, "row": columns})
            transaction.add_mirror(["named-uuid", row])

    def _reference(self, port: str) -> list[str]:
        record = self._bridge.database.ports.get(self._bridge.device(port))
        if record is None:
            raise DriverError(f"{port} isn't a port of its own yet: commit that first, then the mirror")
        return ["uuid", record.uuid]

    def finish(self, steps: Sequence[Step]) -> None:  # noqa: ARG002 - part of the protocol
        """See `Part.finish`: Open vSwitch 3.1 doesn't look again at flows that it has in its cache already, so that
        what flows on would go on without its copy (or with it)."""
        self._bridge.control.call("revalidator/purge")

    def restore(self) -> None:
        """See `Part.restore`: OVSDB has all of it."""
