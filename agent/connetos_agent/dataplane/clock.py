"""The time zone: of the agent's own displays, and of the machine where it is the switch's own."""

from __future__ import annotations

import contextlib
import os
import time
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.system import Timezone

ZONES = "usr/share/zoneinfo"


class ClockDriver(MemoryDriver):
    """Sets the zone of this process, and /etc/localtime with /etc/timezone.

    Args:
        machine: root of the file system whose time zone is the switch's, too; None leaves the machine's alone.
    """

    name = "clock"

    def __init__(self, machine: Path | None) -> None:
        super().__init__({"timezone"})
        self._machine = machine

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        return {
            target: f"there is no time zone {state.name} in this machine's tz database ({self._zones()})"
            for target, state in wanted.items()
            if isinstance(state, Timezone) and not self._known(state.name)
        }

    def _zones(self) -> Path:
        return (self._machine or Path("/")) / ZONES

    def _known(self, name: str) -> bool:
        try:
            with (self._zones() / name).open("rb") as file:
                zoneinfo.ZoneInfo.from_file(file)
        except (OSError, ValueError):
            return False
        return True

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`: what the process and the machine really use."""
        zone = os.environ.get("TZ", "").removeprefix(":")
        if self._machine is not None and self._machine_zone() != zone:
            return dict.fromkeys(targets)
        return {target: Timezone(zone) if zone else None for target in targets}

    def _machine_zone(self) -> str:
        assert self._machine is not None  # noqa: S101 - asked only then
        try:
            link = (self._machine / "etc/localtime").readlink()
        except OSError:
            return ""
        return str(link).partition("/zoneinfo/")[2]

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            if isinstance(step.want, Timezone):
                if self._machine is not None:
                    self._set_machine(self._machine, step.want.name)
                os.environ["TZ"] = f":{step.want.name}"
                time.tzset()

    @staticmethod
    def _set_machine(root: Path, name: str) -> None:
        link, new = root / "etc/localtime", root / "etc/localtime.connetos"
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(f"/{ZONES}/{name}")
            new.replace(link)
            (root / "etc/timezone").write_text(f"{name}\n", "ascii")
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise DriverError(f"the machine's time zone can't be set: {error}") from error
