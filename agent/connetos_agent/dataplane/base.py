"""What a data plane driver is.

The configuration is realised by *objects*: a port in Open vSwitch, a network device's MTU, a set of
addresses, a route. An object has a kind, a key (`("port", "te-1/1/1")`) and a state, a frozen dataclass of
`connetos_agent.dataplane.states`. Which objects a configuration asks for is said by
`connetos_agent.dataplane.intents`; what a driver has to know is only how to look at an object and how to
bring it from one state to another. Planning, ordering, undo and verification are the same for all drivers
and live in `connetos_agent.config.transaction`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.firewall import FilterCounters
from connetos_agent.dataplane.states.ports import LacpMember, LinkStatus, MacEntry


class ObjectKey(NamedTuple):
    """Names one object of the data plane, such as `("port", "te-1/1/1")`."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


@dataclass(frozen=True)
class Step:
    """Bring one object from the state it has to the state it should have; None is: not there."""

    driver: str
    target: ObjectKey
    have: State | None
    want: State | None

    @property
    def reverse(self) -> Step:
        """The step that undoes this one."""
        return Step(self.driver, self.target, self.want, self.have)

    def __str__(self) -> str:
        verb = "create" if self.have is None else "delete" if self.want is None else "change"
        return f"{self.driver}: {verb} {self.target}"

    def to_dict(self) -> dict[str, Any]:
        """JSON form for plans: driver, object, and the fields that change."""
        have = {} if self.have is None else self.have.shown()
        want = {} if self.want is None else self.want.shown()
        changed = [name for name in have | want if have.get(name) != want.get(name)]
        return {
            "driver": self.driver,
            "object": str(self.target),
            "from": {name: have[name] for name in changed if name in have} or None,
            "to": {name: want[name] for name in changed if name in want} or None,
        }


class DriverError(Exception):
    """The real thing refused or can't be reached. The message is for the user: what, where, why."""


class Observer(Protocol):
    """Looks at objects from a thread of its own, without waiting for a change that is under way."""

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""

    def link_status(self) -> Mapping[str, LinkStatus]:
        """Status of devices by the name of their port or VLAN interface; empty if this driver has none."""

    def close(self) -> None:
        """Give back what the observer holds."""


@runtime_checkable
class SwitchingObserver(Protocol):
    """What the observer of the driver that switches frames knows besides; it may be asked from any thread."""

    def mac_table(self) -> Sequence[MacEntry]:
        """Which addresses are behind which ports."""

    def clear_mac_table(self, port: str | None) -> int:
        """Forget what was learned, at one port or (None) all; how many addresses that were."""

    def lacp_members(self) -> Sequence[LacpMember]:
        """Members of aggregates that LACP runs on."""

    def filter_counters(self) -> FilterCounters:
        """How many packets met the terms of filters."""

    def clear_filters(self, name: str | None) -> int:
        """Count from zero at one filter or (None) all; how many filters that are."""


class Driver(Protocol):
    """Realises some kinds of objects through one long-lived connection to the real thing.

    The engine calls a driver from one thread at a time, never two. `observe` and `apply` may block, but must
    end (with `DriverError`) within `connetos_agent.dataplane.base.TIMEOUT` seconds.
    """

    name: str
    """Name for plans, logs and error messages, such as `openvswitch`."""

    kinds: frozenset[str]
    """Kinds of objects that this driver realises."""

    def open(self) -> None:
        """Connect, and prepare what every object needs (a bridge, sysctls). Changes nothing that is right.

        Raises:
            DriverError: the real thing isn't there.
        """

    def close(self) -> None:
        """Disconnect. What was realised stays."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """Those of `wanted` that this driver can't bring about, each with the reason, for the user."""

    def present(self) -> Iterable[ObjectKey]:
        """The objects that there are now and that belong to the configuration, whoever made them."""

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """The state of each of `targets`, read from the real thing, not from memory.

        Raises:
            DriverError: it can't be read.
        """

    def observer(self) -> Observer:
        """A new observer, to be used from one other thread."""

    def apply(self, steps: Sequence[Step]) -> None:
        """Make the steps, in one transaction where the component has transactions.

        Raises:
            DriverError: not all could be made. Some may have been; the engine looks and undoes.
        """


Suspect = Callable[[Collection[ObjectKey] | None, bool], None]
"""Tells the engine, from any thread, that objects may not be as they were made: which (None: any of the driver's),
and whether they are to be brought back whatever the policy says (something of our own lost them)."""


@runtime_checkable
class Watching(Protocol):
    """A driver that hears when the real thing is changed by somebody else."""

    def watch(self, suspect: Suspect) -> None:
        """Begin to tell. Called once, after `open`."""


TIMEOUT = 15.0
"""Seconds after which a driver gives up waiting for the real thing."""
