"""Filters: gates at their interfaces (`gates`) and flows in tables of their own (`filter_flows`).

OVSDB keeps what each filter is, in a label of the bridge; flows are compared with what the labels ask for. All flows are
changed at once: a packet meets either the filters before a change or those after it.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.openvswitch import openflow, pipeline
from connetos_agent.dataplane.openvswitch.bridge import Bridge
from connetos_agent.dataplane.openvswitch.filter_flows import filter_flows, problem, term_of
from connetos_agent.dataplane.openvswitch.gates import Gates
from connetos_agent.dataplane.openvswitch.openflow import Flow
from connetos_agent.dataplane.openvswitch.operations import Transaction
from connetos_agent.dataplane.openvswitch.pipeline import OWNER, Area, Table
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.firewall import (
    Condition,
    FilterCounters,
    FilterTable,
    FirewallFilter,
    MetFilter,
    Place,
    Term,
)

KIND = "firewall-filter"
LABEL = "filter-"
CAPACITY = {Table.FROM_FILTERS: 5120, Table.TO_FILTERS: 1280}
"""Most flows in the tables of filters: what the documented layout shows of a switch."""

Numbered = tuple[int, FirewallFilter]


class Filters:
    """Realises filters. See `connetos_agent.dataplane.openvswitch.part.Part`.

    Args:
        bridge: the switch.
        replugged: called when an interface got or lost its gate, which takes its MAC addresses away.
    """

    kinds = frozenset({KIND})

    def __init__(self, bridge: Bridge, replugged: Callable[[], None]) -> None:
        self._bridge, self._replugged = bridge, replugged
        self._gates = Gates(bridge)
        self._lock = threading.Lock()
        self._new: dict[str, Numbered | None] = {}
        """What is staged."""
        self._made: dict[tuple[str, Table], tuple[Numbered, list[Flow]]] = {}
        """The flows of filters as they were last; thousands of them take a tenth of a second to make."""

    def refuse(self, target: ObjectKey, want: State) -> str:
        """See `Part.refuse`: ports that the switch doesn't have, what can't be compared, too much of it."""
        if not isinstance(want, FirewallFilter):
            return ""
        platform = self._bridge.platform
        for place in (*want.input, *want.output):
            if place.interface.startswith(("te-", "qe-")) and place.interface not in platform.ports:
                return f"this switch has no port {place.interface}; ports: {platform.described_ports()}"
        for term in want.terms:
            if reason := next(filter(None, map(problem, term.conditions)), ""):
                return f"term {term.name}: {reason}"
        return _too_many({target.key: (1, want)}, self._tables_of(want))

    def present(self) -> Iterable[ObjectKey]:
        """See `Part.present`."""
        return [ObjectKey(KIND, name) for name in self._known()]

    def _known(self) -> dict[str, Numbered]:
        """The filters that OVSDB tells of, with their numbers; one that can't be read has number 0."""
        labels = self._bridge.row().external_ids
        return {
            name.removeprefix(LABEL): _parsed(text) for name, text in labels.items() if name.startswith(LABEL)
        }

    # -- looking --------------------------------------------------------------------------------------

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Part.observe`."""
        known = self._known()
        broken = self._broken(known) if any(target.key in known for target in targets) else set()
        return {
            target: replace(known[target.key][1], intact=target.key not in broken)
            if target.key in known
            else None
            for target in targets
        }

    def _broken(self, known: Mapping[str, Numbered]) -> set[str]:
        """The filters of which a flow is missing or too much, or an interface isn't behind its gate."""
        names = {number: name for name, (number, _) in known.items()}
        broken = {name for name, (number, _) in known.items() if not number}
        wanted = [flow for name, numbered in known.items() for flow in self._filter_flows(name, numbered)]
        found = self._flows()
        if not {*pipeline.base()} <= {*found}:
            return {*known}
        for flow in {*wanted, *found} - ({*wanted} & {*found}):
            term = term_of(flow.cookie)
            if term is not None and term[0] in names:
                broken.add(names[term[0]])
        for device, ends in self._ends(known).items():
            there = [
                flow
                for flow in found
                if flow.cookie == pipeline.cookie(Area.GATE, self._bridge.number(device))
            ]
            if not self._gates.in_use(device) or {*there} != {*self._gate_flows(device, ends)}:
                broken |= {end[0] for end in ends.values()}
        return broken

    def _flows(self) -> list[Flow]:
        """Our flows that are there, in the areas that are ours."""
        areas = {OWNER << 16 | area for area in (Area.BASE, Area.GATE, Area.FILTER)}
        return [flow for flow in self._bridge.openflow().flows() if flow.cookie >> 32 in areas]

    # -- what there should be -------------------------------------------------------------------------

    def _is_vlan_interface(self, place: Place) -> bool:
        return not self._bridge.device(place.interface)

    def _tables_of(self, state: FirewallFilter) -> list[Table]:
        """The tables that a filter is in: what a port receives comes from its device, what it sends goes there; a VLAN
        interface's device is the switch's own end, which gets what the interface receives."""
        coming = [not self._is_vlan_interface(place) for place in state.input]
        coming += [self._is_vlan_interface(place) for place in state.output]
        return [t for t, there in ((Table.FROM_FILTERS, True), (Table.TO_FILTERS, False)) if there in coming]

    def _ends(self, known: Mapping[str, Numbered]) -> dict[str, dict[Table, tuple[str, int, int]]]:
        """By device: for each table the name and number of the filter there, and the VLAN of untagged frames."""
        ends: dict[str, dict[Table, tuple[str, int, int]]] = {}
        for name, (number, state) in known.items():
            for incoming, places in ((True, state.input), (False, state.output)):
                for place in places:
                    coming = incoming != self._is_vlan_interface(place)
                    device = self._bridge.device(place.interface) or place.interface
                    table = Table.FROM_FILTERS if coming else Table.TO_FILTERS
                    ends.setdefault(device, {})[table] = (name, number, place.vlan)
        return ends

    def _filter_flows(self, name: str, numbered: Numbered) -> list[Flow]:
        """A filter's flows in all of its tables."""
        flows: list[Flow] = []
        for table in self._tables_of(numbered[1]):
            kept = self._made.get((name, table))
            if kept is None or kept[0] != numbered:
                kept = self._made[name, table] = numbered, filter_flows(*numbered, table)
            flows += kept[1]
        return flows

    def _gate_flows(
        self, device: str, ends: Mapping[Table, tuple[str, int, int]], *, both_ways: bool = False
    ) -> list[Flow]:
        numbers = self._gates.ends(device)
        if numbers is None:
            return []
        filters = {table: number << 32 | vlan for table, (_, number, vlan) in ends.items()}
        coming, going = filters.get(Table.FROM_FILTERS), filters.get(Table.TO_FILTERS)
        return pipeline.gate(*numbers, coming, going, both_ways=both_ways)

    # -- changing -------------------------------------------------------------------------------------

    def stage(self, transaction: Transaction, step: Step) -> None:
        """See `Part.stage`: the label."""
        name, want = step.target.key, step.want
        if not isinstance(want, FirewallFilter):
            self._new[name] = None
            transaction.set_label(LABEL + name, None)
            return
        known = {**self._known(), **self._new}
        taken = {entry[0] for entry in known.values() if entry is not None}
        own = known.get(name)
        number = own[0] if own and own[0] else next(n for n in range(1, 1 << 16) if n not in taken)
        self._new[name] = (number, want)
        transaction.set_label(LABEL + name, json.dumps([number, want.terms, want.input, want.output]))

    def finish(self, steps: Sequence[Step]) -> None:  # noqa: ARG002 - part of the protocol
        """See `Part.finish`: gates and flows."""
        self._new.clear()
        self.restore()

    def restore(self) -> None:
        """See `Part.restore`: brings gates and flows to what the labels ask for."""
        with self._lock:
            known = {name: entry for name, entry in self._known().items() if entry[0]}
            ends = self._ends(known)
            if not known and not self._gates.devices():
                return
            flows = pipeline.base()
            self._made = {key: made for key, made in list(self._made.items()) if key[0] in known}
            for name, numbered in known.items():
                flows += self._filter_flows(name, numbered)
            if reason := _full(flows):
                raise DriverError(reason)
            self._gates.remove(self._gates.closed())
            gone = [device for device in self._gates.devices() if device not in ends]
            if gone:
                self._move(flows, {**{device: {} for device in gone}, **ends}, (), gone)
                self._change(flows + self._flows_at_gates(ends))
                self._gates.remove(gone)
            unused = self._gates.build(ends)
            if unused:
                self._move(flows, ends, unused, ())
            self._change(flows + self._flows_at_gates(ends))

    def _move(
        self,
        flows: Sequence[Flow],
        ends: Mapping[str, Mapping[Table, tuple[str, int, int]]],
        to_gates: Collection[str],
        to_devices: Collection[str],
    ) -> None:
        """Lead frames both ways and put gates in use or out of it; never both at once (see `gates`)."""
        both_ways = {*to_devices, *self._gates.closed()}
        self._change(list(flows) + self._flows_at_gates(ends, both_ways))
        self._gates.switch_over(to_gates, to_devices)
        self._gates.announce((*to_gates, *to_devices))
        self._replugged()

    def _flows_at_gates(
        self, ends: Mapping[str, Mapping[Table, tuple[str, int, int]]], moving: Collection[str] = ()
    ) -> list[Flow]:
        return [
            flow
            for device, tables in ends.items()
            for flow in self._gate_flows(device, tables, both_ways=device in moving)
        ]

    def _change(self, wanted: Sequence[Flow]) -> None:
        """Bring the flows to these; a term of which something changes counts from zero."""
        found = self._flows()
        there, places = set(found), {_place(flow) for flow in wanted}
        changed = {flow.cookie for flow in {*wanted} ^ there if term_of(flow.cookie)}
        add = [flow for flow in wanted if flow not in there or flow.cookie in changed]
        gone = [flow for flow in found if _place(flow) not in places and not _is_base(flow)]
        messages = [openflow.add_flow(flow, from_zero=flow.cookie in changed) for flow in add]
        messages += [openflow.delete_flow(flow) for flow in gone]
        self._bridge.openflow().change(openflow.at_once(messages))

    def met(self, flow_cookie: int, number: int) -> MetFilter | None:
        """What a frame has met: by the cookie of the flow, and the OpenFlow number of the interface."""
        numbers = term_of(flow_cookie)
        for name, (own, state) in self._known().items():
            if numbers and own == numbers[0] and numbers[1] < len(state.terms):
                device = self._bridge.names().get(number, "")
                return MetFilter(name, state.terms[numbers[1]], self._bridge.port_of(device) or device)
        return None

    # -- counting -------------------------------------------------------------------------------------

    def counters(self) -> FilterCounters:
        """How many packets met each term, and how full the tables are."""
        known, flows = self._known(), self._flows()
        met: Counter[tuple[int, int]] = Counter()
        for flow in flows:
            if (term := term_of(flow.cookie)) is not None:
                met[term] += flow.packets
        packets = {
            name: {term.name: met[number, place] for place, term in enumerate(state.terms)}
            for name, (number, state) in known.items()
        }
        used = Counter(flow.table for flow in flows if term_of(flow.cookie))
        ingress, egress = (FilterTable(total, used[table]) for table, total in CAPACITY.items())
        return FilterCounters(packets, ingress, egress)

    def clear(self, name: str | None) -> int:
        """Count from zero, at one filter or (None) all; how many filters that are."""
        with self._lock:
            numbers = [number for filter_, (number, _) in self._known().items() if name in (None, filter_)]
            flows = [f for f in self._flows() if (term := term_of(f.cookie)) and term[0] in numbers]
            again = (openflow.add_flow(flow, from_zero=True) for flow in flows)
            self._bridge.openflow().change(openflow.at_once(again))
            return len(numbers)


def _parsed(text: str) -> Numbered:
    try:
        number, terms, coming, going = json.loads(text)
        parsed = [
            Term(name, action, tuple(Condition(*c) for c in conditions)) for name, action, conditions in terms
        ]
        input_, output = (tuple(Place(*place) for place in end) for end in (coming, going))
        return int(number), FirewallFilter(tuple(parsed), input_, output)
    except (ValueError, TypeError):
        return 0, FirewallFilter((), (), (), intact=False)


def _place(flow: Flow) -> tuple[int, int, bytes]:
    return flow.table, flow.priority, flow.match


def _is_base(flow: Flow) -> bool:
    return flow.cookie == pipeline.cookie(Area.BASE)


def _too_many(known: Mapping[str, Numbered], tables: Iterable[Table]) -> str:
    return _full(
        [
            flow
            for table in tables
            for number, state in known.values()
            for flow in filter_flows(number, state, table)
        ]
    )


def _full(flows: Iterable[Flow]) -> str:
    """Why these are too many; empty if they aren't."""
    used = Counter(flow.table for flow in flows)
    for table, most in CAPACITY.items():
        if used[table] > most:
            side = "what interfaces receive" if table == Table.FROM_FILTERS else "what they send"
            return f"filters of {side} need {used[table]} flows, at most {most} are allowed: a port is 6, a range more"
    return ""
