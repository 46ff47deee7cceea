"""The operation `navmesh`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.services.diagnostics.quota import Quota
from connetos_agent.services.operations import Operations, Report
from connetos_agent.settings import Settings
from connetos_sdk.errors import ApplyFailed, BadRequest, NotFound, NotRealisable, Problem

if TYPE_CHECKING:
    from connetos_agent.services.navmesh.engine import Engine

QUESTIONS_PER_SWITCH = 32
QUESTIONS_PER_USER = 16


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

    async def start(self) -> None:
        """See `Service.start`; there is nothing to begin."""

    async def stop(self) -> None:
        """See `Service.stop`."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        if self._engine is not None:
            self._engine.close()

    async def _navmesh(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        from connetos_agent.dataplane.base import DriverError

        if self._config.dataplane == "memory":
            raise NotRealisable(
                "this switch forwards nothing: its data plane is in memory", hint="navmesh needs openvswitch"
            )
        port = arguments.get("ingress_port", "")
        if port and port not in self._manager.dataplane.platform.ports:
            ports = self._manager.dataplane.platform.described_ports()
            raise BadRequest(
                problems=[Problem(f"there is no port {port}", ("ingress_port",), ports, NotFound.code)]
            )
        with self._quota.one(caller.user):
            self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="navmesh")
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, arguments)
            except DriverError as error:
                raise ApplyFailed(f"the tables can't be read: {error}") from error

    def _ask(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one question; in the thread of its own that the engine's sockets belong to."""
        from connetos_agent.services.navmesh.engine import Engine

        self._engine = self._engine or Engine(self._config, self._manager)
        return self._engine.ask(arguments)
