"""Plan, apply, verify, undo: bringing the data plane from one configuration to another.

The engine is the same for all drivers. It asks what the changed objects are now and what they should be,
makes steps of the differences, lets the drivers take the steps, and reads everything back. When a step
fails or the data plane doesn't do what it said, whatever was changed is brought back to what it was.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connetos_agent.dataplane.base import Driver, DriverError, ObjectKey, Step
from connetos_agent.dataplane.intents import KINDS, affected, intended, intent
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_sdk.errors import ApplyFailed, NotRealisable, Problem, raise_problems
from connetos_sdk.model.diff import Change
from connetos_sdk.model.paths import Path
from connetos_sdk.model.ranges import port_order
from connetos_sdk.model.tree import Document

log = logging.getLogger(__name__)

SETTLE_ROUNDS = 2
"""How often what doesn't match after applying is applied again: the kernel takes routes away with addresses."""


@dataclass(frozen=True)
class Plan:
    """What a change means for the data plane.

    Attributes:
        steps: in the order in which they are made.
        targets: every object that the change is about; all are read back afterwards.
        dependents: objects that the kernel may take away with those; they are read back too.
    """

    steps: tuple[Step, ...]
    targets: tuple[ObjectKey, ...]
    dependents: tuple[ObjectKey, ...] = ()


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
        self.troubles: dict[ObjectKey, str] = {}
        """Objects that aren't as configured, each with the reason; `repair` tries them again."""

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

    def plan(self, changes: Sequence[Change], document: Document, old: Document) -> Plan:
        """The steps that the changes from `old` to `document` mean, checked with the drivers.

        Raises:
            NotRealisable: a driver can't do it; the problems name the driver and the reason.
            ApplyFailed: the data plane can't be read.
        """
        self.check_ports(changes)
        paths: dict[ObjectKey, Path] = {}
        for change in changes:
            for target in affected(change, (old, document), self.platform):
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
            return Plan(steps, tuple(paths), tuple(self.dependents(paths, document)))
        except DriverError as error:
            raise ApplyFailed(str(error)) from error

    def _refused(self, wanted: Mapping[ObjectKey, State | None]) -> dict[ObjectKey, str]:
        refused: dict[ObjectKey, str] = {}
        for driver in self.drivers:
            mine = {t: want for t, want in wanted.items() if t.kind in driver.kinds and want is not None}
            if mine:
                refused.update(driver.refuse(mine))
        return refused

    def check_ports(self, changes: Iterable[Change]) -> None:
        """Raise `NotRealisable` if a change is about a port that the platform doesn't have."""
        asked: dict[Path, str] = {}
        for change in changes:
            if (port := change.located.port) and change.new is not None:
                asked[change.path[: change.path.index(port) + 1]] = port
        raise_problems(
            Problem(
                f"this switch has no port {port}",
                path,
                f"ports: {self.platform.described_ports()}",
                NotRealisable.code,
            )
            for path, port in asked.items()
            if port not in self.platform.ports
        )

    def dependents(self, targets: Collection[ObjectKey], document: Document) -> list[ObjectKey]:
        """Other objects that the real thing may take away or change together with `targets`."""
        kinds = {kind for target in targets for kind in KINDS[target.kind].dependents}
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

    def run(self, plan: Plan, document: Document, old: Document) -> None:
        """Make the plan's steps and read back what it touches.

        Args:
            plan: made for `document`.
            document: what shall be realised.
            old: what was; dependents that weren't as it says are no reason to fail.

        Raises:
            ApplyFailed: it couldn't be done; the state before is back, or the message says what isn't.
        """
        before: dict[ObjectKey, State | None] = {}
        try:
            before = self.observe((*plan.targets, *plan.dependents))
            sound = [t for t in plan.dependents if before[t] == intent(t, old, self.platform)]
            self._apply(plan.steps)
            mismatches = self._verify((*plan.targets, *sound), document)
        except Exception as error:  # whatever it was, nothing may stay half done
            reason = str(error) if isinstance(error, DriverError) else f"unexpected error: {error!r}"
            if not isinstance(error, DriverError):
                log.exception("unexpected error while applying")
        else:
            if not mismatches:
                for target in plan.targets:
                    self.troubles.pop(target, None)
                return
            reason = "not as configured after applying: " + ", ".join(map(_mismatch, mismatches[:5]))
        log.error("commit failed, undoing: %s", reason)
        left = self._undo(before)
        if left:
            self.troubles.update(dict.fromkeys(left, "left behind by a commit that couldn't be undone"))
            raise ApplyFailed(
                f"{reason}; going back failed too: {', '.join(map(str, left))}",
                hint="the agent goes on trying; see state/system/troubles",
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

    def _undo(self, before: Mapping[ObjectKey, State | None]) -> list[ObjectKey]:
        """Bring objects back to the states they had; those that couldn't be are returned."""
        for _ in range(SETTLE_ROUNDS + 1):
            try:
                steps = self._steps(dict(before))
            except DriverError as error:
                log.error("going back: %s", error)
                return list(before)
            if not steps or not self._apply_each(steps):
                return [step.target for step in steps]
        return [step.target for step in self._steps(dict(before))]

    def _apply_each(self, steps: Sequence[Step]) -> bool:
        """Apply each driver's steps, whether or not those of another driver fail; whether all went well."""
        good = True
        for _, batch in itertools.groupby(steps, key=lambda step: step.driver):
            try:
                self._apply(list(batch))
            except Exception as error:  # the other drivers' part is done all the same
                log.error("going back: %s", error)
                good = False
        return good

    def reconcile(self, document: Document) -> tuple[Step, ...]:
        """Bring the whole data plane to what `document` asks for, changing only what differs; the steps for that.

        What can't be realised (a device that isn't there) is left and told in `troubles`; everything else is done.
        """
        targets = list(dict.fromkeys([*intended(document, self.platform), *self._present()]))
        return self.bring(targets, document)

    def repair(self, document: Document) -> tuple[Step, ...]:
        """Try again what `troubles` lists; the steps made for it."""
        return self.bring(list(self.troubles), document) if self.troubles else ()

    def asked(self, document: Document) -> Iterator[ObjectKey]:
        """Every object that `document` asks for."""
        return intended(document, self.platform)

    def of_driver(self, driver: Driver, document: Document) -> list[ObjectKey]:
        """Every object of a driver that `document` asks for or that there is.

        Raises:
            DriverError: it can't be read.
        """
        asked = (target for target in intended(document, self.platform) if target.kind in driver.kinds)
        return list(dict.fromkeys([*asked, *driver.present()]))

    def differences(self, targets: Collection[ObjectKey], document: Document) -> tuple[Step, ...]:
        """What would have to be done for `targets` to be what `document` asks for; what is in trouble is left out.

        Raises:
            DriverError: it can't be read.
        """
        sound = (target for target in targets if target not in self.troubles)
        return self._steps({target: intent(target, document, self.platform) for target in sound})

    def bring(self, targets: Sequence[ObjectKey], document: Document) -> tuple[Step, ...]:
        """Bring `targets` to what `document` asks for; the steps made. What can't be is told in `troubles`."""
        wanted = {target: intent(target, document, self.platform) for target in targets}
        found: dict[ObjectKey, str] = {}
        try:
            found.update(
                (target, f"{self._driver_of[target.kind].name}: {target}: {reason}")
                for target, reason in self._refused(wanted).items()
            )
            wanted = {target: want for target, want in wanted.items() if target not in found}
            steps = self._steps(wanted)
            if steps:
                self._apply_or_tell(steps, found)
                found.update(
                    (step.target, _mismatch(step)) for step in self._steps(wanted) if step.target not in found
                )
        except DriverError as error:
            steps = ()
            found.update((target, str(error)) for target in targets if target not in found)
        self.troubles = {t: text for t, text in self.troubles.items() if t not in targets} | found
        return steps

    def _apply_or_tell(self, steps: tuple[Step, ...], found: dict[ObjectKey, str]) -> None:
        try:
            for _ in range(SETTLE_ROUNDS):
                self._apply(steps)
                steps = self._steps({step.target: step.want for step in steps})
                if not steps:
                    return
        except DriverError:
            for step in steps:  # one after the other, so that one trouble doesn't stop the rest
                try:
                    self._apply([step])
                except DriverError as error:
                    found[step.target] = f"{step.target}: {error}"

    def _present(self) -> list[ObjectKey]:
        return [target for driver in self.drivers for target in driver.present()]


def _mismatch(step: Step) -> str:
    have = "absent" if step.have is None else step.have.shown()
    want = "absent" if step.want is None else step.want.shown()
    return f"{step.target} is {have}, should be {want}"


def _ordered(steps: Iterable[Step]) -> list[Step]:
    """Make before break: what is made or changed from the bottom up, then what is taken away from the top down."""
    listed = sorted(steps, key=lambda s: (KINDS[s.target.kind].rank, port_order(s.target.key)))
    made = [step for step in listed if step.want is not None]
    return made + [step for step in reversed(listed) if step.want is None]
