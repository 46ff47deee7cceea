"""One change of many switches: all of them have it in the end, or none.

    change = FabricChange(switches, {"leaf1": ["set vlans vlan-id 10"], "leaf2": ["set vlans vlan-id 10"]})
    report = change.run(checks=[answers(), text_check("leaf1", "show vlans", "10 ")])
    print(report.text)

Every switch plans the change first; only if all can do it, all commit it *confirmed*. Then the checks look at the
fabric as it has become. If they are content every switch is told to keep the change, else to go back. A switch that
can't be told any more (it died, or the change cut it off) goes back by itself when its time is over.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from connetos_sdk.errors import ConnetosError, NotFound, TransportError
from connetos_sdk.overlay import overlay
from connetos_sdk.results import CommitResult
from connetos_sdk.switch import Switch

MAX_WORKERS = 32
RETRY_SECONDS = 0.5
MAX_TOLD = 3
MAX_TOLD_CHARACTERS = 300
"""Of how many switches, and of each how much of its error, the reason of a report says; the rest is with the switch."""

Outcome = Literal[
    "unchanged", "planned", "changed", "rolled back", "left alone", "rolls back by itself", "failed"
]
"""What became of a switch. `left alone`: it could have done it, but another couldn't. `failed`: look at its error."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Edit:
    """What is to be changed on one switch: `set` and `delete` lines, or a document and how it is laid down.

    Attributes:
        operation: `lines`, `merge` or `replace`; or `overlay`, which merges and leaves nothing else below `purge`.
        value: text of lines, or a document.
        path: where the document belongs.
        purge: see `connetos_sdk.overlay`.
    """

    operation: Literal["lines", "merge", "replace", "overlay"]
    value: Any
    path: str | tuple[str, ...] = ()
    purge: tuple[str, ...] = ()

    def do(self, switch: Switch, **options: Any) -> CommitResult:
        """Do it in one transaction; options as for `Switch.merge`."""
        if self.operation == "lines":
            return switch.apply_lines(self.value, **options)
        if self.operation == "overlay":
            return overlay(switch, self.value, self.purge, **options)
        method = switch.merge if self.operation == "merge" else switch.replace
        return method(self.value, self.path, **options)


@dataclass(frozen=True)
class Check:
    """Something that must be so while the change waits.

    Attributes:
        name: for the report.
        run: gets the switches by name; returns what is wrong, or nothing. Errors of the SDK count as wrong.
    """

    name: str
    run: Callable[[Mapping[str, Switch]], str]


@dataclass(frozen=True)
class CheckResult:
    """How a check ended; `reason` is empty if it was content."""

    name: str
    reason: str

    @property
    def passed(self) -> bool:
        """Whether it was content."""
        return not self.reason


@dataclass(frozen=True)
class SwitchReport:
    """What became of one switch, with the difference that was (or would be) made."""

    name: str
    outcome: Outcome
    diff: str = ""
    commands: tuple[str, ...] = ()
    revision: int = 0
    error: str = ""


@dataclass(frozen=True)
class FabricReport:
    """What became of all."""

    switches: Mapping[str, SwitchReport]
    checks: tuple[CheckResult, ...] = ()
    reason: str = ""
    """Why the change wasn't made, or isn't complete; empty if all is well."""

    @property
    def ok(self) -> bool:
        """Whether everything is as asked for."""
        return not self.reason

    @property
    def changed(self) -> bool:
        """Whether any switch has (or, planned only, would have) another configuration than before."""
        return any(s.outcome in ("changed", "planned") for s in self.switches.values())

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "ok": self.ok,
            "changed": self.changed,
            "reason": self.reason,
            "switches": {
                name: {
                    "outcome": s.outcome, "diff": s.diff, "commands": list(s.commands),
                    "revision": s.revision, "error": s.error,
                }
                for name, s in self.switches.items()
            },
            "checks": [{"name": c.name, "passed": c.passed, "reason": c.reason} for c in self.checks],
        }  # fmt: skip

    @property
    def text(self) -> str:
        """The whole as one readable page; switches with the same difference stand together."""
        lines = [f"{'done' if self.ok else 'NOT DONE: ' + self.reason}"]
        groups: dict[tuple[str, str, str], list[str]] = {}
        for s in self.switches.values():
            groups.setdefault((s.outcome, s.error, s.diff), []).append(s.name)
        for (outcome, error, diff), names in groups.items():
            lines.append(f"\n{', '.join(names)}: {outcome}{f' ({error})' if error else ''}")
            lines += [f"    {line}" for line in diff.splitlines()]
        if self.checks:
            lines.append("\nchecks:")
            lines += [f"    {c.name}: {'passed' if c.passed else 'FAILED: ' + c.reason}" for c in self.checks]
        return "\n".join(lines) + "\n"


