"""A candidate: a connection in configuration mode. It ends with its connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connetos_sdk import errors
from connetos_sdk.transports.rcc.failures import error_of
from connetos_sdk.transports.rcc.shell import Shell
from connetos_sdk.wire.rcc import Mode

CHUNK = 500
"""Lines that are sent before their answers are looked at."""


@dataclass(frozen=True)
class Line:
    """A `set` or `delete` line; its number in the user's text, for messages, if it comes from one."""

    text: str
    number: int = 0


class Candidate:
    """Configuration mode over one connection, which belongs to it.

    Args:
        shell: a connection in operational mode.
        suffix: what is put after commands so that errors come with their class.
        exclusive: keep others out.

    Raises:
        Locked: somebody else keeps others out, or is there when nobody else should be.
        PermissionDenied: the user may not configure.
    """

    def __init__(self, shell: Shell, suffix: str, *, exclusive: bool) -> None:
        self.shell = shell
        self._suffix = suffix
        self._lost = False
        self._edits: list[Line] = []
        response = shell.run([("configure exclusive" if exclusive else "configure") + suffix])[0]
        if not response.success or response.mode < Mode.CONFIGURE:
            raise error_of(response)

    def use(self) -> Shell:
        """The connection.

        Raises:
            NotFound: it was lost, and the candidate with it.
        """
        if self._lost:
            raise errors.NotFound(
                "there is no such configuration session",
                hint="its connection broke, and it ended; begin a new one",
            )
        return self.shell

    def ask(self, command: str) -> str:
        """What a command prints. When the connection breaks the candidate is lost."""
        try:
            return self.use().text(command)
        except errors.TransportError:
            self._lost = True
            raise

    def edit(self, lines: Sequence[Line]) -> None:
        """Run lines; when one fails the candidate is as it was before.

        Raises:
            ConnetosError: with a problem for each line that failed.
        """
        failed = self._run(lines)
        if failed is not None:
            self.ask("discard")
            self._run(self._edits)
            raise failed
        self._edits += lines

    def begin_anew(self) -> None:
        """Forget what was edited: it is committed, or dropped."""
        self._edits.clear()

    def _run(self, lines: Sequence[Line]) -> errors.ConnetosError | None:
        shell, found = self.use(), list[tuple[Line, errors.ConnetosError]]()
        try:
            for begin in range(0, len(lines), CHUNK):
                part = lines[begin : begin + CHUNK]
                for line, response in zip(
                    part, shell.run([line.text + self._suffix for line in part]), strict=True
                ):
                    if not response.success:
                        found.append((line, error_of(response)))
                if found:
                    break
        except errors.TransportError:
            self._lost = True
            raise
        return _together(found)

    def leave(self) -> None:
        """Back to operational mode; what isn't committed is dropped."""
        if self._lost:
            return
        response = self.shell.run(["exit discard"])[0]
        if response.mode >= Mode.CONFIGURE:
            self.shell.client.close()


def _together(found: Sequence[tuple[Line, errors.ConnetosError]]) -> errors.ConnetosError | None:
    """All that went wrong as one error, of the class of the first."""
    if not found:
        return None
    problems = [
        errors.Problem(f"line {line.number}: {p.reason}" if line.number else p.reason, p.path, p.hint, p.code)
        for line, error in found
        for p in error.problems
    ]
    return type(found[0][1])(problems=problems)
