"""How far auto provision is on each switch of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connetos_sdk.atp.access import Connect, fleet, sdk_errors
from connetos_sdk.results import Result

if TYPE_CHECKING:
    from connetos_sdk.atp.plan import Plan
    from connetos_sdk.switch import Switch

NO_ANSWER = "no answer"


@dataclass(frozen=True)
class SwitchProgress(Result):
    """How far one switch is.

    Attributes:
        address: where it was asked, its management address in the plan.
        state: of ATP, as `show atp` has it; `no answer` when it couldn't be asked, as it is until its configuration
            has taken effect.
        reason: why the last attempt failed, why ATP doesn't run, or why the switch couldn't be asked; may be empty.
        running: whether ATP still looks for a configuration.
        method: `lldp` or `dhcp`, by which it got its configuration; empty if neither did.
        file: the configuration file.
        since: when it got into this state, in seconds since 1970; None when that isn't known.
        attempts: how many were begun.
        hostname: what it calls itself; empty when it couldn't be asked, as are the following.
        model: what kind of switch it is.
        revision: its running revision; None when it couldn't be asked.
    """

    name: str
    address: str
    state: str
    reason: str = ""
    running: bool = False
    method: str = ""
    file: str = ""
    since: float | None = None
    attempts: int = 0
    hostname: str = ""
    model: str = ""
    revision: int | None = None

    @property
    def answered(self) -> bool:
        """Whether it could be asked."""
        return self.state != NO_ANSWER

    @property
    def ready(self) -> bool:
        """Whether it answers and has a configuration, by ATP or otherwise."""
        return self.answered and not self.running


def status(plan: Plan, connect: Connect) -> list[SwitchProgress]:
    """How far each switch of a plan is, in the plan's order; switches that can't be asked say why.

    Args:
        plan: which switches.
        connect: makes the connection to one of them, see `Access`.
    """
    found = fleet(plan, connect).run(_progress)
    errors = sdk_errors(found)
    rows = []
    for name, switch in plan.switches.items():
        address = str(switch.management.ip)
        if name in errors:
            rows.append(SwitchProgress(name, address, NO_ANSWER, reason=str(errors[name])))
        else:
            rows.append(SwitchProgress(name, address, **(found.outcomes[name].value or {})))
    return rows


def _progress(switch: Switch) -> dict[str, Any]:
    atp, system = switch.state("atp"), switch.system()
    return {
        **{name: atp[name] for name in ("state", "reason", "running", "method", "file", "since", "attempts")},
        "hostname": system.hostname,
        "model": system.model,
        "revision": system.revision,
    }
