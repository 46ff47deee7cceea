"""The clock: setting it, and how well it follows a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from connetos_agent.config.sessions import Caller
from connetos_agent.dataplane.base import Driver
from connetos_agent.dataplane.chrony import ChronyDriver
from connetos_agent.services.operations import Operations, Report
from connetos_agent.services.system import chrony
from connetos_agent.switch_log import SwitchLog
from connetos_sdk.errors import ApplyFailed, NotFound
from connetos_sdk.model.moments import parse_moment


class Clock:
    """The clock of the machine.

    Args:
        log: told when the clock is set.
        drivers: of the data plane; one of them may follow a server.
        settable: whether the machine's clock is the switch's own.
    """

    def __init__(self, log: SwitchLog, drivers: Iterable[Driver], *, settable: bool) -> None:
        self._log = log
        self._ntp = next((driver for driver in drivers if isinstance(driver, ChronyDriver)), None)
        self._settable = settable
        self.areas: Mapping[str, Callable[[], Any]] = {"system/ntp-status": self.ntp_status}

    def add_operations(self, operations: Operations) -> None:
        """See `Service.add_operations`."""
        operations.add("set-date", self._set_date)

    async def start(self) -> None:
        """See `Service.start`: the clock goes by itself."""

    async def stop(self) -> None:
        """See `Service.stop`."""

    def ntp_status(self) -> dict[str, Any]:
        """`configured`, `synchronised`, `server`, `stratum`, `offset_s`, `within_s`, `polling_s`; `error` if unknown."""
        if self._ntp is None or self._ntp.running() is None:
            return {"configured": False, "synchronised": False}
        try:
            return {"configured": True, **vars(chrony.status(self._ntp.socket))}
        except (OSError, ValueError) as error:
            return {"configured": True, "synchronised": False, "error": f"chronyd doesn't tell: {error}"}

    async def _set_date(self, caller: Caller, arguments: Mapping[str, Any], _report: Report) -> Any:
        now = datetime.now()
        moment = parse_moment(arguments["date"], now)
        if not self._settable:
            raise NotFound(
                "this switch has no clock of its own: it shares its machine's",
                hint="set the machine's clock; agent.toml says whose it is (host.dedicated)",
            )
        try:
            time.clock_settime(time.CLOCK_REALTIME, moment.timestamp())
        except OSError as error:
            raise ApplyFailed(f"the clock can't be set: {error.strerror}") from error
        self._log.write("warning", f"clock set by {caller.user}, it was {now:%Y-%m-%d %H:%M:%S}")
        return {"time": moment.timestamp()}
