"""Hears of flows of the switch's bridge that somebody takes away or changes with `ovs-ofctl` (OpenFlow 1.5, 7.3.5.17).

What the agent itself changes is heard of, too: then all is found as it should be. Flows that others add aren't looked for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.dataplane.openvswitch.openflow_connection import OpenFlow
from connetos_agent.dataplane.openvswitch.pipeline import OWNER, Area

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
FILTER, STORM_CONTROL, RATE_LIMIT = (
    ObjectKey(kind, "*") for kind in ("firewall-filter", "storm-control", "rate-limit")
)
OBJECTS: Mapping[int, tuple[ObjectKey, ...]] = {
    Area.BASE: (FILTER, STORM_CONTROL, RATE_LIMIT),
    Area.BROADCAST: (STORM_CONTROL,),
    Area.MULTICAST: (STORM_CONTROL,),
    Area.UNICAST: (STORM_CONTROL,),
    Area.RATE: (RATE_LIMIT,),
    Area.GATE: (FILTER,),
    Area.FILTER: (FILTER,),
}
"""What flows of an area belong to; key `*` is all of a kind."""


class FlowWatch:
    """Listens in a thread of its own, with a connection of its own, again after each restart of ovs-vswitchd. Whatever
    happened while nobody listened, may have been to any object.

    Args:
        connection: to the bridge; used for nothing else.
        touched: told, in that thread, which objects may not be as they were made.
    """

    def __init__(self, connection: OpenFlow, touched: Callable[[Collection[ObjectKey]], None]) -> None:
        self._connection, self._touched = connection, touched
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flows", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End listening."""
        self._closed.set()
        self._connection.interrupt()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        missed, told = False, set[str]()
        while not self._closed.is_set():
            try:
                for cookies in self._connection.watch():
                    if self._closed.is_set():
                        break
                    areas = {cookie >> 32 & 0xFFFF for cookie in cookies if cookie >> 48 == OWNER}
                    found = {target for area in areas for target in OBJECTS.get(area, ())}
                    if missed:
                        found = {*OBJECTS[Area.BASE]}
                    if found:
                        self._touched(found)
                    missed = False
                    told.clear()
            except OSError as error:
                missed = True
                self._tell(error.strerror or str(error), told)
            self._connection.close()
            self._closed.wait(RETRY_SECONDS)

    def _tell(self, reason: str, told: set[str]) -> None:
        """Log why flows aren't watched, each reason once until they are."""
        if reason not in told and not self._closed.is_set():
            told.add(reason)
            log.warning("changes of flows by others aren't heard of: %s; trying again", reason)
