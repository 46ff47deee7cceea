"""The command line at a terminal that somebody else holds and that can only be typed at, such as Ansible's network_cli.

What RCC says in a header is read off the text and off the prompt behind it (spec/cli/show-formats.yaml, `prompts`,
`errors`, `session_messages`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from connetos_sdk import errors
from connetos_sdk.transports.rcc.transport import CommandLineTransport
from connetos_sdk.transports.rcc_client import Response
from connetos_sdk.wire import rcc
from connetos_sdk.wire.rcc import Message, Mode

Type = Callable[[Sequence[str]], Sequence[str]]
"""Types command lines, one after another; for each the text up to and with the next prompt, without what was typed."""

BATCH = 50
"""Lines typed at once: what waits for the answers often has a limit of time."""

_PROMPT = re.compile(
    r"(?:^|(?<=\n))(?:\[edit[^\n]*\]\s*\n)?[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}(?: \d{1,2})?(?P<mode>[>#]) ?\Z"
)
_REFUSED = re.compile(r"ERROR: |syntax error, |unknown command\.")
_PROGRESS = re.compile(r"(?:Waiting for|Loading config:|Rolling back to config:|Deleting:)")
_SHOWS = re.compile(r"(?:run +)?(?:show|help)\b")
_PAGED = re.compile(r"(?:(?:run +)?(?:show|request|help)|compare)\b|.*\|")
_NO_MORE = " | no-more"


def unpaged(command: str) -> str:
    """The command, made so that its text isn't cut into screens, if it may be a long one."""
    typed = command.strip()
    if not _PAGED.match(typed) or re.search(r"\|\s*(?:no-more|hold)\b", typed):
        return command
    return typed + _NO_MORE


def read(command: str, typed: str) -> Response:
    """The response that stands on the terminal: text and prompt.

    Raises:
        ProtocolError: no prompt follows the text.
    """
    prompt = _PROMPT.search(typed)
    if prompt is None:
        raise errors.ProtocolError(f"the switch shows no prompt after {command.split(None, 1)[:1]}")
    text = typed[: prompt.start()].rstrip("\n")
    mode = Mode.OPERATIONAL if prompt["mode"] == ">" else Mode.CONFIGURE
    shown = f"{text}\n".encode() if text else b""
    return Response(command, (Message(shown, int(not refused(command, text)), mode),))


def refused(command: str, text: str) -> bool:
    """Whether the text says that a command did nothing.

    Text that a command shows may have lines that look like errors: those of a log, for instance. There only the first
    line counts.
    """
    if text.startswith("{") and "|" in command:
        try:
            found = json.loads(text)
        except ValueError:
            return False
        return isinstance(found, dict) and found.keys() == {"code", "problems"}
    said = [line for line in text.splitlines() if line.strip() and not _PROGRESS.match(line)]
    if _SHOWS.match(command.strip()):
        said = said[:1]
    return any(_REFUSED.match(line) for line in said)


class TerminalClient:
    """See `Client`.

    Args:
        type_lines: see `Type`. What it raises goes through.
    """

    def __init__(self, type_lines: Type) -> None:
        self._type = type_lines
        self._mode: int = Mode.OPERATIONAL
        self.connected = True
        """Whether it is known what the terminal shows: not when an answer hasn't come."""

    def run_many(self, commands: Sequence[str]) -> list[Response]:
        """Run commands in order, whether or not those before succeed.

        Raises:
            BadRequest: a command has more than one line, or is too long.
            ProtocolError: a prompt is missing, here or earlier.
        """
        for command in commands:
            rcc.encode_command(command)
        if not self.connected:
            raise out_of_step()
        found: list[Response] = []
        try:
            for begin in range(0, len(commands), BATCH):
                found += self._part(commands[begin : begin + BATCH])
        except BaseException:
            self.connected = False
            raise
        return found

    def _part(self, commands: Sequence[str]) -> list[Response]:
        if any(command.startswith("configure") for command in commands):
            self._mode = Mode.CONFIGURE  # from when it is typed: nobody may come to see the prompt
        found: list[Response] = []
        for command, typed in zip(commands, self._type([unpaged(c) for c in commands]), strict=True):
            found.append(read(command, typed))
            self._mode = found[-1].mode
        return found

    def expect_single_messages(self) -> None:
        """See `Client`; a prompt ends every answer anyway."""

    def close(self) -> None:
        """Leave the terminal in operational mode, for whoever uses it next."""
        if self._mode >= Mode.CONFIGURE:
            with suppress(
                Exception
            ):  # if it fails nothing is left to try, and what failed before is what matters
                self._part(["exit discard"])


def out_of_step() -> errors.ProtocolError:
    """The error for commands after one whose answer didn't come."""
    return errors.ProtocolError(
        "the terminal showed no prompt after an earlier command",
        hint="connect anew, and look at what was changed",
    )


class TerminalTransport(CommandLineTransport):
    """See `connetos_sdk.transports.base.Transport`. There is one command line, so what needs two at once is refused.

    Args:
        type_lines: see `Type`.
    """

    def __init__(self, type_lines: Type) -> None:
        made: list[TerminalClient] = []

        def client() -> TerminalClient:
            if made and not made[0].connected:
                raise out_of_step()
            if made:  # in use; else it would be given away again, for it stays connected
                raise errors.Unsupported(
                    "a terminal has one command line, which a candidate occupies",
                    hint="commit or close the candidate first, or use REST or RCC",
                )
            made.append(TerminalClient(type_lines))
            return made[0]

        super().__init__(client)
