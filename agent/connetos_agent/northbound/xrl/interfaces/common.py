"""common/0.1, which every XORP target has (spec/wire/xrl-interfaces.txt), and connetos_diagnostics/0.1."""

from __future__ import annotations

import time
from enum import IntEnum

from connetos_agent.config.manager import ConfigManager
from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.target import Interface, Results
from connetos_sdk import __version__
from connetos_sdk.wire.xrl.codes import CommandFailed


class Status(IntEnum):
    """Status of a process (spec/wire/xrl.md, 5.5)."""

    READY = 3


def common(class_name: str, manager: ConfigManager) -> Interface:
    """common/0.1 of a target of this class."""

    def get_status(_: Caller) -> Results:
        troubles = manager.troubles
        reason = f"Ready, but not as configured: {troubles[0][:200]}" if troubles else "Ready"
        return Status.READY, reason

    def shutdown(_: Caller) -> Results:
        raise CommandFailed("the agent is stopped by the switch's service manager only")

    return Interface.of(
        "common/0.1",
        {
            "get_target_name -> name:txt": lambda _: (class_name,),
            "get_version -> version:txt": lambda _: (__version__,),
            "get_status -> status:u32 & reason:txt": get_status,
            "shutdown": shutdown,
            "startup": lambda _: (),
        },
    )


def diagnostics(manager: ConfigManager) -> Interface:
    """connetos_diagnostics/0.1: what this switch is, and whether it is as configured."""
    started = time.monotonic()

    def get_version(_: Caller) -> Results:
        dataplane = manager.dataplane
        return __version__, dataplane.platform.model, dataplane.name

    def get_status(_: Caller) -> Results:
        troubles = list(manager.troubles)
        return not troubles, manager.running.revision, int(time.monotonic() - started), troubles

    return Interface.of(
        "connetos_diagnostics/0.1",
        {
            "get_version -> version:txt & model:txt & dataplane:txt": get_version,
            "get_status -> as_configured:bool & revision:u32 & uptime_s:u32 & troubles:list<txt>": get_status,
        },
    )
