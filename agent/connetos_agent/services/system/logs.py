"""Reading and clearing the switch's log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.services.operations import Operations, Report
from connetos_agent.switch_log import SwitchLog
from connetos_sdk.errors import BadRequest


class Logs:
    """The operations on the log."""

    areas: Mapping[str, Callable[[], Any]] = {}

    def __init__(self, log: SwitchLog) -> None:
        self._log = log

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("log", self._read)
        operations.add("clear/log", self._clear)

    async def start(self) -> None:
        """See `Service.start`: the log is there from the beginning."""

    async def stop(self) -> None:
        """See `Service.stop`."""

    async def _read(self, _caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        if ("rows" in arguments) == ("date" in arguments):
            raise BadRequest("which lines isn't said", hint='give "rows" or "date"')
        if "rows" in arguments:
            return {"lines": await asyncio.to_thread(self._log.last, arguments["rows"])}
        try:
            day = time.strptime(arguments["date"], "%Y.%m.%d")
        except ValueError:
            raise BadRequest(
                f"{arguments['date']} is no day", path=("date",), hint="a day such as 2018.2.9"
            ) from None
        return {"lines": await asyncio.to_thread(self._log.of_day, day)}

    async def _clear(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        cleared = await asyncio.to_thread(self._log.clear, arguments["file"])
        self._log.write("warning", f"log {arguments['file']} cleared by {caller.user}")
        return {"cleared": cleared}
