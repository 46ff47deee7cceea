"""Storm control and rate limits of ports: OpenFlow meters on what comes in, a token bucket on what goes out (`egress`).

Open vSwitch's own `ingress_policing_rate` needs classifiers of the kernel that the userspace datapath's machine may lack
and says so in a log only; meters are Open vSwitch's own in every datapath.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch import openflow, pipeline
from connetos_agent.dataplane.openvswitch.bridge import Bridge
from connetos_agent.dataplane.openvswitch.database import Operation
from connetos_agent.dataplane.openvswitch.egress import EgressLimits
from connetos_agent.dataplane.openvswitch.openflow import Flow, Meter
from connetos_agent.dataplane.openvswitch.operations import Transaction, where
from connetos_agent.dataplane.openvswitch.pipeline import OWNER, Area
from connetos_agent.dataplane.openvswitch.ports import is_device
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.switching import RateLimit, StormControl

AREAS = {
    "storm-control": (Area.BROADCAST, Area.MULTICAST, Area.UNICAST),
    "rate-limit": (Area.RATE,),
}
OURS = frozenset({Area.BASE, *AREAS["storm-control"], *AREAS["rate-limit"]})
BROKEN = (StormControl(0, 0, 0), RateLimit(0, 0))
NOOP = "linux-noop"
"""The QoS type that leaves the device's queueing discipline as it is."""


