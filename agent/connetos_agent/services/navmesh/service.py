"""The operation `navmesh`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.diagnostics.quota import Quota
from connetos_agent.services.operations import Operations, Report
from connetos_agent.settings import Settings
from connetos_sdk.errors import MAX_PROBLEMS, ApplyFailed, BadRequest, NotFound, NotRealisable, Problem

if TYPE_CHECKING:
    from connetos_agent.services.navmesh.engine import Engine

QUESTIONS_PER_SWITCH = 32
QUESTIONS_PER_USER = 16
MAX_FLOWS = 256


class NavmeshService:
    """See `connetos_agent.services.service.Service`. What it needs is opened when it is first asked.

    Args:
        config: where Open vSwitch is.
        manager: for the configuration and the names of ports.
    """

    areas: Mapping[str, Callable[[], Any]] = {}

    def __init__(self, config: Settings, manager: ConfigManager) -> None:
        self._config = config
        self._manager = manager
        self._quota = Quota("navmesh questions", QUESTIONS_PER_SWITCH, QUESTIONS_PER_USER)
        self._thread: ThreadPoolExecutor | None = None
        self._engine: Engine | None = None

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("navmesh", self._navmesh)
        operations.add("what-if", self._what_if)

    async def start(self) -> None:
        """See `Service.start`; there is nothing to begin."""

    async def stop(self) -> None:
        """See `Service.stop`."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        if self._engine is not None:
            self._engine.close()

    async def _navmesh(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        self._check_forwards()
        self._check_port(arguments)
        return await self._answered(caller, lambda engine: engine.ask(arguments))

    async def _what_if(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        self._check_forwards()
        flows, recent = _flows(arguments.get("flows", {})), arguments["recent"]
        for flow in flows:
            self._check_port(flow)
        session = self._manager.sessions.get(arguments["session"], caller)
        running = self._manager.running.document
        change = await self._manager.commit(session, CommitOptions(dry_run=True))
        return await self._answered(
            caller, lambda engine: engine.what_if(change, running, flows, recent=recent)
        )

    async def _answered(self, caller: Caller, ask: Callable[[Engine], dict[str, Any]]) -> dict[str, Any]:
        """The answer to a question, asked in the thread of its own that the engine's sockets belong to."""
        from connetos_agent.dataplane.base import DriverError

        def answer() -> dict[str, Any]:
            from connetos_agent.services.navmesh.engine import Engine

            self._engine = self._engine or Engine(self._config, self._manager)
            return ask(self._engine)

        with self._quota.one(caller.user):
            self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="navmesh")
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, answer)
            except DriverError as error:
                raise ApplyFailed(f"the tables can't be read: {error}") from error

    def _check_port(self, arguments: Mapping[str, Any]) -> None:
        port, platform = arguments.get("ingress_port", ""), self._manager.dataplane.platform
        if port and port not in platform.ports:
            hint = platform.described_ports()
            raise BadRequest(
                problems=[Problem(f"there is no port {port}", ("ingress_port",), hint, NotFound.code)]
            )

    def _check_forwards(self) -> None:
        if self._config.dataplane == "memory":
            raise NotRealisable(
                "this switch forwards nothing: its data plane is in memory", hint="navmesh needs openvswitch"
            )


def _flows(given: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The flows of an operation's argument.

    Raises:
        BadRequest: they are too many, or one lacks something.
    """
    if len(given) > MAX_FLOWS:
        raise BadRequest(f"{len(given)} flows are too many", hint=f"at most {MAX_FLOWS}")
    needed = ("source", "destination", "protocol")
    lacking = [(name, word) for name, flow in given.items() for word in needed if word not in flow]
    if lacking:
        reasons = (
            Problem(f"{word} isn't given", ("flows", name), f'give "{word}"', BadRequest.code)
            for name, word in lacking[:MAX_PROBLEMS]
        )
        raise BadRequest(problems=list(reasons))
    return list(given.values())
