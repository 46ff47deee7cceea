"""The configuration manager: the one place through which every surface changes the configuration.

All changes go one way, whatever surface they come from: edit a candidate, validate, plan, record, apply,
verify, commit. One change at a time; reading never waits for one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from connetos_agent.config.commit import CommitOptions, Edit, Order, Outcome, Running, carry_out
from connetos_agent.config.confirmation import Confirmations
from connetos_agent.config.finishing import Finishing, to_its_end
from connetos_agent.config.rebase import rebase
from connetos_agent.config.schedule import Schedule, ScheduledCommit
from connetos_agent.config.secrets import settle
from connetos_agent.config.sessions import AGENT, Caller, Session, Sessions
from connetos_agent.config.start import Start
from connetos_agent.config.store import Confirmation, Facts, Store, facts_dict, revision_order
from connetos_agent.config.transaction import Dataplane
from connetos_agent.dataplane.base import DriverError
from connetos_agent.events import Events
from connetos_sdk.errors import ApplyFailed, InvalidValue, Locked, NotFound, PermissionDenied
from connetos_sdk.model import curly, tree
from connetos_sdk.model.tree import Document, get

log = logging.getLogger(__name__)

REPAIR_SECONDS = 5.0
TABLES = ("accounts", "access", "clock", "log")
"""Drivers whose objects are in the agent's memory: they are made at every start."""

Confirms = Literal["always", "changes", "never"]
"""When a commit confirms the one that waits for it: a user's `commit` always, a request only if it changes something."""


