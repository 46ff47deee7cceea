"""How the switches of a plan are reached."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connetos_sdk.errors import ConnetosError, NotFound
from connetos_sdk.fleet import Fleet, FleetResult

if TYPE_CHECKING:
    from connetos_sdk.atp.plan import Plan, PlannedSwitch
    from connetos_sdk.switch import Switch

PARALLEL = 20
"""With how many switches of a plan at once."""

Connect = Callable[["PlannedSwitch"], "Switch"]
"""Makes a connection to a switch of a plan; it is closed by whoever asked for it."""


@dataclass(frozen=True)
class Access:
    """REST over TLS at the management addresses, with the same login everywhere; a `Connect`.

    Attributes:
        username, password: of a user that the plan's templates configure.
        verify: whether to check the switches' certificates.
        ca_file: certificates (PEM) to trust instead of those of the system.
        timeout_s: seconds to wait for an answer.
    """

    username: str
    password: str = field(repr=False)
    verify: bool = True
    ca_file: Path | None = None
    timeout_s: float = 20.0

    def __call__(self, switch: PlannedSwitch) -> Switch:
        """A connection to `switch`."""
        from connetos_sdk.switch import Switch

        return Switch(
            f"https://{switch.management.ip}",
            username=self.username,
            password=self.password,
            verify=self.verify,
            ca_file=self.ca_file,
            timeout_s=self.timeout_s,
        )


def fleet(plan: Plan, connect: Connect, only: Collection[str] = (), *, parallel: int = PARALLEL) -> Fleet:
    """The switches of a plan, to be worked with side by side.

    Args:
        plan: which switches.
        connect: makes the connection to one of them.
        only: names of those that are wanted; all by default.
        parallel: with how many at once.

    Raises:
        NotFound: `only` names a switch that isn't in the plan.
    """
    strange = sorted(set(only) - plan.switches.keys())
    if strange:
        raise NotFound(f"the plan has no switch {', '.join(strange)}", hint=", ".join(plan.switches))
    members = {n: partial(connect, switch) for n, switch in plan.switches.items() if not only or n in only}
    return Fleet(members, parallel=parallel)


def sdk_errors(found: FleetResult[Any]) -> dict[str, ConnetosError]:
    """Why switches couldn't be asked, by name; any other error is a mistake of ours, and raised."""
    errors: dict[str, ConnetosError] = {}
    for name, outcome in found.failed.items():
        if isinstance(outcome.error, ConnetosError):
            errors[name] = outcome.error
        elif outcome.error is not None:
            raise outcome.error
    return errors
