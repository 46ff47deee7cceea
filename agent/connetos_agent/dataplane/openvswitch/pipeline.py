"""The tables that a frame passes in the bridge before it is switched, and what the flows' cookies say.

| table | what it does |
|---|---|
| `STORM` | frames that are sent to many: what is above a port's storm control is dropped |
| `RATE` | what is above a port's ingress rate limit is dropped |
| `FROM` | frames from an interface with a filter are told which, as metadata |
| `FROM_FILTERS` | what the filter discards is dropped |
| `SWITCH` | `NORMAL`: VLANs, learning, aggregates (as one port), mirrors |
| `TO_FILTERS` | of frames to an interface with a filter: what the filter discards is dropped |
| `TO` | they are sent to the interface |

`NORMAL` doesn't tell by which port it will send a frame. An interface with a filter therefore has a gate (`gates`): to
`NORMAL` the gate is the port, and what it sends there comes back to table 0, as from the back of the gate.

A frame that nothing is configured for goes from table to table. Open vSwitch loses flows when it is restarted; until
they are there again its own flow `priority=0 NORMAL` in table 0 switches.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from connetos_agent.dataplane.openvswitch import openflow
from connetos_agent.dataplane.openvswitch.openflow import Flow, Meter
from connetos_agent.dataplane.states.switching import StormControl
from connetos_sdk.model.paths import Path
from connetos_sdk.model.rules import AGGREGATES, PORTS

OWNER = 0x636E
"""The first 16 bits of the cookies of all our flows ("cn")."""

BROADCAST = 0xFFFFFFFFFFFF
GROUP_BIT = 0x010000000000


class Table(IntEnum):
    """Numbers of the tables, in the order in which frames pass them."""

    STORM = 0
    RATE = 1
    FROM = 2
    FROM_FILTERS = 3
    SWITCH = 9
    TO_FILTERS = 12
    TO = 13


class Area(IntEnum):
    """Which part of the configuration a flow comes from."""

    BASE = 0
    BROADCAST = 1
    MULTICAST = 2
    UNICAST = 3
    RATE = 4
    AGGREGATE = 5
    GATE = 6
    FILTER = 7


LEAVES: Mapping[Area, Path] = {
    Area.BROADCAST: ("storm-control", "broadcast", "kilobits"),
    Area.MULTICAST: ("storm-control", "multicast", "kilobits"),
    Area.UNICAST: ("storm-control", "unicast", "kilobits"),
    Area.RATE: ("rate-limiting", "ingress", "kilobits"),
    Area.AGGREGATE: (),
}


def cookie(area: Area, port: int = 0) -> int:
    """The cookie of a flow: our mark, the area, the OpenFlow number of the port it is about."""
    return OWNER << 48 | area << 32 | port


def line(flow_cookie: int, ports: Mapping[int, str]) -> Path | None:
    """The path of the configuration that a flow comes from; None if it comes from none.

    Args:
        flow_cookie: from a flow of this bridge.
        ports: names of ports and aggregates by their OpenFlow numbers.
    """
    try:
        area = Area(flow_cookie >> 32 & 0xFFFF)
    except ValueError:
        return None
    name = ports.get(flow_cookie & 0xFFFFFFFF, "")
    if flow_cookie >> 48 != OWNER or area not in LEAVES or not name:
        return None
    return (*(AGGREGATES if name.startswith("ae") else PORTS), name, *LEAVES[area])


def base() -> list[Flow]:
    """From table to table, then switch."""
    mark, rest = cookie(Area.BASE), openflow.match()
    return [
        Flow(Table.STORM, 1, mark, rest, openflow.goto(Table.RATE)),
        Flow(Table.RATE, 1, mark, rest, openflow.goto(Table.FROM)),
        Flow(Table.FROM, 1, mark, rest, openflow.goto(Table.SWITCH)),
        Flow(Table.FROM_FILTERS, 1, mark, rest, openflow.goto(Table.SWITCH)),
        Flow(Table.SWITCH, 1, mark, rest, openflow.apply(openflow.output(openflow.NORMAL))),
        Flow(Table.TO_FILTERS, 1, mark, rest, openflow.goto(Table.TO)),
    ]


def gate(
    number: int, back: int, coming: int | None, going: int | None, *, both_ways: bool = False
) -> list[Flow]:
    """The flows between an interface and its gate.

    Args:
        number: the interface.
        back: the gate's end towards the flows.
        coming: metadata for what comes from the interface, None without a filter.
        going: metadata for what goes there, likewise.
        both_ways: for as long as the gate may be in use or not (see `gates`).
    """
    mark, ours = cookie(Area.GATE, number), openflow.match(in_port=number)
    sent = openflow.match(in_port=back)
    told = openflow.goto(Table.TO) if going is None else _told(going, Table.TO_FILTERS)
    ways = (back, openflow.NORMAL) if both_ways else (back,)
    flows = [
        Flow(Table.SWITCH, 10, mark, ours, openflow.apply(*map(openflow.output, ways))),
        Flow(Table.STORM, 100, mark, sent, told),
        Flow(Table.TO, 10, mark, sent, openflow.apply(openflow.output(number))),
    ]
    if coming is not None:
        flows.append(Flow(Table.FROM, 10, mark, ours, _told(coming, Table.FROM_FILTERS)))
    return flows


def _told(metadata: int, table: Table) -> bytes:
    return openflow.write_metadata(metadata) + openflow.goto(table)


METERS = range(1 << 18)
"""Numbers of the meters of limits; whoever needs others takes them from above."""


def meter_number(area: Area, port: int) -> int:
    """The meter of a limit: four for each port."""
    return port << 2 | area - 1


def _meter(area: Area, port: int, kilobits: int) -> Meter:
    """A burst of 50 ms, but always some of the largest frames, is let through before frames are dropped."""
    return Meter(meter_number(area, port), kilobits, max(kilobits // 20, 160))


def storm(port: int, wanted: StormControl) -> tuple[list[Flow], list[Meter]]:
    """The flows and meters of a port's storm control."""
    flows, meters = [], []
    for area, kilobits, priority, match in (
        (Area.BROADCAST, wanted.broadcast, 30, openflow.match(in_port=port, eth_dst=BROADCAST)),
        (Area.MULTICAST, wanted.multicast, 20, openflow.match(in_port=port, eth_dst=(GROUP_BIT, GROUP_BIT))),
    ):
        if kilobits is not None:
            meter = _meter(area, port, kilobits)
            steps = openflow.apply(openflow.meter(meter.number)) + openflow.goto(Table.RATE)
            flows.append(Flow(Table.STORM, priority, cookie(area, port), match, steps))
            meters.append(meter)
        elif area == Area.BROADCAST and wanted.multicast is not None:
            # Broadcast frames are multicast frames too (IEEE 802), but this limit isn't theirs.
            flows.append(Flow(Table.STORM, priority, cookie(area, port), match, openflow.goto(Table.RATE)))
    return flows, meters


def rate(port: int, kilobits: int) -> tuple[list[Flow], list[Meter]]:
    """The flow and meter of a port's ingress limit."""
    meter = _meter(Area.RATE, port, kilobits)
    steps = openflow.apply(openflow.meter(meter.number)) + openflow.goto(Table.FROM)
    return [Flow(Table.RATE, 10, cookie(Area.RATE, port), openflow.match(in_port=port), steps)], [meter]
