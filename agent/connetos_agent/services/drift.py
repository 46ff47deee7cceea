"""Drift: what somebody changed behind the agent's back is noticed, told, and repaired if that is the policy.

Notifications (OVSDB, rtnetlink) say which objects may have changed; then those are read and compared with the running
configuration, as a commit does it. Nothing is polled. What a commit does is as the commit says, so it is no drift.

What was lost rather than edited is brought back whatever the policy says: a deleted bridge, a device that comes back,
what a program of the agent's forgot when it was started again, and what nobody heard of while a connection was broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import Driver, DriverError, ObjectKey, Step, Watching
from connetos_agent.services.operations import Operations, Report

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.05
"""Who edits makes several changes in a row; they are looked at together."""
EVERY = "*"
"""Key for all objects of a kind."""
MAX_TOLD = 20


class DriftService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: knows the running configuration and the data plane.
        repair: bring back what others changed; otherwise only tell.
    """

    def __init__(self, manager: ConfigManager, *, repair: bool) -> None:
        self._manager = manager
        self._repair = repair
        self._found: dict[ObjectKey, tuple[float, Step]] = {}
        self._suspects: set[ObjectKey] = set()
        self._lost: set[ObjectKey] = set()
        self._drivers: dict[str, Driver] = {driver.name: driver for driver in manager.dataplane.drivers}
        self._whole: dict[str, bool] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.areas: Mapping[str, Callable[[], Any]] = {"system/drift": self.state}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("drift/repair", self._repair_now)

    async def start(self) -> None:
        """See `Service.start`."""
        self._loop = asyncio.get_running_loop()
        self._tasks = [self._loop.create_task(self._work()), self._loop.create_task(self._after_commits())]
        for driver in self._drivers.values():
            if isinstance(driver, Watching):
                driver.watch(partial(self._suspect_driver, driver.name))

    async def stop(self) -> None:
        """See `Service.stop`."""
        for task in self._tasks:
            task.cancel()
        self._loop = None

    def state(self) -> dict[str, Any]:
        """The policy, and the objects that aren't as configured: what was found, and what is configured instead."""
        found = dict(self._found)
        return {
            "policy": "repair" if self._repair else "report",
            "objects": [_shown(since, step) for _, (since, step) in sorted(found.items())],
        }

    # -- being told -----------------------------------------------------------------------------------

    def suspect(self, targets: Collection[ObjectKey] | None, lost: bool) -> None:
        """Look at `targets` soon; called in the event loop. Key `*` is all of that kind that are configured."""
        (self._lost if lost else self._suspects).update(targets or ())
        self._awake.set()

    def _suspect_driver(self, name: str, targets: Collection[ObjectKey] | None, lost: bool) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._note, name, targets, lost)

    def _note(self, name: str, targets: Collection[ObjectKey] | None, lost: bool) -> None:
        if targets is None:
            self._whole[name] = self._whole.get(name, False) or lost
        self.suspect(targets, lost)

    async def _after_commits(self) -> None:
        """A commit makes right what it is about."""
        with self._manager.events.listen(own=True) as queue:
            while True:
                event = await queue.get()
                if event.kind in ("commit", "repaired") and self._found:
                    self.suspect(list(self._found), False)

    # -- looking --------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            await self._awake.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._awake.clear()
            suspects, lost, whole = self._suspects, self._lost, self._whole
            self._suspects, self._lost, self._whole = set(), set(), {}
            try:
                await self._manager.undisturbed(partial(self._look, suspects, lost, whole))
            except DriverError as error:  # it will be heard of again when it can be read again
                log.warning("drift can't be looked for: %s", error)
            except Exception:
                log.exception("looking for drift failed")

    def _look(self, suspects: set[ObjectKey], lost: set[ObjectKey], whole: Mapping[str, bool]) -> None:
        dataplane, document = self._manager.dataplane, self._manager.running.document
        for name, all_lost in whole.items():
            (lost if all_lost else suspects).update(dataplane.of_driver(self._drivers[name], document))
        for chosen in (suspects, lost):
            for target in [t for t in chosen if t.key == EVERY]:
                chosen.discard(target)
                chosen.update(t for t in dataplane.asked(document) if t.kind == target.kind)
        lost.update(dataplane.dependents(lost, document))
        if lost:
            steps = dataplane.bring(sorted(lost), document)
            if steps:
                self._tell("restored", steps)
        steps = dataplane.differences(suspects | lost, document)
        if steps and self._repair:
            self._tell("drift", steps)
            dataplane.bring([step.target for step in steps], document)
            self._tell("restored", steps)
            steps = dataplane.differences([step.target for step in steps], document)
        self._keep(suspects | lost, steps)

    def _keep(self, looked_at: Collection[ObjectKey], steps: Collection[Step]) -> None:
        before = self._found
        differing = {step.target: step for step in steps}
        kept = {target: entry for target, entry in before.items() if target not in looked_at}
        now = time.time()
        found = {t: (before[t][0] if t in before else now, step) for t, step in differing.items()}
        self._found = kept | found
        self._tell(
            "drift", [s for t, s in differing.items() if t not in before or before[t][1].have != s.have]
        )
        gone = [
            entry[1] for target, entry in before.items() if target in looked_at and target not in differing
        ]
        self._tell("drift-ended", gone)

    def _tell(self, kind: str, steps: Collection[Step]) -> None:
        if not steps or self._loop is None:
            return
        objects = [_facts(step) for step in steps][:MAX_TOLD]
        level = logging.WARNING if kind == "drift" else logging.INFO
        log.log(level, kind, extra={"objects": objects, "count": len(steps)})
        self._loop.call_soon_threadsafe(
            partial(self._manager.events.publish, kind, objects=objects, count=len(steps))
        )

    async def _repair_now(self, _caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        """Bring back everything that is known to differ."""

        def repair() -> int:
            targets = list(self._found)
            steps = self._manager.dataplane.bring(targets, self._manager.running.document)
            self._tell("restored", steps)
            left = self._manager.dataplane.differences(targets, self._manager.running.document)
            self._keep(targets, left)
            return len(steps)

        return {"repaired": await self._manager.undisturbed(repair)}


def _facts(step: Step) -> dict[str, Any]:
    facts = step.to_dict()
    return {
        "object": facts["object"],
        "driver": facts["driver"],
        "found": facts["from"] if step.have is not None else "absent",
        "configured": facts["to"] if step.want is not None else "absent",
    }


def _shown(since: float, step: Step) -> dict[str, Any]:
    return {**_facts(step), "since": since}
