"""Aggregates, limits of ports, static MAC addresses, mirrors, and settings of the whole switch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.intents.kind import Intent, Keys, Kind, always
from connetos_agent.dataplane.intents.ports import aggregate_members, interface_entry, native_vlan
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.switching import (
    Aggregate,
    EcmpHash,
    LagHash,
    LinkSpeed,
    MacAging,
    Mirror,
    RateLimit,
    Setting,
    StaticMacs,
    StormControl,
)
from connetos_sdk.model.rules import AGGREGATES, ANALYZERS, FORWARDING, LOAD_BALANCE, PORTS
from connetos_sdk.model.tree import Document, get

HASH_KEYS = (
    "ingress-interface",
    "source-mac",
    "dest-mac",
    "ether-type",
    "vlan-id",
    "ip-protocol",
    "source-ip",
    "dest-ip",
    "l4-source-port",
    "l4-dest-port",
)
"""Header fields by which load is shared, in the documented order."""

ROUTED_KEYS = ("ip-protocol", "source-ip", "dest-ip", "l4-source-port", "l4-dest-port")
"""Those that a routed packet has: next hops are chosen by them."""


def _keys(entry: Mapping[str, Any], usable: Iterable[str]) -> tuple[str, ...]:
    """The usable keys that aren't switched off, and every key that is switched on by name."""
    keys = entry.get("key", {})
    enabled = {key: get(keys, (key, "enable"), None) for key in HASH_KEYS}
    return tuple(k for k in HASH_KEYS if enabled[k] or (enabled[k] is None and k in usable))


def _lag_entry(document: Document) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = get(document, (*LOAD_BALANCE, "lag"), {})
    return entry


def lag_hash(document: Document) -> LagHash:
    """How members share the load; the port a frame came in by is used only where it is asked for by name."""
    entry = _lag_entry(document)
    return LagHash(
        keys=_keys(entry, HASH_KEYS[1:]),
        algorithm=int(entry.get("algorithm", 0)),
        symmetric=get(entry, ("symmetric", "enable"), False),
        tunnel=entry.get("tunnel", "outer"),
    )


def _lag_hash(_key: str, document: Document, _platform: Platform) -> State | None:
    return lag_hash(document) if _lag_entry(document) else None


def _aggregates(document: Document, _platform: Platform) -> Iterable[str]:
    names: Mapping[str, Any] = get(document, AGGREGATES, {})
    return names


def _aggregate(name: str, document: Document, platform: Platform) -> State | None:
    entry = get(document, (*AGGREGATES, name), None)
    if entry is None:
        return None
    options, shares = entry.get("ether-options", {}), lag_hash(document)
    return Aggregate(
        members=tuple(aggregate_members(name, document, platform)),
        lacp=get(options, ("lacp", "enable"), False),
        min_selected=options.get("min-selected-port", 1),
        keys=shares.keys,
        algorithm=shares.algorithm,
        symmetric=shares.symmetric,
        description=entry.get("description", ""),
    )


def _port_and_members(name: str, document: Document, platform: Platform) -> Iterator[ObjectKey]:
    yield ObjectKey("port", name)
    for member in aggregate_members(name, document, platform):
        for kind in (
            "port",
            "link",
            "flow-control",
            "static-mac",
            "storm-control",
            "rate-limit",
            "lldp-port",
        ):
            yield ObjectKey(kind, member)


def _storm_control(name: str, document: Document, platform: Platform) -> State | None:
    entry = interface_entry(name, document, platform).get("storm-control", {})
    rates = [get(entry, (sort, "kilobits"), None) for sort in ("broadcast", "multicast", "unicast")]
    return StormControl(*rates) if any(rates) else None


def _rate_limit(name: str, document: Document, platform: Platform) -> State | None:
    entry = interface_entry(name, document, platform).get("rate-limiting", {})
    rates = [get(entry, (direction, "kilobits"), None) for direction in ("ingress", "egress")]
    return RateLimit(*rates) if any(rates) else None


