"""The service: looks for hints and leases, tries what it finds, and starts the switch with what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from connetos_agent.config.commit import CommitOptions, Running
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.atp.check import check
from connetos_agent.services.atp.fetch import Source
from connetos_agent.services.atp.hint import choose
from connetos_agent.services.atp.lease import read_lease
from connetos_agent.services.atp.link import AddressNews, ManagementLink, has_carrier
from connetos_agent.services.atp.packages import address_kept, install
from connetos_agent.services.atp.report import Reporter
from connetos_agent.services.atp.settings import AtpSettings
from connetos_agent.services.atp.states import AtpState, Progress, ProgressFile
from connetos_agent.services.operations import Operations, Report
from connetos_sdk.errors import ConnetosError, PreconditionFailed
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document

log = logging.getLogger(__name__)

ATP = Caller("atp", "super-user", "atp")
SETTLE_SECONDS = 3.0
"""How long after the first hint the other ports with a link may take to say something else."""
TELL_SECONDS = 2.0
"""How long a failed attempt keeps its address at most, so that somebody can be told."""
PROVE_SECONDS = 0.5
"""How often it is tried whether the server is still reachable with the new configuration."""

Neighbors = Callable[[], Mapping[str, Sequence[str]]]
"""The port descriptions of the neighbours at each port that has some; may block."""


@dataclass(frozen=True)
class Attempt:
    """What one of the two methods found."""

    method: str
    address: IPv4Interface
    server: IPv4Address
    file: str


class AtpService:
    """See `connetos_agent.services.service.Service`.

    Args:
        manager: the configuration, which ATP fills once, if it is empty.
        settings: how.
        directories: the agent's state and run directories.
        neighbors: what LLDP neighbours say.
    """

    def __init__(
        self,
        manager: ConfigManager,
        settings: AtpSettings,
        directories: tuple[Path, Path],
        neighbors: Neighbors,
    ) -> None:
        self._manager = manager
        self._settings = settings
        self._state_directory, self._run_directory = directories
        self._neighbors = neighbors
        self._device = manager.dataplane.platform.management or ""
        self._file = ProgressFile(self._state_directory / "atp.json")
        self._progress = Progress()
        self._look = asyncio.Event()
        self._news = AddressNews(self._look.set)
        self._tried: dict[str, tuple[Attempt, float]] = {}
        self._settled = False
        self._task: asyncio.Task[None] | None = None
        self._reporter: Reporter | None = None
        self._operations = Operations()
        self.areas: Mapping[str, Callable[[], Any]] = {"atp": self.state}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        self._operations = operations
        operations.add("atp/retry", self._retry)

    def state(self) -> dict[str, Any]:
        """How far it is: see `Progress`."""
        return asdict(self._progress)

    async def start(self) -> None:
        """See `Service.start`."""
        pending = self._manager.confirmation
        if pending is not None and pending.user == ATP.user:
            await self._manager.cancel(ATP)  # an agent before was cut off: begin again
        kept = await asyncio.to_thread(self._file.read)
        reason = await asyncio.to_thread(self._obstacle)
        if reason:
            done = kept is not None and kept.state is AtpState.SUCCESS
            self._progress = (
                replace(kept, running=False, reason="") if kept and done else Progress(reason=reason)
            )
            return
        attempts = 0 if kept is None else kept.attempts
        last = "" if kept is None or not kept.reason else kept.reason
        self._progress = Progress(running=True, reason=last, attempts=attempts)
        log.info("the switch has no configuration: looking for one", extra={"last": last})
        if self._settings.report_url:
            self._reporter = Reporter(self._settings.report_url, self._settings.ca_file, self._mac())
        self._news.start()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """See `Service.stop`."""
        self._news.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._reporter is not None:
            await self._reporter.stop()

    def _mac(self) -> str:
        try:
            return ManagementLink(self._device).mac().hex(":")
        except OSError:
            return ""

    def _obstacle(self) -> str:
        """Why ATP doesn't run; empty if it shall."""
        if not self._settings.enabled:
            return "ATP is switched off in the agent's settings"
        if not self._device:
            return "this switch has no management port"
        if self._manager.running.document:
            return "the switch has a configuration"
        with contextlib.suppress(ConnetosError):
            text = self._manager.store.read_startup()
            if text is None or not parse_document(text):
                return ""
        return "the switch has a startup configuration"

    async def _retry(self, _caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        """Try again now instead of after the pause."""
        self._tried.clear()
        self._look.set()
        return self.state()

    # -- the loop -------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Until the switch has a configuration."""
        listening = asyncio.ensure_future(self._listen())
        searching = asyncio.ensure_future(self._search())
        try:
            await asyncio.wait((listening, searching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            searching.cancel()
            self._news.stop()
            for result in await asyncio.gather(listening, searching, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
                    log.error("ATP ended: %r", result)

    async def _listen(self) -> None:
        """Return when somebody else has committed a configuration; neighbours wake the search."""
        with self._manager.events.listen(own=True) as queue:
            if self._manager.running.document:
                return
            while True:
                event = await queue.get()
                if event.kind == "lldp":
                    self._look.set()
                elif event.kind == "commit" and event.data["user"] != ATP.user:
                    self._set(
                        replace(self._progress, running=False), reason=f"configured by {event.data['user']}"
                    )
                    return

    async def _search(self) -> None:
        while True:
            self._look.clear()
            attempt, reason = await self._next()
            if attempt is None:
                if reason != self._progress.reason and not self._tried:
                    self._set(replace(self._progress, state=AtpState.ADDRESS_COLLECTING), reason=reason)
                await self._wait()
                continue
            if await self._try(attempt):
                return

    async def _wait(self) -> None:
        """Until there is news, or a failed attempt may be made again."""
        due = [at + self._settings.retry_seconds for _, at in self._tried.values()]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._look.wait()
        now = time.monotonic()
        over = [m for m, (_, at) in self._tried.items() if now >= at + self._settings.retry_seconds]
        for method in over:
            del self._tried[method]
        if over and not self._tried:
            self._set(
                replace(self._progress, state=AtpState.ADDRESS_COLLECTING), reason=self._progress.reason
            )

    async def _next(self) -> tuple[Attempt | None, str]:
        """The first thing found that hasn't just failed, or the reason why there is none."""
        descriptions = await self._heard()
        hint, reason = choose(descriptions, self._settings.prefix_length)
        found: list[Attempt] = []
        if hint is not None:
            found.append(Attempt("lldp", hint.address, hint.server, f"{hint.address.ip}_yunqi.cfg"))
        lease = await asyncio.to_thread(read_lease, self._run_directory / f"dhclient-{self._device}.facts")
        if lease is not None and lease.server is not None:
            file = lease.file or f"{lease.address.ip}_yunqi.cfg"
            found.append(Attempt("dhcp", lease.address, lease.server, file))
        elif lease is not None and not reason:
            reason = f"the DHCP lease of {lease.address.ip} names no TFTP server (option 150)"
        for attempt in found:
            failed = self._tried.get(attempt.method)
            if failed is None or failed[0] != attempt:
                return attempt, ""
        return None, reason

    async def _heard(self) -> Mapping[str, Sequence[str]]:
        """What the neighbours say; waits a moment for those that haven't been heard after the first hint."""
        descriptions = await asyncio.to_thread(self._neighbors)
        if choose(descriptions, self._settings.prefix_length)[0] is None or self._settled:
            return descriptions
        self._settled = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while await asyncio.to_thread(self._silent, descriptions):
                    self._look.clear()
                    await self._look.wait()
                    descriptions = await asyncio.to_thread(self._neighbors)
        return descriptions

    def _silent(self, descriptions: Mapping[str, Sequence[str]]) -> bool:
        """Whether a port with a link hasn't heard a neighbour yet."""
        ports = self._manager.dataplane.platform.ports
        return any(has_carrier(device) for port, device in ports.items() if port not in descriptions)

    # -- one attempt ----------------------------------------------------------------------------------

    async def _try(self, attempt: Attempt) -> bool:
        """Bring the switch to the configuration that `attempt` leads to.

        Returns:
            Whether it has a configuration now, this one or somebody else's; otherwise it is as before.
        """
        self._set(
            Progress(
                running=True, method=attempt.method, address=str(attempt.address), server=str(attempt.server),
                file=attempt.file, attempts=self._progress.attempts + 1,
            )
        )  # fmt: skip
        link = ManagementLink(self._device)
        lent = False
        try:
            await self._own_address(link, attempt)
            self._reached(AtpState.ADDRESS_VALID)
            lent = attempt.method != "dhcp" and await asyncio.to_thread(link.lend, attempt.address)
            await self._provision(link, attempt, lent=lent)
        except PreconditionFailed:
            return True  # somebody else was quicker; `_listen` says who
        except ConnetosError as error:
            await self._failed(attempt, str(error))
            return False
        except Exception as error:
            log.exception("ATP: unexpected error")
            await self._failed(attempt, f"unexpected error: {error!r}")
            return False
        finally:
            if lent:
                await asyncio.shield(asyncio.to_thread(link.take_back, attempt.address))
        self._reached(AtpState.SUCCESS)
        return True

    async def _own_address(self, link: ManagementLink, attempt: Attempt) -> None:
        if attempt.method != "dhcp":
            other = await asyncio.to_thread(link.in_use, attempt.address.ip)
            if other:
                raise ConnetosError(f"the address {attempt.address.ip} is in use by {other}")

    async def _provision(self, link: ManagementLink, attempt: Attempt, *, lent: bool) -> None:
        await self._reachable(link, attempt)
        self._reached(AtpState.NETWORK_VALID)
        source = Source(attempt.server, self._settings, self._run_directory)
        data = await source.get(attempt.file)
        self._reached(AtpState.TFTP_FIN)
        platform, leased = self._manager.dataplane.platform, attempt.method == "dhcp"
        document = await asyncio.to_thread(check, data, attempt.address, platform, leased=leased)
        async with address_kept(link, attempt.address) if lent else contextlib.nullcontext():
            installed = await install(self._operations, ATP, source, attempt.file)
        if installed:
            log.info("the packages are there", extra={"packages": installed})
        await self._start_with(document, link if lent else None, attempt, source)

    async def _reachable(self, link: ManagementLink, attempt: Attempt) -> None:
        if attempt.server in attempt.address.network:
            if not await asyncio.to_thread(link.answers, attempt.address.ip, attempt.server):
                raise ConnetosError(f"the server {attempt.server} can't be reached: it doesn't answer to ARP")
        elif not await asyncio.to_thread(link.routed, attempt.server):
            raise ConnetosError(
                f"the server {attempt.server} can't be reached: it isn't in {attempt.address.network}, "
                "and there is no route to it"
            )

    async def _start_with(
        self, document: Document, lent: ManagementLink | None, attempt: Attempt, source: Source
    ) -> None:
        """Commit the document, keep it if the server can still be reached then, and make it the startup one."""
        what = f"{attempt.file} from {attempt.server}"
        outcome = await self._manager.change(
            ATP,
            lambda _running: document,
            CommitOptions(f"atp: {what}", self._settings.confirm_seconds),
            if_match=_must_be_empty,
        )
        if lent is not None:  # the address must not help now
            await asyncio.to_thread(lent.take_back, attempt.address)
        if not await self._proved(source, attempt.file):
            await self._manager.cancel(ATP)
            raise ConnetosError(
                f"the configuration cuts the switch off from {attempt.server}; it was rolled back"
            )
        await self._manager.confirm(ATP)
        await self._manager.save_startup(ATP)
        log.info("provisioned", extra={"source": what, "revision": outcome.revision})

    async def _proved(self, source: Source, name: str) -> bool:
        """Whether the file can be had again, through nothing but what is configured now."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.confirm_seconds / 2):
                while True:
                    with contextlib.suppress(ConnetosError, OSError):
                        await source.get(name)
                        return True
                    await asyncio.sleep(PROVE_SECONDS)
        return False

    # -- telling --------------------------------------------------------------------------------------

    def _reached(self, state: AtpState) -> None:
        ended = state is AtpState.SUCCESS
        self._set(replace(self._progress, state=state, since=time.time(), running=not ended))

    async def _failed(self, attempt: Attempt, reason: str) -> None:
        """Tell of it while there is an address to tell it from."""
        self._tried[attempt.method] = (attempt, time.monotonic())
        failed_in = str(self._progress.state)
        self._set(replace(self._progress, failed_in=failed_in), reason=f"{attempt.method}: {reason}")
        if self._reporter is not None:
            await self._reporter.flush(TELL_SECONDS)

    def _set(self, progress: Progress, *, reason: str = "") -> None:
        before, self._progress = self._progress, replace(progress, reason=reason)
        if (before.state, before.reason, before.running) == (progress.state, reason, progress.running):
            return
        self._progress = replace(self._progress, since=time.time())
        self._file.write(self._progress)
        facts = {name: value for name, value in asdict(self._progress).items() if value not in ("", None)}
        level = logging.WARNING if reason else logging.INFO
        log.log(level, "ATP: %s%s", progress.state, f": {reason}" if reason else "", extra=facts)
        self._manager.events.publish("atp", **facts)
        if self._reporter is not None:
            self._reporter.tell(self._progress)


def _must_be_empty(running: Running) -> None:
    if running.document:
        raise PreconditionFailed("somebody has configured the switch meanwhile")