def answers() -> Check:
    """Every switch answers, and is as configured."""

    def run(switches: Mapping[str, Switch]) -> str:
        def one(name: str) -> str:
            troubles = switches[name].system().troubles
            return f"{name}: {troubles[0]}" if troubles else ""

        return "; ".join(filter(None, (_reason(name, found) for name, found in _all(one, switches).items())))

    return Check("every switch answers and is as configured", run)


def text_check(switch: str, command: str, contains: str) -> Check:
    """The text of an operational command on `switch` contains some text."""

    def run(switches: Mapping[str, Switch]) -> str:
        return "" if contains in switches[switch].cli(command) else f"{contains!r} isn't there"

    return Check(f"{switch}: {command} contains {contains!r}", run)


def state_check(switch: str, path: str, wanted: Any) -> Check:
    """The state at `path` on `switch` is `wanted`."""

    def run(switches: Mapping[str, Switch]) -> str:
        found = switches[switch].state(path)
        return "" if found == wanted else f"it is {found!r}"

    return Check(f"{switch}: {path} is {wanted!r}", run)


@dataclass
class FabricChange:
    """A change of many switches.

    Attributes:
        switches: connections by name; they stay open.
        edits: what to change on which of them; lines may be given as they are.
        comment: kept with each revision.
        confirm_s: seconds that switches wait for the checks before they go back by themselves.
    """

    switches: Mapping[str, Switch]
    edits: Mapping[str, Edit | str | Sequence[str]]
    comment: str = ""
    confirm_s: int = 120
    _reports: dict[str, SwitchReport] = field(default_factory=dict, init=False)
    _before: dict[str, int] = field(default_factory=dict, init=False)

    def run(self, *, checks: Iterable[Check] = (), dry_run: bool = False) -> FabricReport:
        """Make the change, or with `dry_run` only plan it. Never raises for what goes wrong on a switch.

        Raises:
            ValueError: an edit names a switch that isn't among `switches`.
        """
        strange = sorted(self.edits.keys() - self.switches.keys())
        if strange:
            raise ValueError(f"there is no switch {', '.join(strange)}")
        self._reports, self._before = {}, {}
        if reason := self._plan():
            return self._report(reason)
        waiting = [name for name, report in self._reports.items() if report.outcome == "planned"]
        if dry_run or not waiting:
            return self._report()
        deadline = time.monotonic() + self.confirm_s
        if reason := self._commit(waiting):
            return self._report(reason)
        results = tuple(self._check(check) for check in checks)
        failed = [f"{result.name}: {result.reason}" for result in results if not result.passed]
        if failed:
            self._go_back(waiting)
            return self._report(f"a check isn't content: {failed[0]}", results)
        return self._report(self._keep(waiting, deadline), results)

    # -- the steps ------------------------------------------------------------------------------------

    def _plan(self) -> str:
        def one(name: str) -> tuple[CommitResult, int]:
            revision = self.switches[name].revision()
            return _edit(self.edits[name]).do(
                self.switches[name], dry_run=True, if_revision=revision
            ), revision

        for name, found in _all(one, self.edits).items():
            if isinstance(found, ConnetosError):
                self._reports[name] = SwitchReport(name, "failed", error=str(found))
                continue
            plan, self._before[name] = found
            self._reports[name] = SwitchReport(
                name,
                "planned" if plan.changed else "unchanged",
                plan.diff,
                tuple(plan.set_lines.splitlines()),
                self._before[name],
            )
        return self._stop("can't do it")

    def _commit(self, names: Sequence[str]) -> str:
        def one(name: str) -> CommitResult:
            return _edit(self.edits[name]).do(
                self.switches[name],
                comment=self.comment,
                confirm=self.confirm_s,
                if_revision=self._before[name],
            )

        found = _all(one, names)
        unknown = [name for name, result in found.items() if isinstance(result, TransportError)]
        for name, result in found.items():
            if isinstance(result, ConnetosError):
                self._set(name, "failed", error=str(result))
            else:
                self._set(name, "changed", revision=result.revision)
        done = [name for name in names if self._reports[name].outcome == "changed"]
        reason = self._stop("didn't do it")
        if reason:
            self._go_back([*done, *unknown])
        return reason

    def _check(self, check: Check) -> CheckResult:
        try:
            return CheckResult(check.name, check.run(self.switches))
        except ConnetosError as error:
            return CheckResult(check.name, str(error))

    def _keep(self, names: Sequence[str], deadline: float) -> str:
        """Confirm everywhere; whatever can't be confirmed in time takes the others back with it."""

        def one(name: str) -> None:
            while True:
                try:
                    self.switches[name].confirm()
                except TransportError:
                    if time.monotonic() + RETRY_SECONDS > deadline:
                        raise
                    time.sleep(RETRY_SECONDS)
                except NotFound:
                    # An answer was lost on the way: the commit is confirmed if its revision is still the running one.
                    if self.switches[name].revision() != self._reports[name].revision:
                        raise
                    return
                else:
                    return

        found = _all(one, names)
        lost = {name: error for name, error in found.items() if isinstance(error, ConnetosError)}
        if not lost:
            return ""
        for name, error in lost.items():
            outcome: Outcome = "rolls back by itself" if isinstance(error, TransportError) else "rolled back"
            self._set(name, outcome, error=str(error))
        self._undo([name for name in names if name not in lost])
        return self._told(list(lost), "couldn't be told to keep the change")

    def _go_back(self, names: Sequence[str]) -> None:
        """Take back what waits for its confirmation."""

        def one(name: str) -> bool:
            try:
                self.switches[name].cancel_confirmed()
            except NotFound:
                report = self._reports[name]
                if report.outcome == "changed" and self.switches[name].revision() == report.revision:
                    raise  # somebody else has confirmed it
                return report.outcome == "changed"
            return True

        self._taken_back(_all(one, names))

    def _undo(self, names: Sequence[str]) -> None:
        """Take back what is confirmed already."""
        comment = f"rolled back with the fabric: {self.comment}"[:512]
        self._taken_back(
            _all(
                lambda name: self.switches[name].rollback(revision=self._before[name], comment=comment), names
            )
        )

    def _taken_back(self, found: Mapping[str, object]) -> None:
        for name, error in found.items():
            if isinstance(error, TransportError):
                self._set(name, "rolls back by itself", error=str(error))
            elif isinstance(error, ConnetosError):
                self._set(name, "failed", error=str(error))
            elif error:
                self._set(name, "rolled back", revision=self._before[name])

    # -- reporting ------------------------------------------------------------------------------------

    def _stop(self, what: str) -> str:
        """The reason to stop, if a switch failed; those that only planned are left alone."""
        failed = [name for name, report in self._reports.items() if report.outcome == "failed"]
        if not failed:
            return ""
        for name, report in self._reports.items():
            if report.outcome == "planned":
                self._set(name, "left alone")
        return self._told(failed, what)

    def _told(self, names: Sequence[str], what: str) -> str:
        """`what` of these switches, and why."""
        listed = [
            f"{name} {what}: {textwrap.shorten(self._reports[name].error, MAX_TOLD_CHARACTERS, placeholder=' ...')}"
            for name in names[:MAX_TOLD]
        ]
        if len(names) > MAX_TOLD:
            listed.append(f"and {len(names) - MAX_TOLD} more")
        return "; ".join(listed)

    def _set(self, name: str, outcome: Outcome, **facts: Any) -> None:
        self._reports[name] = replace(self._reports[name], outcome=outcome, **facts)

    def _report(self, reason: str = "", checks: tuple[CheckResult, ...] = ()) -> FabricReport:
        return FabricReport({name: self._reports[name] for name in self.edits}, checks, reason)


def _edit(given: Edit | str | Sequence[str]) -> Edit:
    if isinstance(given, Edit):
        return given
    return Edit("lines", given if isinstance(given, str) else "\n".join(given))


def _reason(name: str, found: object) -> str:
    return f"{name}: {found}" if isinstance(found, ConnetosError) else str(found or "")


def _all(work: Callable[[str], Item], names: Iterable[str]) -> dict[str, Item | ConnetosError]:
    """`work` for all names side by side; errors of the SDK are results."""

    def one(name: str) -> Item | ConnetosError:
        try:
            return work(name)
        except ConnetosError as error:
            return error

    listed = list(names)
    if not listed:
        return {}
    with ThreadPoolExecutor(min(MAX_WORKERS, len(listed)), thread_name_prefix="fabric") as pool:
        return dict(zip(listed, pool.map(one, listed), strict=True))
