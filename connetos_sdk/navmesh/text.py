"""The way of a flow for people."""

from __future__ import annotations

from collections.abc import Iterator

from connetos_sdk.navmesh.trips import DELIVERED, Branch, FabricResult, Hop, Trip


def lines(result: FabricResult) -> Iterator[str]:
    """Both directions, each branch from the sender on, with the reason and the lines to blame where it ends early."""
    for trip in (result.forward, result.back):
        if trip is not None:
            yield from _trip(trip)
    yield from (f"cabling: {remark}" for remark in result.remarks)


def _trip(trip: Trip) -> Iterator[str]:
    yield f"{trip.flow}: {trip.outcome}"
    for number, branch in enumerate(trip.branches, 1):
        if len(trip.branches) > 1:
            yield f" way {number} of {len(trip.branches)}:"
        yield from (f"  {line}" for line in _branch(trip, branch))


def _branch(trip: Trip, branch: Branch) -> Iterator[str]:
    yield trip.source
    names = max((len(hop.switch) for hop in branch.hops), default=0)
    for hop in branch.hops:
        yield f"{hop.switch.ljust(names)}  {_hop(hop)}".rstrip()
    if branch.outcome == DELIVERED:
        yield trip.destination
        return
    yield f"{branch.outcome} at {branch.where}: {branch.reason}"
    switch = branch.where.partition(":")[0]
    yield from (f"  {switch}: {line}" for line in branch.configuration)
    yield from (f"  {switch} lacks: {line}" for line in branch.missing)


def _hop(hop: Hop) -> str:
    path = hop.path
    if path is None:
        return f"{hop.ingress} -> ?"
    came = f"{hop.ingress}{_vlan(path.ingress.vlan, path.ingress.tagged)}" if path.ingress else hop.ingress
    if not hop.egress:
        return came
    egress = next(one for one in path.egress if one.port == hop.egress)
    routed = any(change.field == "ttl" for change in path.changes)
    how = f"  routed via {path.next_hop}" if path.next_hop else "  routed" if routed else ""
    how = "  flooded" if path.fate == "flooded" else how
    return f"{came} -> {hop.egress}{_vlan(egress.vlan, egress.tagged)}{how}"


def _vlan(vlan: int | None, tagged: bool) -> str:
    return "" if vlan is None else f" (VLAN {vlan}{', tagged' if tagged else ''})"
