"""Plan, apply, verify, undo: bringing the data plane from one configuration to another.

The engine is the same for all drivers. It asks what the changed objects are now and what they should be,
makes steps of the differences, lets the drivers take the steps, and reads everything back. When a step
fails or the data plane doesn't do what it said, whatever was changed is brought back to what it was.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connetos_agent.dataplane.base import Driver, DriverError, ObjectKey, Step
from connetos_agent.dataplane.intents import DEPENDENTS, RANK, affected, intended, intent
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states import State
from connetos_sdk.errors import ApplyFailed, NotRealisable, Problem, raise_problems
from connetos_sdk.model.diff import Change
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.rules import PORTS
from connetos_sdk.model.tree import Document

log = logging.getLogger(__name__)

SETTLE_ROUNDS = 2
"""How often what doesn't match after applying is applied again: the kernel takes routes away with addresses."""


@dataclass(frozen=True)
class Plan:
    """What a change means for the data plane.

    Attributes:
        steps: in the order in which they are made.
        targets: every object that is read back afterwards, whether it has a step or not.
    """

    steps: tuple[Step, ...]
    targets: tuple[ObjectKey, ...]


class Dataplane:
    """All drivers together.

    Args:
        drivers: each kind of object is realised by exactly one of them.
        platform: the hardware.
    """

    def __init__(self, drivers: Sequence[Driver], platform: Platform) -> None:
        self.drivers = tuple(drivers)
        self.platform = platform
        self._driver_of = {kind: driver for driver in drivers for kind in driver.kinds}

    @property
    def name(self) -> str:
        """The name of the data plane for people: that of the driver of the ports."""
        return self._driver_of["port"].name

    def open(self) -> None:
        """Open all drivers.

        Raises:
            DriverError: one can't be opened.
        """
        for driver in self.drivers:
            driver.open()

    def close(self) -> None:
        """Close all drivers; what they realised stays."""
        for driver in self.drivers:
            driver.close()

    def observe(self, targets: Collection[ObjectKey]) -> dict[ObjectKey, State | None]:
        """The states of `targets` now."""
        states: dict[ObjectKey, State | None] = {}
        for driver in self.drivers:
            mine = [target for target in targets if target.kind in driver.kinds]
            if mine:
                states.update(driver.observe(mine))
        return states

    def plan(self, changes: Sequence[Change], document: Document) -> Plan:
        """The steps that the changes mean, checked with the drivers.

        Raises:
            NotRealisable: a driver can't do it; the problems name the driver and the reason.
            ApplyFailed: the data plane can't be read.
        """
        self._check_ports(changes)
        paths: dict[ObjectKey, Path] = {}
        for change in changes:
            for target in affected(change):
                paths.setdefault(target, change.path)
        missing = {target.kind for target in paths} - self._driver_of.keys()
        if missing:
            raise NotRealisable(f"this data plane has no {', '.join(sorted(missing))}")
        wanted = {target: intent(target, document, self.platform) for target in paths}
        try:
            steps = self._steps(wanted)
            refused = self._refused({step.target: step.want for step in steps})
            raise_problems(
                Problem(
                    f"{self._driver_of[target.kind].name}: {reason}", paths[target], code=NotRealisable.code
                )
                for target, reason in refused.items()
            )
            return Plan(steps, (*paths, *self._dependents(paths, document)))
        except DriverError as error:
            raise ApplyFailed(str(error)) from error

    def _refused(self, wanted: Mapping[ObjectKey, State | None]) -> dict[ObjectKey, str]:
        refused: dict[ObjectKey, str] = {}
        for driver in self.drivers:
            mine = {t: want for t, want in wanted.items() if t.kind in driver.kinds and want is not None}
            if mine:
                refused.update(driver.refuse(mine))
        return refused

    def _check_ports(self, changes: Iterable[Change]) -> None:
        asked = {c.path[2]: c.path[:3] for c in changes if c.path[:2] == PORTS and c.new is not None}
        raise_problems(
            Problem(
                f"this switch has no port {port}",
                path,
                f"ports: {self.platform.described_ports()}",
                NotRealisable.code,
            )
            for port, path in asked.items()
            if port not in self.platform.ports
        )

    def _dependents(self, targets: Collection[ObjectKey], document: Document) -> list[ObjectKey]:
        kinds = {kind for target in targets for kind in DEPENDENTS.get(target.kind, ())}
        if not kinds:
            return []
        return [t for t in intended(document, self.platform) if t.kind in kinds and t not in targets]

    def _steps(self, wanted: dict[ObjectKey, State | None]) -> tuple[Step, ...]:
        have = self.observe(wanted)
        steps = [
            Step(self._driver_of[target.kind].name, target, have[target], want)
            for target, want in wanted.items()
            if have[target] != want
        ]
        return tuple(_ordered(steps))

    def run(self, plan: Plan, document: Document) -> None:
        """Make the plan's steps and read back what it touches.

        Raises:
            ApplyFailed: it couldn't be done; the state before is back, or the message says what isn't.
        """
        before: dict[ObjectKey, State | None] = {}
        try:
            before = self.observe(plan.targets)
            self._apply(plan.steps)
            mismatches = self._verify(plan.targets, document)
        except DriverError as error:
            reason = str(error)
        else:
            if not mismatches:
                return
            reason = "not as configured after applying: " + ", ".join(map(_mismatch, mismatches[:5]))
        log.error("commit failed, undoing: %s", reason)
        left = self._undo(before)
        if left:
            raise ApplyFailed(
                f"{reason}; going back failed too: {left}",
                hint="the next commit or a restart of the agent tries again",
            )
        raise ApplyFailed(reason, hint="the state before is restored")

    def _apply(self, steps: Sequence[Step]) -> None:
        for name, batch in itertools.groupby(steps, key=lambda step: step.driver):
            listed = list(batch)
            self._driver_of[listed[0].target.kind].apply(listed)
            log.debug("applied by %s: %s", name, ", ".join(map(str, listed[:20])))

    def _verify(self, targets: Sequence[ObjectKey], document: Document) -> tuple[Step, ...]:
        wanted = {target: intent(target, document, self.platform) for target in targets}
        left = self._steps(wanted)
        for _ in range(SETTLE_ROUNDS):
            if not left:
                return ()
            self._apply(left)
            left = self._steps(wanted)
        return left

    def _undo(self, before: dict[ObjectKey, State | None]) -> str:
        """Bring objects back to the states they had; what couldn't be is returned as text."""
        try:
            for _ in range(SETTLE_ROUNDS + 1):
                steps = self._steps(before)
                if not steps:
                    return ""
                self._apply(steps)
            return ", ".join(str(step.target) for step in self._steps(before))
        except DriverError as error:
            return str(error)

    def reconcile(self, document: Document) -> tuple[Plan, list[str]]:
        """Bring the whole data plane to what `document` asks for, changing only what differs.

        What can't be realised (a device that isn't there) is left and told; everything else is done.

        Returns:
            The plan of what differed, and what is not as configured afterwards.
        """
        targets = list(dict.fromkeys([*intended(document, self.platform), *self._present()]))
        wanted = {target: intent(target, document, self.platform) for target in targets}
        refused = self._refused(wanted)
        troubles = [f"{self._driver_of[t.kind].name}: {t}: {reason}" for t, reason in refused.items()]
        wanted = {target: want for target, want in wanted.items() if target not in refused}
        plan = Plan(self._steps(wanted), tuple(wanted))
        if not plan.steps:
            return plan, troubles
        try:
            self._apply(plan.steps)
        except DriverError:
            for step in plan.steps:  # one after the other, so that one trouble doesn't stop the rest
                try:
                    self._apply([step])
                except DriverError as error:
                    troubles.append(str(error))
        try:
            troubles += [_mismatch(step) for step in self._verify(list(wanted), document)]
        except DriverError as error:
            troubles.append(str(error))
        return plan, troubles

    def _present(self) -> list[ObjectKey]:
        return [target for driver in self.drivers for target in driver.present()]


def _mismatch(step: Step) -> str:
    have = "absent" if step.have is None else step.have.shown()
    want = "absent" if step.want is None else step.want.shown()
    return f"{step.target} is {have}, should be {want}"


def _ordered(steps: Iterable[Step]) -> list[Step]:
    """Make before break: what is made or changed from the bottom up, then what is taken away from the top down."""
    listed = sorted(steps, key=lambda s: (RANK[s.target.kind], port_order(s.target.key)))
    made = [step for step in listed if step.want is not None]
    return made + [step for step in reversed(listed) if step.want is None]
