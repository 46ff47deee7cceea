"""Which flows a change would send another way.

Each frame is asked about twice: what the switch does with it now, of its real tables, and what its twin would do once
the change is made. The twin is believed only where, with the configuration of now, it says the same as the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connetos_agent.config.commit import Outcome
from connetos_agent.dataplane.base import SwitchingObserver
from connetos_agent.dataplane.intents import intended, intent
from connetos_agent.dataplane.kernel import tables as kernel_tables
from connetos_agent.dataplane.kernel.identity import MAIN_TABLE, PROTOCOL
from connetos_agent.dataplane.kernel.links import Device, LinkReader
from connetos_agent.services.navmesh import live
from connetos_agent.services.navmesh.flow import Flow, flow_of
from connetos_agent.services.navmesh.lookup import Given, Lookup, given_of
from connetos_agent.services.navmesh.path import FORWARDED, UNKNOWN, Path
from connetos_agent.services.navmesh.tables import Tables
from connetos_agent.services.navmesh.twin import Fate, Frame, Hop, Observed, Out, Twin
from connetos_sdk.model.tree import Document

MAX_FRAMES = 256
"""Frames of traffic that are looked at, the newest first."""

MODELLED = frozenset(
    ("addresses", "aggregate", "arp-interface", "ecmp-hash", "link", "port", "route", "static-mac", "vlan",
     "vlan-interface", "vlan-interface-link")
)  # fmt: skip
"""Kinds of objects whose change the twin knows the meaning of."""
BESIDES = frozenset(
    ("account", "flow-control", "forwarding-mode", "hostname", "inband", "lag-hash", "lldp", "lldp-port", "log",
     "log-forwarding", "login-acl", "login-banner", "mac-aging", "mirror", "ntp", "rate-limit", "ssh-service",
     "storm-control", "telnet-service", "timezone")
)  # fmt: skip
"""Kinds that don't decide where a frame goes: neither do rates, copies, or which member of an aggregate it takes."""
STANDING = frozenset(("edge-port", "link-speed", "loopback", "management", "stack-member"))
"""Kinds that don't decide it as long as they don't change."""


@dataclass(frozen=True)
class Foretold:
    """What becomes of one frame, now and after the change."""

    flow: Flow
    frame: Frame | None
    now: Fate
    then: Fate

    @property
    def known(self) -> bool:
        """Whether both are known."""
        return UNKNOWN not in (self.now.kind, self.then.kind)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        frame = self.frame
        arrives = (
            None
            if frame is None
            else {
                "port": frame.port,
                "vlan_tag": frame.tag,
                "source_mac": frame.source_mac,
                "destination_mac": frame.destination_mac,
            }
        )
        return {
            "flow": self.flow.to_dict(), "arrives": arrives, "now": _fate(self.now), "then": _fate(self.then)
        }  # fmt: skip


def _fate(fate: Fate) -> dict[str, Any]:
    out = [{"port": one.port, "vlan": one.vlan, "tagged": one.tagged} for one in sorted(fate.out)]
    return {"fate": fate.kind, "egress": out, "reason": fate.reason}