class ConfigManager(Finishing):
    """Running configuration, candidates, history.

    Args:
        store: where all of it is kept.
        dataplane: what realises it.
        events: told of commits and roll backs.
        resume_marker: a file that a reboot of the switch loses; while it is there, a start of the agent goes
            on with the running configuration; when it isn't, the switch has booted and startup is loaded.
    """

    def __init__(self, store: Store, dataplane: Dataplane, events: Events, resume_marker: Path) -> None:
        super().__init__()
        self.store = store
        self.dataplane = dataplane
        self.events = events
        self.sessions = Sessions()
        self.running = Running(0, {})
        self._confirmations = Confirmations(self._roll_back)
        self._kept = Start(store, dataplane)
        self._resumed: Confirmation | None = None
        self._repairs: asyncio.Task[None] | None = None
        self._resume_marker = resume_marker
        self._booted = False
        self._lock = asyncio.Lock()
        self.schedule = Schedule(store, events, self._commit_scheduled)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="dataplane")

    # -- start and end --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open store and data plane, and bring the data plane to the configuration, changing only what differs.

        Raises:
            StorageFailed, ApplyFailed: the store or the data plane can't be used.
        """
        await self._in_worker(self._start)
        if self._resumed is not None:
            self._confirmations.arm(self._resumed)
        self.schedule.start(booted=self._booted)
        self._repairs = asyncio.get_running_loop().create_task(self._repair())

    @property
    def confirmation(self) -> Confirmation | None:
        """The commit that waits for confirmation."""
        return self._confirmations.pending

    @property
    def troubles(self) -> list[str]:
        """What isn't as configured, or couldn't be read at the start; empty when all is well."""
        return [*self._kept.troubles, *self.dataplane.troubles.values()]

    def tell_trouble(self, trouble: str) -> None:
        """Add what somebody else found wrong at the start to `troubles`."""
        self._kept.troubles.append(trouble)
        log.error("%s", trouble)

    async def _repair(self) -> None:
        """Try what isn't as configured again, until it is: a device may come back, a daemon be started again."""
        while True:
            await asyncio.sleep(REPAIR_SECONDS)
            if not self.dataplane.troubles:
                continue
            async with self._lock:
                before = set(self.dataplane.troubles)
                await self._in_worker(lambda: self.dataplane.repair(self.running.document))
            healed = before - self.dataplane.troubles.keys()
            if healed:
                log.info("repaired", extra={"objects": sorted(map(str, healed))[:20]})
                self.events.publish("repaired", objects=sorted(map(str, healed))[:20])

    def _start(self) -> None:
        self.store.open()
        try:
            self.dataplane.open()
        except DriverError as error:
            raise ApplyFailed(str(error)) from error
        for revision in self.store.interrupted:
            log.warning(
                "commit of revision %d didn't end; going back to revision %d", revision, self.store.last
            )
        self._booted = not (self._resume_marker.exists() and self.store.last)
        if self._booted:
            self.running = self._kept.boot()
        else:
            self.running, self._resumed = self._kept.resume()
        made = self.dataplane.reconcile(self.running.document)
        steps = [str(step) for step in made if step.driver not in TABLES]
        log.info(
            "data plane reconciled",
            extra={"changes": len(steps), "troubles": len(self.troubles), "first": steps[:10]},
        )
        for trouble in self.troubles:
            log.error("not as configured: %s", trouble)
        self._resume_marker.touch(mode=0o600)

    async def stop(self) -> None:
        """End; the data plane stays as it is."""
        self.schedule.stop()
        self._confirmations.stop()
        if self._repairs is not None:
            self._repairs.cancel()
        async with self._lock:
            await self._in_worker(self.dataplane.close)
        self._worker.shutdown()
        self.store.close()

    async def undisturbed(self, job: Callable[[], Any]) -> Any:
        """Run `job` in the data plane's thread while no change is under way; its result."""
        async with self._lock:
            return await self._in_worker(job)

    async def _in_worker(self, job: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)

    def _facts(self, caller: Caller, comment: str) -> Facts:
        return Facts(
            self.store.last + 1, self.running.revision, time.time(), caller.user, caller.via, comment
        )

    # -- changes --------------------------------------------------------------------------------------

    @to_its_end
    async def change(
        self,
        caller: Caller,
        edit: Edit,
        options: CommitOptions,
        *,
        if_match: Callable[[Running], None] | None = None,
    ) -> Outcome:
        """One request, one transaction: edit the running configuration and commit.

        Args:
            caller: who asks.
            edit: makes the new document of the running one; may raise.
            options: how to commit.
            if_match: raises when the running revision isn't what the caller expects.

        Raises:
            ConnetosError: nothing changed; the error says why.
        """
        _require(caller)
        async with self._lock:
            self.sessions.check_lock(None)
            if if_match is not None:
                if_match(self.running)
            return await self._commit(
                caller, lambda: edit(self.running.document), options, confirms="changes"
            )

    def open_session(self, caller: Caller, *, exclusive: bool = False) -> Session:
        """A new candidate that begins as the running configuration."""
        _require(caller)
        running = self.running
        session = self.sessions.open(caller, running.document, running.revision, exclusive=exclusive)
        self.events.publish("session", action="open", user=caller.user, via=caller.via)
        return session

    def close_session(self, session: Session) -> None:
        """Forget a candidate."""
        self.sessions.close(session)
        self.events.publish("session", action="close", user=session.caller.user, via=session.caller.via)

    @to_its_end
    async def commit(self, session: Session, options: CommitOptions) -> Outcome:
        """Commit a session's candidate, over what others committed since it began. Raises as `change` does."""
        _require(session.caller)
        async with self._lock:
            self.sessions.check_lock(session)
            base, candidate = session.base, session.candidate
            outcome = await self._commit(
                session.caller,
                lambda: rebase(base, candidate, self.running.document),
                options,
                confirms="always",
            )
            if not options.dry_run:
                self._go_on(session, candidate)
            return outcome

    def _go_on(self, session: Session, committed: Document) -> None:
        """Begin the session again after its commit, keeping what was edited while the commit was under way."""
        edited = session.candidate
        session.restart(self.running.document, self.running.revision)
        if edited is not committed:
            session.candidate = rebase(committed, edited, self.running.document)

    @to_its_end
    async def commit_at(self, session: Session, at: float, comment: str = "") -> ScheduledCommit:
        """Check a session's candidate now and commit it at `at` (seconds since 1970); the session begins again.

        At that time the candidate's changes are laid over what is running then. A failure is told in the log
        and in `events`; nothing changes then.

        Raises:
            ConnetosError: the candidate can't be committed as things are, or see `Schedule.put`.
        """
        _require(session.caller)
        async with self._lock:
            self.sessions.check_lock(session)
            base, candidate = session.base, session.candidate
            outcome = await self._commit(
                session.caller,
                lambda: rebase(base, candidate, self.running.document),
                CommitOptions(comment, dry_run=True),
                confirms="always",
            )
            if not outcome.changes:
                raise InvalidValue("the candidate changes nothing", hint="set or delete something first")
            settled = tree.reuse(base, settle(base, candidate))
            scheduled = ScheduledCommit(at, session.caller, comment, base, settled)
            self.schedule.put(scheduled)
            self._go_on(session, candidate)
            return scheduled

    async def _commit_scheduled(self, caller: Caller, edit: Edit, comment: str) -> None:
        entry = get(self.running.document, ("system", "login", "user", caller.user), None)
        rights = "super-user" if caller.user == "root" else entry and entry.get("class", "super-user")
        if rights != "super-user":
            raise PermissionDenied(f"{caller.user} may not configure any more")
        await self.change(caller, edit, CommitOptions(comment))

    async def rollback(self, caller: Caller, revision: int, options: CommitOptions) -> Outcome:
        """Make the document of an earlier revision the running one again. Raises as `change` does."""
        comment = options.comment or f"roll back to revision {revision}"
        options = CommitOptions(comment, options.confirm, options.dry_run)
        return await self.change(
            caller, lambda running: tree.reuse(running, self.store.read(revision)), options
        )

    def revision_at(self, index: int) -> int:
        """The revision that `rollback <index>` means: 0 is the running one, 1 the one before.

        Raises:
            NotFound: there aren't so many.
        """
        order = revision_order(self.store.facts)
        if not 0 <= index < len(order):
            raise NotFound(f"there is no rollback {index}", hint=f"0 to {len(order) - 1} are kept")
        return order[index]

    def revisions(self) -> list[dict[str, Any]]:
        """Facts of all kept revisions, newest first."""
        order = revision_order(self.store.facts)
        return [facts_dict(self.store.facts[revision], index) for index, revision in enumerate(order)]

    async def _commit(
        self, caller: Caller, build: Callable[[], Document], options: CommitOptions, *, confirms: Confirms
    ) -> Outcome:
        if confirms != "never":
            self._confirmations.check(caller, options)
        pending = self.confirmation
        old = self.running
        facts = self._facts(caller, options.comment)
        deadline = None if options.confirm is None else time.time() + options.confirm
        confirmation = None
        if deadline is not None:
            revert_to = pending.revert_to if pending else old.revision
            confirmation = Confirmation(facts.id, deadline, revert_to, caller.user)
        order = Order(facts, build, confirmation, pending, options.dry_run)
        outcome: Outcome = await self._in_worker(lambda: carry_out(order, old, self.store, self.dataplane))
        if options.dry_run:
            return outcome
        if outcome.changes:
            self.running = Running(facts.id, outcome.new)
            log.info(
                "commit", extra={"revision": facts.id, "user": caller.user, "via": caller.via,
                                 "changes": len(outcome.changes), "steps": len(outcome.plan.steps)},
            )  # fmt: skip
            self.events.publish(
                "commit", revision=facts.id, user=caller.user, via=caller.via, comment=options.comment,
                changes=len(outcome.changes), confirm_deadline=deadline,
            )  # fmt: skip
        if confirmation is not None and outcome.changes:
            self._confirmations.arm(confirmation)
        elif (
            pending is not None
            and confirmation is None
            and (confirms == "always" or (confirms == "changes" and outcome.changes))
        ):
            await self._confirmed(pending)
        return outcome

    # -- confirmed commits ----------------------------------------------------------------------------

    @to_its_end
    async def confirm(self, caller: Caller) -> int:
        """Confirm the pending commit, so that it stays; its revision.

        Raises:
            NotFound: none is pending.
        """
        _require(caller)
        async with self._lock:
            pending = self._confirmations.one()
            await self._confirmed(pending)
            return pending.revision

    @to_its_end
    async def cancel(self, caller: Caller) -> Outcome:
        """Roll the pending commit back now. Raises `NotFound` if none is pending."""
        _require(caller)
        async with self._lock:
            return await self._revert(self._confirmations.one(), caller, "rolled back before its time")

    async def _confirmed(self, pending: Confirmation) -> None:
        await self._in_worker(lambda: self.store.write_confirmation(None))
        self._confirmations.disarm()
        log.info("confirmed", extra={"revision": pending.revision})
        self.events.publish("confirmed", revision=pending.revision)

    async def _roll_back(self, unconfirmed: Confirmation) -> None:
        async with self._lock:
            if self.confirmation is unconfirmed:
                await self._revert(unconfirmed, AGENT, "not confirmed in time")

    async def _revert(self, pending: Confirmation, caller: Caller, why: str) -> Outcome:
        comment = f"revision {pending.revision} {why}"
        document = tree.reuse(
            self.running.document, await self._in_worker(lambda: self.store.read(pending.revert_to))
        )
        outcome = await self._commit(caller, lambda: document, CommitOptions(comment), confirms="never")
        await self._in_worker(lambda: self.store.write_confirmation(None))
        self._confirmations.disarm()
        log.warning("rolled back", extra={"revision": pending.revision, "reason": why})
        self.events.publish("rolled-back", revision=pending.revision, running=outcome.revision, reason=why)
        return outcome

    # -- startup --------------------------------------------------------------------------------------

    @to_its_end
    async def save_startup(self, caller: Caller, source: str = "running") -> None:
        """Make the running (or, with `default`, the factory) configuration the startup configuration.

        Raises:
            Locked: a commit waits for confirmation; a reboot would otherwise make it permanent.
        """
        _require(caller)
        async with self._lock:
            if self.confirmation is not None and source == "running":
                raise Locked("the running configuration waits for confirmation", hint="confirm it first")
            document: Document = {} if source == "default" else self.running.document
            await self._in_worker(lambda: self.store.write_startup(curly.format_curly(document)))
        self._kept.startup_is_well()
        self.events.publish("saved", source=source, user=caller.user)


def _require(caller: Caller) -> None:
    if not caller.may_configure:
        raise PermissionDenied(
            f"{caller.user} is of class {caller.user_class}",
            hint="changing the configuration needs class super-user",
        )
