"""The switch as a whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connetos_agent.dataplane.base import ObjectKey
from connetos_agent.show.layout import fields
from connetos_sdk import __version__

if TYPE_CHECKING:
    from connetos_agent.show.state import StateReader


def state(reader: StateReader) -> dict[str, Any]:
    """Version, data plane, uptimes of agent and switch in seconds, running revision, what isn't as configured."""
    target = ObjectKey("hostname", "system")
    hostname = reader.observe([target])[target]
    dataplane = reader.manager.dataplane
    pending = reader.manager.confirmation
    waiting = reader.manager.schedule.waiting
    return {
        "hostname": getattr(hostname, "name", ""),
        "version": __version__,
        "model": dataplane.platform.model,
        "dataplane": dataplane.name,
        "forwarding": dataplane.name != "memory",
        "uptime_s": round(time.monotonic() - reader.started, 3),
        "switch_uptime_s": round(time.clock_gettime(time.CLOCK_BOOTTIME), 3),
        "revision": reader.manager.running.revision,
        "confirm": None if pending is None else {"revision": pending.revision, "deadline": pending.deadline},
        "scheduled": None if waiting is None else waiting.facts(),
        "troubles": list(reader.manager.troubles),
    }


def version(system: Mapping[str, Any], macs: Mapping[str, str]) -> str:
    """`show version`."""
    names = {
        "openvswitch": "ConnetOS GENERAL",
        "memory": "ConnetOS GENERAL (memory data plane, forwards nothing)",
    }
    return "Copyright (C) The ConnetOS automation authors\n" + fields(
        {
            "PN": system["model"],
            "OS": names.get(system["dataplane"], system["dataplane"]),
            "Version ID": __version__,
            "Build Code": f"{system['dataplane']}",
            "Switch MAC": macs.get("switch", ""),
            "Management MAC": macs.get("management", ""),
        },
        14,
    )