class Limits:
    """Realises storm control and rate limits. See `connetos_agent.dataplane.openvswitch.part.Part`."""

    kinds = frozenset(AREAS)

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._kept: dict[ObjectKey, State] = {}
        self._egress_limits: EgressLimits

    def open(self) -> None:
        """Take the connection to the kernel."""
        self._egress_limits = EgressLimits()

    def close(self) -> None:
        """Give it back."""
        self._egress_limits.close()

    def refuse(self, target: ObjectKey, want: State) -> str:  # noqa: ARG002 - part of the protocol
        """See `Part.refuse`."""
        if isinstance(want, StormControl) and want.unicast is not None:
            return "unicast frames to unknown addresses can't be told from others before Open vSwitch switches them"
        return ""

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        names = self._bridge.names()
        found = set()
        for flow in self._bridge.openflow().flows():
            port = self._bridge.port_of(names.get(flow.cookie & 0xFFFFFFFF, ""))
            kind = next((k for k, areas in AREAS.items() if _area(flow) in areas), None)
            if port and kind:
                found.add(ObjectKey(kind, port))
        for record in list(self._bridge.database.ports.values()):
            if record.qos and (port := self._bridge.port_of(record.name)):
                found.add(ObjectKey("rate-limit", port))
        return found

    # -- looking --------------------------------------------------------------------------------------

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`: the states whose flows and meters are there as they should be."""
        if not targets:
            return {}
        flows = [flow for flow in self._bridge.openflow().flows() if flow.cookie >> 48 == OWNER]
        meters = {meter.number: meter for meter in self._bridge.openflow().meters()}
        egress = self._egress_limits.limits() if any(t.kind == "rate-limit" for t in targets) else {}
        found = {target: self._observe(target, flows, meters, egress) for target in targets}
        for target, state in found.items():
            if state is not None and state not in BROKEN:
                self._kept.setdefault(target, state)
        return found

    def _observe(
        self, target: ObjectKey, flows: Sequence[Flow], meters: Mapping[int, Meter], egress: Mapping[int, int]
    ) -> State | None:
        number = self._bridge.number(self._bridge.device(target.key))
        mine = [f for f in flows if f.cookie & 0xFFFFFFFF == number and _area(f) in AREAS[target.kind]]
        rates = {
            area: meter.kilobits if (meter := meters.get(pipeline.meter_number(area, number))) else None
            for area in AREAS[target.kind]
        }
        state: StormControl | RateLimit
        if target.kind == "storm-control":
            state = StormControl(rates[Area.BROADCAST], rates[Area.MULTICAST], None)
            empty = StormControl(None, None, None)
        else:
            state = RateLimit(rates[Area.RATE], self._egress(target.key, egress))
            empty = RateLimit(None, None)  # type: ignore[assignment]
        wanted, _ = _wanted(number, state)
        if sorted(map(_place, mine)) != sorted(map(_place, wanted)):
            return BROKEN[target.kind == "rate-limit"]
        return None if state == empty else state

    def _egress(self, port: str, limits: Mapping[int, int]) -> int | None:
        """The rate that the kernel limits a port to, in kbit/s; 0 if Open vSwitch would take the limit away."""
        device = self._bridge.device(port)
        try:
            limit = limits.get(socket.if_nametoindex(device))
        except OSError:
            return None
        record = self._bridge.database.ports.get(device)
        noop = record is not None and record.qos and self._bridge.database.qos_type(record.qos) == NOOP
        return limit if limit is None or noop else 0

    # -- changing -------------------------------------------------------------------------------------

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`: the rate of what goes out."""
        if step.target.kind != "rate-limit":
            return
        device = self._bridge.device(step.target.key)
        record = self._bridge.database.ports.get(device)
        egress = step.want.egress if isinstance(step.want, RateLimit) else None
        if record is None:
            return
        if record.qos and egress is None:
            transaction.add({"op": "delete", "table": "QoS", "where": where(record.qos)})
            transaction.add(_set_qos(record.uuid, ["set", []]))
        elif egress is not None and not record.qos:
            row = transaction.name("qos")
            transaction.add({"op": "insert", "table": "QoS", "uuid-name": row, "row": {"type": NOOP}})
            transaction.add(_set_qos(record.uuid, ["named-uuid", row]))

    def finish(self, steps: Sequence[Step]) -> None:
        """See `Part.finish`: flows and meters."""
        for step in steps:
            if step.want is None:
                self._kept.pop(step.target, None)
            else:
                self._kept[step.target] = step.want
            device = self._bridge.device(step.target.key)
            if step.target.kind == "rate-limit" and is_device(device):
                self._egress_limits.limit(
                    device, step.want.egress if isinstance(step.want, RateLimit) else None
                )
        self.restore()

    def restore(self) -> None:
        """See `Part.restore`: brings all flows and meters to what is kept, with the way from table to table."""
        flows, meters = pipeline.base() if self._kept else [], []
        for target, state in self._kept.items():
            number = self._bridge.number(self._bridge.device(target.key))
            if not number:
                raise DriverError(f"{target}: Open vSwitch gave the port no number")
            own = _wanted(number, state)
            flows += own[0]
            meters += own[1]
        connection = self._bridge.openflow()
        found = [flow for flow in connection.flows() if flow.cookie >> 48 == OWNER and _area(flow) in OURS]
        there = {meter.number: meter for meter in connection.meters() if meter.number in pipeline.METERS}
        places, numbers = {_place(flow) for flow in flows}, {meter.number for meter in meters}
        connection.change(
            [
                *(openflow.add_meter(m, there=m.number in there) for m in meters if there.get(m.number) != m),
                *(openflow.add_flow(flow) for flow in flows if flow not in found),
                *(openflow.delete_flow(flow) for flow in found if _gone(flow, places)),
                *(openflow.delete_meter(number) for number in there if number not in numbers),
            ]
        )


def _set_qos(port: str, reference: list[object]) -> Operation:
    return {"op": "update", "table": "Port", "where": where(port), "row": {"qos": reference}}


def _wanted(number: int, state: State | None) -> tuple[list[Flow], list[Meter]]:
    if isinstance(state, StormControl):
        return pipeline.storm(number, state)
    if isinstance(state, RateLimit) and state.ingress is not None:
        return pipeline.rate(number, state.ingress)
    return [], []


def _area(flow: Flow) -> int:
    return flow.cookie >> 32 & 0xFFFF


def _gone(flow: Flow, places: Collection[tuple[int, int, bytes]]) -> bool:
    """Whether a flow isn't wanted any more; filters may need the way from table to table."""
    return _place(flow) not in places and _area(flow) != Area.BASE


def _place(flow: Flow) -> tuple[int, int, bytes]:
    return flow.table, flow.priority, flow.match