class WhatIf:
    """One change.

    Args:
        tables: of the switch now.
        ports: the driver's view, with the MAC table.
        change: the dry run of it.
        running: the configuration now.
    """

    def __init__(self, tables: Tables, ports: SwitchingObserver, change: Outcome, running: Document) -> None:
        self._tables = tables
        self._platform = tables.platform
        observed = _observed(tables, ports)
        self._now = Twin(running, running, self._platform, observed)
        self._then = Twin(change.new, running, self._platform, observed)
        changed = {step.target.kind for step in change.plan.steps}
        self._strange = sorted(changed - MODELLED - BESIDES)
        self._hashes_change = "ecmp-hash" in changed
        known = MODELLED | BESIDES | STANDING
        others = (target for target in intended(change.new, self._platform) if target.kind not in known)
        self._standing = next((str(t) for t in others if intent(t, change.new, self._platform)), "")

    def answer(self, asked: Iterable[Mapping[str, Any]], *, recent: bool) -> dict[str, Any]:
        """The flows that change and those that aren't known, and how many stay.

        Args:
            asked: arguments of flows (`flow_of`).
            recent: look at the traffic of the last seconds, too.
        """
        foretold = [
            one for arguments in asked for one in self._of_flow(flow_of(arguments), given_of(arguments))
        ]
        frames, left_out = self._recent() if recent else ([], 0)
        foretold += [self._of_frame(frame) for frame in frames]
        changed = [one.to_dict() for one in foretold if one.known and not one.now.same(one.then)]
        unknown = [one.to_dict() for one in foretold if not one.known]
        return {
            "changed": changed,
            "unknown": unknown,
            "same": len(foretold) - len(changed) - len(unknown),
            "left_out": left_out,
        }

    # -- frames -----------------------------------------------------------------------------------------

    def _of_flow(self, flow: Flow, given: Given) -> Iterator[Foretold]:
        """A flow may come in at several ports, and at one it may be sent on in several ways."""
        seen: set[Frame] = set()
        for path in Lookup(self._tables, flow, given).paths():
            frame = _arriving(path, flow)
            if frame is None:
                reason = path.reason or "it begins at the switch itself"
                nowhere = Fate(UNKNOWN, reason=reason)
                yield Foretold(flow, None, nowhere, nowhere)
            elif frame not in seen:
                seen.add(frame)
                yield self._of_frame(frame)

    def _recent(self) -> tuple[list[Frame], int]:
        found = dict.fromkeys(live.frames(self._tables))
        return list(found)[:MAX_FRAMES], max(0, len(found) - MAX_FRAMES)

    def _of_frame(self, frame: Frame) -> Foretold:
        given = Given(frame.port, frame.tag, frame.source_mac, frame.destination_mac)
        now = self._real(Lookup(self._tables, frame.flow, given).paths())
        taken = self._taken(frame)
        expected = self._now.fate(frame, taken)
        if now.kind == UNKNOWN:
            return Foretold(frame.flow, frame, now, now)
        if self._strange:
            reason = f"what a change of {', '.join(self._strange)} does to flows isn't known"
            return Foretold(frame.flow, frame, now, Fate(UNKNOWN, reason=reason))
        if not now.same(expected):
            reason = f"what decides about this flow isn't all known: {expected.reason or 'something else'}"
            return Foretold(frame.flow, frame, now, Fate(UNKNOWN, reason=reason))
        then = self._then.fate(frame, {} if self._hashes_change else taken)
        if not now.same(then) and self._standing:
            reason = f"what {self._standing} does to it on its new way isn't known"
            then = replace(then, kind=UNKNOWN, out=frozenset(), reason=reason)
        return Foretold(frame.flow, frame, now, then)

    def _real(self, paths: list[Path]) -> Fate:
        """What the switch does, ports of aggregates being those."""
        fates = [self._fate_of(path) for path in paths]
        if len({(fate.kind, fate.out) for fate in fates}) == 1:
            return fates[0]
        if fates and all(fate.kind == FORWARDED for fate in fates):
            return Fate(FORWARDED, frozenset(out for fate in fates for out in fate.out))
        return Fate(UNKNOWN, reason="which of several ways it takes isn't known")

    def _fate_of(self, path: Path) -> Fate:
        up = [one for one in path.egress if one["up"] and one["vlan"] is not None]
        out = (Out(self._now.logical(one["port"]), one["vlan"], one["tagged"]) for one in up)
        return Fate(
            path.fate, frozenset(out) if path.fate not in ("dropped", "local") else frozenset(), path.reason
        )

    def _taken(self, frame: Frame) -> dict[frozenset[Hop], Hop]:
        """Of the next hops that there are for a flow now, the one that the kernel takes."""
        tables = self._tables
        state = tables.vlans_of(frame.port)
        vlan = frame.tag if frame.tag is not None else state.native_vlan if state else 0
        interface = tables.interface_in(vlan)
        if interface is None:
            return {}
        found = tables.kernel.route(frame.flow, interface.device.index)
        hops = {hop: self._hop(hop.gateway, hop.interface) for hop in found.hops}
        if found.taken is None or found.taken not in hops:
            return {}
        return {frozenset(hops.values()): hops[found.taken]}

    def _hop(self, gateway: Any, index: int) -> Hop:
        interface = self._tables.interface_at(index)
        return (str(gateway) if gateway else "", interface.name if interface else "")


def _arriving(path: Path, flow: Flow) -> Frame | None:
    """The frame that a path begins with; None if that isn't known."""
    ingress, before = path.ingress, {change["field"]: change["from"] for change in path.changes}
    if not ingress or not ingress["port"] or not path.frame:
        return None
    return Frame(
        ingress["port"],
        ingress["vlan"] if ingress["tagged"] else None,
        before.get("source-mac", path.frame["source_mac"]),
        before.get("destination-mac", path.frame["destination_mac"]),
        flow,
    )


def _observed(tables: Tables, ports: SwitchingObserver) -> Observed:
    reader = LinkReader()
    try:
        devices = reader.all()
    finally:
        reader.close()
    names = {device.index: device.name for device in devices.values()}
    routes = kernel_tables.routes()
    return Observed(
        macs=tuple(ports.mac_table()),
        neighbours={
            (names.get(entry.index, ""), entry.address): entry.mac for entry in kernel_tables.arp_entries()
        },
        links=dict(_links(tables, devices)),
        routes=tuple(r for r in routes if r.table == MAIN_TABLE and r.protocol not in (PROTOCOL, _KERNEL)),
        routed_by=names,
        own=frozenset(r.prefix.partition("/")[0] for r in routes if r.kind == kernel_tables.LOCAL),
        router_mac=next((i.device.mac for i in tables.interfaces()), ""),
    )


_KERNEL = 2
"""RTPROT_KERNEL: routes that the kernel makes of addresses."""


def _links(tables: Tables, devices: Mapping[str, Device]) -> Iterator[tuple[str, str]]:
    for port in tables.port_names:
        device = devices.get(tables.device_of(port))
        if device is None:
            yield port, "its network device isn't there"
        elif device.up and not device.carrier:
            yield port, "it has no link"
