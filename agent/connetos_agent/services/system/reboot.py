"""Rebooting the switch, now or later."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.events import Events
from connetos_agent.services.operations import Operations, Report
from connetos_agent.switch_log import SwitchLog
from connetos_sdk.errors import BadRequest, NotFound
from connetos_sdk.model.moments import parse_coming

log = logging.getLogger(__name__)

COMMAND_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """A reboot that is planned: `at` in seconds since 1970, and who wants it."""

    at: float
    user: str


class Reboot:
    """Reboots the machine by a command or, where the machine isn't the switch's own, starts the agent as after a boot.

    Args:
        run_directory: the plan is kept there over a restart of the agent, and is lost with it at a boot.
        events: told of plans and of the reboot.
        log: told, too.
        command: reboots the machine; None when it isn't the switch's own.
        boot_again: ends the agent and starts it as after a boot; called without `command`.
    """

    def __init__(
        self,
        run_directory: Path,
        events: Events,
        log: SwitchLog,
        command: Sequence[str] | None,
        boot_again: Callable[[], None],
    ) -> None:
        self._file = run_directory / "reboot.json"
        self._events = events
        self._log = log
        self._command = command
        self._boot_again = boot_again
        self._plan: Plan | None = None
        self._waiting: asyncio.Task[None] | None = None
        self.areas: Mapping[str, Callable[[], Any]] = {"system/reboot": self.state}

    def state(self) -> dict[str, Any] | None:
        """The reboot that is planned: `at` in seconds since 1970, and `user`; None if there is none."""
        plan = self._plan
        return None if plan is None else asdict(plan)

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("reboot", self._reboot)
        operations.add("clear/reboot", self._clear)

    async def start(self) -> None:
        """Go on waiting for what was planned before the agent was restarted."""
        try:
            data = orjson.loads(self._file.read_bytes())
            self._wait_for(Plan(float(data["at"]), str(data["user"])))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is damaged, no reboot is planned: %s", self._file, error)

    async def stop(self) -> None:
        """The plan stays for the next agent."""
        if self._waiting is not None:
            self._waiting.cancel()

    async def _reboot(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        if "at" in arguments and "delay" in arguments:
            raise BadRequest("two times are given", hint='give "at" or "delay"')
        now = time.time()
        if "at" in arguments:
            moment = parse_coming(arguments["at"], datetime.now())
            plan = Plan(moment.timestamp(), caller.user)
        else:
            plan = Plan(now + arguments.get("delay", 0), caller.user)
        if plan.at > now:
            await asyncio.to_thread(self._file.write_bytes, orjson.dumps(asdict(plan)))
            self._log.write("warning", f"reboot at {_shown(plan.at)} planned by {caller.user}")
            self._events.publish("reboot-planned", **asdict(plan))
        self._wait_for(plan)
        return asdict(plan)

    async def _clear(self, caller: Caller, _arguments: Mapping[str, Any], _report: Report) -> Any:
        plan, self._plan = self._plan, None
        if plan is None:
            raise NotFound("no reboot is planned")
        if self._waiting is not None:
            self._waiting.cancel()
        self._file.unlink(missing_ok=True)
        self._log.write("warning", f"reboot at {_shown(plan.at)} cancelled by {caller.user}")
        self._events.publish("reboot-cancelled", **asdict(plan))
        return asdict(plan)

    def _wait_for(self, plan: Plan) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._plan = plan
        self._waiting = asyncio.get_running_loop().create_task(self._at(plan))

    async def _at(self, plan: Plan) -> None:
        while (left := plan.at - time.time()) > 0:  # noqa: ASYNC110 - the clock may be set meanwhile
            await asyncio.sleep(left)
        self._plan = None
        self._file.unlink(missing_ok=True)
        self._log.write("warning", f"rebooting, asked by {plan.user}")
        self._events.publish("reboot", user=plan.user)
        if self._command is None:
            self._boot_again()
        else:
            await self._run(self._command)

    async def _run(self, command: Sequence[str]) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            log.error("the reboot failed: %s: %s", command[0], error.strerror)
            return
        said = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMMAND_SECONDS):
                _, said = await process.communicate()
        if process.returncode:
            log.error("the reboot failed: %s: %s", command[0], said[-200:].decode(errors="replace").strip())


def _shown(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