def _static_macs(name: str, document: Document, platform: Platform) -> State | None:
    entries = interface_entry(name, document, platform).get("static-mac-address", {})
    native = native_vlan(name, document, platform)
    found = {(vlan, mac) for mac, entry in entries.items() for vlan in entry.get("vlan", [native])}
    return StaticMacs(tuple(sorted(found))) if found else None


def _having(*words: str) -> Keys:
    """Ports and aggregates that have something configured at a path."""

    def keys(document: Document, platform: Platform) -> Iterator[str]:
        for path in (PORTS, AGGREGATES):
            for name in get(document, path, {}):
                if get(interface_entry(name, document, platform), words, None) is not None:
                    yield name

    return keys


def _mac_aging(_key: str, document: Document, _platform: Platform) -> State | None:
    return MacAging(get(document, (*FORWARDING, "mac-aging-time"), 300))


def _forwarding_mode(_key: str, document: Document, _platform: Platform) -> State | None:
    mode = get(document, (*FORWARDING, "forwarding-mode"), "store-and-forwarding")
    return None if mode == "store-and-forwarding" else Setting(mode)


def _setting(value: bool, *words: str) -> Intent:
    """A setting that is wanted only where the leaf at a path has this value, which isn't its default."""

    def intent(name: str, document: Document, platform: Platform) -> State | None:
        found = get(interface_entry(name, document, platform), words, None)
        return Setting(str(value).lower()) if found is value else None

    return intent


def _flow_control(name: str, document: Document, platform: Platform) -> State | None:
    if name not in platform.ports:
        return None
    words = ("ether-options", "flow-control", "enable")
    own = get(document, (*PORTS, name), {})
    shared = get(document, (*AGGREGATES, get(own, ("ether-options", "802.3ad"), "")), {})
    return Setting("true") if get(own, words, False) or get(shared, words, False) else None


def _speed(name: str, document: Document, platform: Platform) -> State | None:
    speed = interface_entry(name, document, platform).get("speed")
    return None if speed is None else LinkSpeed(speed)


def _mirror(name: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*ANALYZERS, name), None)
    if entry is None or "output" not in entry:
        return None
    inputs = entry.get("input", {})
    return Mirror(tuple(inputs.get("ingress", ())), tuple(inputs.get("egress", ())), entry["output"])


def _ecmp(_key: str, document: Document, _platform: Platform) -> State | None:
    entry = get(document, (*LOAD_BALANCE, "ecmp"), {})
    if not entry.keys() - {"max-path"}:
        return None
    return EcmpHash(
        keys=_keys(entry, ROUTED_KEYS),
        algorithm=int(entry.get("algorithm", 0)),
        tunnel=entry.get("tunnel", "outer"),
    )


def _every_aggregate(_key: str, document: Document, platform: Platform) -> Iterator[ObjectKey]:
    yield from (ObjectKey("aggregate", name) for name in _aggregates(document, platform))


KINDS = (
    Kind("mac-aging", 0, _mac_aging, always("switch")),
    Kind("forwarding-mode", 0, _forwarding_mode, always("switch")),
    Kind("ecmp-hash", 0, _ecmp, always("switch")),
    Kind("lag-hash", 1, _lag_hash, always("switch"), others=_every_aggregate),
    Kind("aggregate", 2, _aggregate, _aggregates, others=_port_and_members),
    Kind("edge-port", 3, _setting(True, "edge-port", "enable"), _having("edge-port")),
    Kind(
        "mac-learning",
        3,
        _setting(False, "ether-options", "mac-learning", "enable"),
        _having("ether-options"),
    ),
    Kind("storm-control", 3, _storm_control, _having("storm-control")),
    Kind("rate-limit", 3, _rate_limit, _having("rate-limiting")),
    Kind("static-mac", 3, _static_macs, _having("static-mac-address")),
    Kind("mirror", 3, _mirror, lambda document, _platform: get(document, ANALYZERS, {})),
    Kind("flow-control", 5, _flow_control, lambda _document, platform: platform.ports),
    Kind("link-speed", 5, _speed, _having("speed")),
)
