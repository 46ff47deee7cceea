"""Finds switches from a few that are known, by LLDP.

    found = discover(["leaf1.example.org"], connect, networks=["198.18.255.0/24"])
    print(found.switches, *found.cabling.links)

Whoever is plugged into a switch can advertise any address. So only neighbours in `networks` are asked, for asking means
sending a password; whatever else is there remains a stranger of the cabling.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from connetos_sdk.cabling import Advertised, Cabling, advertised, cabling
from connetos_sdk.errors import InvalidValue
from connetos_sdk.fleet import Fleet
from connetos_sdk.results import LldpNeighbor
from connetos_sdk.switch import Switch

MAX_SWITCHES = 1000
FORWARDING = {"bridge", "router"}
"""Capabilities of what may be a switch."""


@dataclass(frozen=True)
class Discovery:
    """What was found.

    Attributes:
        switches: where each answers, by its host name; of several with one name all but the first are called by
            where they answer.
        cabling: how they are cabled; `silent` are those that don't answer, by where they should.
    """

    switches: Mapping[str, str]
    cabling: Cabling


@dataclass
class _Search:
    told: dict[str, Advertised] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def add(self, where: str, name: str, own: Advertised) -> None:
        """A switch has answered, maybe one that is known by another address."""
        if own.chassis_id and own.chassis_id in self.known():
            return
        called = where if name in self.told else name
        self.told[called], self.where[called] = own, where

    def known(self) -> set[str]:
        return {one.chassis_id for one in self.told.values()}


def discover(
    seeds: Iterable[str],
    connect: Callable[[str], Switch],
    *,
    networks: Iterable[str] = (),
    limit: int = MAX_SWITCHES,
    parallel: int = 20,
) -> Discovery:
    """Ask switches, then their neighbours, and theirs, until there are no new ones.

    Args:
        seeds: where the first ones are; what `connect` understands.
        connect: the switch at a seed, or at an address that LLDP tells; it is closed after it was asked.
        networks: in which neighbours are asked; none by default, so that only the seeds are.
        limit: how many switches are asked at most.
        parallel: how many at once.

    Raises:
        InvalidValue: one of `networks` isn't a network.
    """
    allowed = [_network(text) for text in networks]
    search, todo = _Search(), list(dict.fromkeys(seeds))
    while todo := todo[: limit - len(search.asked)]:
        search.asked.update(todo)
        answers = Fleet({where: partial(connect, where) for where in todo}, parallel=parallel).run(_ask)
        for where, outcome in answers.outcomes.items():
            if outcome.value is None:
                search.silent[where] = str(outcome.error)
            else:
                search.add(where, *outcome.value)
        todo = _next(search, allowed)
    return Discovery(search.where, cabling(search.told, search.silent))


def _ask(switch: Switch) -> tuple[str, Advertised]:
    return switch.system().hostname, advertised(switch)


def _next(search: _Search, allowed: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> list[str]:
    """Where the neighbours are that nobody has asked yet."""
    known = search.known()
    neighbors = (one for own in search.told.values() for one in own.neighbors if one.chassis_id not in known)
    found = (_address(one, allowed) for one in neighbors if _forwards(one))
    return [where for where in dict.fromkeys(found) if where and where not in search.asked]


def _forwards(neighbor: LldpNeighbor) -> bool:
    return bool(FORWARDING & {name.lower() for name in neighbor.capabilities})


def _address(neighbor: LldpNeighbor, allowed: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> str:
    """The first of its addresses that may be asked; empty if none may."""
    for text in neighbor.management_addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        if any(address in network for network in allowed):
            return str(address)
    return ""


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidValue(f"{text} isn't a network: {error}", hint="such as 198.18.255.0/24") from None
