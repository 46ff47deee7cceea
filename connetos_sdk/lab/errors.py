"""What can go wrong in a lab.

LabError
├── TopologyError      the topology file says something that cannot be built
├── LabBusyError       another process is bringing this lab up or down
├── NotRunningError    the lab, or the part of it that was asked for, is not up
└── CommandError       a program that builds the lab (ip, ovsdb-tool, the agent, …) failed
"""

from __future__ import annotations


class LabError(Exception):
    """A lab operation failed.

    Attributes:
        reason: what is wrong, in one sentence.
        hint: what to do about it; empty when there is nothing sensible to say.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.reason} ({self.hint})" if self.hint else self.reason


class TopologyError(LabError):
    """A topology cannot be built as written.

    Attributes:
        source: the file it was read from, or "<topology>" when it came from memory.
        path: where in the document, for example "hosts.h1.link"; empty for the document as a whole.
    """

    def __init__(self, source: str, path: str, reason: str, hint: str = "") -> None:
        super().__init__(reason, hint)
        self.source = source
        self.path = path

    def __str__(self) -> str:
        where = f"{self.source}: {self.path}" if self.path else self.source
        return f"{where}: {super().__str__()}"


class LabBusyError(LabError):
    """Another process holds this lab's lock."""


class NotRunningError(LabError):
    """The lab, or the node that was asked for, is not up."""


class CommandError(LabError):
    """A program that the lab needs failed; `reason` carries the end of its output."""
