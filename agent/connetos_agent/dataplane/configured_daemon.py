"""A driver for a feature that one program with one configuration file realises: an NTP client, a log forwarder."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.services.daemons import Daemons, Program

KEY = "system"


class ConfiguredDaemon(ABC):
    """See `connetos_agent.dataplane.base.Driver`. There is one object, or none: then the program doesn't run.

    Attributes:
        kind: of the object.
        package: the Debian package that has the program.
        socket: made by the program when it is ready.
    """

    name: str
    kind: str
    package: str
    socket: Path

    def __init__(self, daemons: Daemons, directory: Path) -> None:
        self.kinds = frozenset({self.kind})
        self._daemons = daemons
        self.directory = directory
        self.config_file = directory / f"{self.name}.conf"

    @abstractmethod
    def render(self, state: State) -> str:
        """The configuration file for a state."""

    @abstractmethod
    def parse(self, text: str) -> State:
        """The state that a configuration file asks for."""

    @abstractmethod
    def program(self, executable: str) -> Program:
        """What to run."""

    def open(self) -> None:
        """The program is started when it is first needed; one that an agent before has started is looked after."""
        executable = self._executable()
        if executable is not None and self.running() is not None:
            self._daemons.start(self.program(executable))

    def close(self) -> None:  # noqa: B027 - nothing to do is right for all of them
        """The program goes on."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        if self._executable() is None:
            return dict.fromkeys(wanted, f"{self.name} isn't installed (Debian package {self.package})")
        return {}

    def _executable(self) -> str | None:
        return shutil.which(self.name, path="/usr/sbin:/usr/bin:/sbin:/bin")

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        return [ObjectKey(self.kind, KEY)] if self._daemons.pid(self.name) is not None else []

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`: what the running program was told."""
        return dict.fromkeys(targets, self.running())

    def running(self) -> State | None:
        """The state that the running program was told; None if it doesn't run."""
        if self._daemons.pid(self.name) is None:
            return None
        try:
            return self.parse(self.config_file.read_text("utf-8"))
        except OSError:
            return None

    def observer(self) -> ConfiguredDaemon:
        """See `Driver.observer`: it may be used from several threads itself."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: there are no devices."""
        return {}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            self._daemons.stop(self.name)
            if step.want is not None:
                self._start(step.want)

    def _start(self, state: State) -> None:
        executable = self._executable()
        if executable is None:
            raise DriverError(f"{self.name} isn't installed (Debian package {self.package})")
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.config_file.write_text(self.render(state), "utf-8")
            self.socket.unlink(missing_ok=True)
        except OSError as error:
            raise DriverError(f"{self.config_file} can't be written: {error.strerror}") from error
        self._daemons.start(self.program(executable))
