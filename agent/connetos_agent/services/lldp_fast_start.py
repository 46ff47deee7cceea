"""Fast start of LLDP: who comes up or is new beside us hears of us at once, not an advertisement interval later.

lldpd does this for LLDP-MED's end devices only. As IEEE 802.1AB, 9.2.5 has it: when a neighbour is new or a port came
up, four advertisements (`txFastInit`) go out a second apart (`msgFastTx`). lldpd, told to send, sends on every port;
reasons that come meanwhile begin the count again, so that never more than one a second is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from connetos_agent.dataplane.base import DriverError
from connetos_agent.events import Event, Events

log = logging.getLogger(__name__)

ADVERTISEMENTS = 4
INTERVAL_SECONDS = 1.0


async def fast_start(events: Events, send: Callable[[], None]) -> None:
    """Have advertisements sent now, when this begins, and whenever there is a reason; until it is cancelled.

    Args:
        events: of the switch.
        send: has lldpd send on all ports; called in a thread; raises `DriverError` when lldpd doesn't.
    """
    loop = asyncio.get_running_loop()
    left, due = ADVERTISEMENTS, loop.time()
    with events.listen(own=True) as happened:
        while True:
            try:
                async with asyncio.timeout_at(due if left else None):
                    if _is_reason(await happened.get()):
                        left, due = ADVERTISEMENTS, max(due, loop.time())
            except TimeoutError:
                left, due = left - 1, loop.time() + INTERVAL_SECONDS
                try:
                    await asyncio.to_thread(send)
                except DriverError as error:
                    log.debug("lldpd doesn't send: %s", error)


def _is_reason(event: Event) -> bool:
    if event.kind == "link":
        return bool(event.data["state"] == "up")
    return event.kind == "lldp" and bool(event.data["action"] == "added")
