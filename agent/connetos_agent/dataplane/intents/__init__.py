"""Which objects a configuration asks for, and in what state: the same for every data plane.

Each module of this package is one area of the configuration; its `KINDS` say what objects it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents import (
    arp,
    firewall,
    host,
    lldp,
    ports,
    relay,
    routing,
    stack,
    switching,
    system,
    vlans,
)
from connetos_agent.dataplane.intents.kind import Kind
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_sdk.model.diff import Change
from connetos_sdk.model.tree import Document

KINDS: dict[str, Kind] = {
    kind.name: kind
    for area in (arp, host, vlans, ports, switching, routing, relay, lldp, system, stack, firewall)
    for kind in area.KINDS
}
"""All kinds of objects by name."""


def affected(change: Change, documents: Sequence[Document], platform: Platform) -> Iterator[ObjectKey]:
    """The objects that a change touches; `documents` are those before and after it."""
    for target in _named(change, documents, platform):
        yield target
        for document in documents:
            yield from KINDS[target.kind].others(target.key, document, platform)


def _named(change: Change, documents: Sequence[Document], platform: Platform) -> Iterator[ObjectKey]:
    located = change.located
    rule = located.objects
    if rule is None:
        return
    keys: list[str]
    if rule.key == "entry":
        keys = [located.keys[located.object_index]]
    elif rule.key == "parent":
        keys = [located.keys[located.object_index - 1]]
    elif rule.key == "value":
        keys = [str(v) for v in (change.old, change.new) if v is not None]
    elif rule.key == "*":
        for kind in rule.kinds:
            for document in documents:
                yield from (ObjectKey(kind, key) for key in KINDS[kind].keys(document, platform))
        return
    else:
        keys = [rule.key]
    for kind in rule.kinds:
        yield from (ObjectKey(kind, key) for key in keys)


def intent(target: ObjectKey, document: Document, platform: Platform) -> State | None:
    """The state that `document` asks for, or None if the object shall not be there.

    Args:
        target: which object.
        document: the configuration.
        platform: the hardware; its ports are there whether configured or not.
    """
    return KINDS[target.kind].intent(target.key, document, platform)


def intended(document: Document, platform: Platform) -> Iterator[ObjectKey]:
    """Every object that `document` asks for."""
    for kind in KINDS.values():
        for key in kind.keys(document, platform):
            yield ObjectKey(kind.name, key)
