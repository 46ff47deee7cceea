"""The kernel's settings beside devices, addresses and routes.

| object | in the kernel |
|---|---|
| link-speed, flow-control | what `ethtool` sets of a port's device |
| ecmp-hash | how next hops of equal metric share the load (`fib_multipath_hash_*`) |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.kernel import sharing
from connetos_agent.dataplane.kernel.ethtool import Ethtool
from connetos_agent.dataplane.platform import Platform
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.dataplane.states.switching import EcmpHash, LinkSpeed, Setting


class KernelSettingsDriver:
    """Realises settings of devices and of routing. See `connetos_agent.dataplane.base.Driver`."""

    name = "kernel-settings"
    kinds = frozenset({"link-speed", "flow-control", "ecmp-hash"})

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._ethtool: Ethtool

    def open(self) -> None:
        """See `Driver.open`."""
        self._ethtool = Ethtool()

    def close(self) -> None:
        """See `Driver.close`."""
        self._ethtool.close()

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: what a device has no setting for, and hashes that the kernel doesn't know."""
        found = {target: self._refuse(target, want) for target, want in wanted.items()}
        return {target: reason for target, reason in found.items() if reason}

    def _refuse(self, target: ObjectKey, want: State) -> str:
        device = self._platform.ports.get(target.key, "")
        if isinstance(want, LinkSpeed) and self._ethtool.speed(device) is None:
            return f"the speed of network device {device} can't be set: its driver has no such setting"
        if isinstance(want, Setting) and self._ethtool.pause(device) is None:
            return f"network device {device} knows no pause frames"
        return sharing.refuse(want) if isinstance(want, EcmpHash) else ""

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`: every configuration asks for pause frames of each port, and for a hash."""
        return ()

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        try:
            return {target: self._observe(target) for target in targets}
        except OSError as error:
            raise DriverError(f"the kernel's settings can't be read: {error.strerror}") from error

    def _observe(self, target: ObjectKey) -> State | None:
        if target.kind == "ecmp-hash":
            return sharing.observe()
        device = self._platform.ports.get(target.key, "")
        if target.kind == "flow-control":
            return Setting("true") if self._ethtool.pause(device) else None
        speed = self._ethtool.speed(device)
        return None if speed is None or speed.negotiated else LinkSpeed(speed.megabits)

    def observer(self) -> KernelSettingsDriver:
        """See `Driver.observer`: it may be used from several threads itself."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: another driver tells it."""
        return {}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            try:
                self._apply(step)
            except OSError as error:
                raise DriverError(f"{step.target}: {error.strerror}") from error

    def _apply(self, step: Step) -> None:
        device = self._platform.ports.get(step.target.key, "")
        if step.target.kind == "ecmp-hash":
            sharing.apply(step.want if isinstance(step.want, EcmpHash) else None)
        elif step.target.kind == "flow-control":
            self._ethtool.set_pause(device, on=step.want is not None)
        else:
            self._ethtool.set_speed(device, step.want.megabits if isinstance(step.want, LinkSpeed) else None)
