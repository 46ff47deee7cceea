"""Filters: their terms, and the interfaces they are at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.intents.ports import native_vlan
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.firewall import Condition, FirewallFilter, Place, Term
from connetos_agent.dataplane.states.switching import Setting
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import FILTERS, FORWARDERS, TERMS, VLANS
from connetos_sdk.model.tree import Document, get

DEFAULT_ACTION = "forward"


def term_order(names: Iterable[str]) -> list[str]:
    """Terms in the order in which they are compared: by name, numbers in names as numbers."""
    return sorted(names, key=port_order)


def _conditions(entry: Mapping[str, Any]) -> Iterator[Condition]:
    for field in sorted(entry):
        for form in sorted(entry[field]):
            yield from (Condition(field, form, str(value)) for value in entry[field][form])


def _filters(document: Document, _platform: Platform) -> Iterable[str]:
    names: Mapping[str, Any] = get(document, FILTERS, {})
    return names


def _filter(name: str, document: Document, platform: Platform) -> State | None:
    entry = get(document, (*FILTERS, name), None)
    if entry is None:
        return None
    matching, known = get(entry, ("matching", "term"), {}), get(document, TERMS, {})
    terms = (
        Term(term, matching[term].get("action", DEFAULT_ACTION), tuple(_conditions(known.get(term, {}))))
        for term in term_order(matching)
    )
    coming, going = (
        tuple(_places(entry.get(direction, {}), document, platform)) for direction in ("input", "output")
    )
    return FirewallFilter(tuple(terms), coming, going)


def _places(entry: Mapping[str, Any], document: Document, platform: Platform) -> Iterator[Place]:
    for interface in sorted(entry.get("gigabit-ethernet", ()), key=port_order):
        yield Place(interface, native_vlan(interface, document, platform))
    vlans = {
        e["l3-interface"]: int(vlan) for vlan, e in get(document, VLANS, {}).items() if "l3-interface" in e
    }
    for interface in sorted(entry.get("vlan-interface", ()), key=port_order):
        yield Place(interface, vlans.get(interface, 0))


def _forwarders(document: Document, _platform: Platform) -> Iterable[str]:
    names: Mapping[str, Any] = get(document, FORWARDERS, {})
    return names


def _forwarder(name: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*FORWARDERS, name), None)
    return None if entry is None else Setting(json.dumps(entry, sort_keys=True))


KINDS = (
    Kind("firewall-filter", 4, _filter, _filters),
    Kind("forwarder", 4, _forwarder, _forwarders),
)
