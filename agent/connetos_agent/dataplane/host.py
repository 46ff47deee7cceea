"""The host: its name. A lab switch has a UTS namespace of its own, so its name is its own too."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.host import Hostname
from connetos_agent.dataplane.states.ports import LinkStatus


class HostDriver:
    """Sets what belongs to the whole host. See `connetos_agent.dataplane.base.Driver`."""

    name = "host"
    kinds = frozenset({"hostname"})

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to disconnect from."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:  # noqa: ARG002 - part of the protocol
        """The kernel takes any name the model allows."""
        return {}

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        return [ObjectKey("hostname", "system")]

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return {target: Hostname(socket.gethostname()) for target in targets}

    def observer(self) -> HostDriver:
        """See `Driver.observer`: it may be used from several threads itself."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: there are no devices."""
        return {}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            if isinstance(step.want, Hostname):
                try:
                    socket.sethostname(step.want.name)
                except OSError as error:
                    raise DriverError(f"the host name can't be set: {error.strerror}") from error
