"""States of filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connetos_agent.dataplane.states.base import State


class Condition(NamedTuple):
    """One condition in the words of the configuration: `("l4-dest-port", "range", "2000:2100")`."""

    field: str
    form: str
    value: str


class Term(NamedTuple):
    """A term of a filter: a packet that meets any of the conditions is discarded or forwarded."""

    name: str
    action: str
    conditions: tuple[Condition, ...]


class Place(NamedTuple):
    """An interface that a filter is at; `vlan` is that of untagged frames there, or the VLAN interface's own."""

    interface: str
    vlan: int


@dataclass(frozen=True)
class FirewallFilter(State):
    """A filter.

    Attributes:
        terms: in the order in which they are compared.
        input: where what comes in is filtered.
        output: where what goes out is filtered.
        intact: it works the way it should; what is wanted is always true.
    """

    terms: tuple[Term, ...]
    input: tuple[Place, ...]
    output: tuple[Place, ...]
    intact: bool = True


class MetFilter(NamedTuple):
    """A filter that a frame has met: which term of it, at which interface."""

    name: str
    term: Term
    interface: str


class FilterTable(NamedTuple):
    """How many entries a table of filters has room for, and how many it has."""

    total: int
    used: int


@dataclass(frozen=True)
class FilterCounters:
    """How many packets met the terms, by filter and term, and how full the tables are."""

    packets: Mapping[str, Mapping[str, int]]
    ingress: FilterTable
    egress: FilterTable
