"""One user's command line: reads lines, in operational mode or in configuration mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from connetos_agent.northbound.cli import operational, pipes
from connetos_agent.northbound.cli.answers import (
    Answer,
    CliError,
    Completion,
    Mode,
    as_json,
    error_text,
    keyword,
    lines,
    not_recognised,
)
from connetos_agent.northbound.cli.arguments import SECRETS, no_more
from connetos_agent.northbound.cli.commands.command import MAX_HISTORY, Terminal
from connetos_agent.northbound.cli.configuration import ConfigurationMode
from connetos_sdk.errors import ConnetosError
from connetos_sdk.model.paths import format_path
from connetos_sdk.model.words import split_words

MAX_LINE = 4096
MAX_COMPLETIONS = 1000
"""More than anybody reads; a switch may have 4,094 VLANs."""

TOP_LEVEL = (
    keyword("configure", "Enter configuration mode"),
    keyword("exit", "Leave the CLI"),
    keyword("quit", "Leave the CLI"),
)


class CliSession:
    """A command line in one of its two modes.

    Args:
        terminal: who types, on what, and what operational commands may ask.
        hostname: the name of the switch, for the prompt.
    """

    def __init__(self, terminal: Terminal, hostname: Callable[[], str]) -> None:
        self.terminal = terminal
        """Who types, on what."""
        self._hostname = hostname
        self._configuring: ConfigurationMode | None = None
        self._ended = False

    # -- from outside ---------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """The mode that the next line is read in."""
        return Mode.OPERATIONAL if self._configuring is None else Mode.CONFIGURATION

    @property
    def prompt(self) -> str:
        """What stands before the next line: a question, or the prompt, below the top level with the level above it."""
        if self.terminal.question is not None:
            return self.terminal.question.text
        if self._configuring is None:
            return f"{self._hostname()}> "
        level = self._configuring.level
        return (f"[edit {format_path(level)}]\n" if level else "") + f"{self._hostname()}# "

    async def run(self, line: str) -> Answer:
        """Run one line; never raises for what is typed."""
        display = ""
        question, self.terminal.question = self.terminal.question, None
        try:
            if question is not None:
                return Answer(await question.then(line.strip()))
            words = self._words(line)
            if not words:
                return Answer("")
            self._remember(line)
            command, filters = pipes.split(words)
            if not command:
                raise not_recognised("|")
            display = pipes.take_display(filters)
            if filters or display:
                self.terminal.send = None  # they work on the whole text
            text = await self._run(command, display)
            text = text if display else self.terminal.take_told() + text
            return Answer(pipes.apply(text, filters) if filters else text, ended=self._ended)
        except CliError as error:
            told = as_json(error.error.to_dict()) if display == "json" else lines(str(error))
        except ConnetosError as error:
            told = as_json(error.to_dict()) if display == "json" else error_text(error)
        before = self.terminal.take_told()
        return Answer(told if display else before + told, ok=False)

    async def complete(self, line: str) -> list[Completion]:
        """What may stand at the end of `line` instead of its last, unfinished word."""
        if len(line) > MAX_LINE or self.terminal.question is not None:
            return []
        finished = not line or line[-1].isspace()
        try:
            words = split_words(line.replace("|", " | "))
        except ValueError:
            return []
        unfinished = "" if finished or not words else words.pop()
        command, filters = pipes.split(words)
        found = pipes.complete(filters) if filters else self._next(command)
        names = [c for c in found if not c.word.startswith("<") and c.word.startswith(unfinished)]
        values = [c for c in found if c.word.startswith("<")]
        if len(names) > MAX_COMPLETIONS:
            more = Completion("<...>", f"{len(names) - MAX_COMPLETIONS} more: type the beginning")
            return [*names[:MAX_COMPLETIONS], more]
        return names + (values if not unfinished or not names else [])

    def close(self) -> None:
        """Leave: the candidate, if there is one, is freed."""
        if self._configuring is not None:
            self._configuring.close()
            self._configuring = None

    # -- lines ----------------------------------------------------------------------------------------

    @staticmethod
    def _words(line: str) -> list[str]:
        if len(line) > MAX_LINE:
            raise CliError(f"ERROR: the line is longer than {MAX_LINE} characters.")
        try:
            return split_words(
                re.sub(r'("(?:[^"\\]|\\.)*")|\|', lambda m: m[1] or " | ", line.replace("\0", ""))
            )
        except ValueError as error:
            raise CliError(f"ERROR: {error}.") from None

    def _remember(self, line: str) -> None:
        shown = re.sub(rf"\b({'|'.join(SECRETS)})([\"']?\s+).*", r"\1\2********", line)
        self.terminal.history.append(shown)
        del self.terminal.history[:-MAX_HISTORY]
        self.terminal.log.write(
            "warning", f'[1][cli_sh] Executing command by {self.terminal.caller.user}: "{shown.strip()}"'
        )

    async def _run(self, command: list[str], display: str) -> str:
        if self._configuring is not None:
            text = await self._configuring.run(command, display)
            if self._configuring.left:
                self._configuring = None
            return text
        if command[0] == "configure":
            return self._configure(command[1:], display)
        if command[0] in ("exit", "quit"):
            no_more(command[1:])
            self._ended = True
            return ""
        return await operational.run(self.terminal, command, display)

    def _configure(self, words: Sequence[str], display: str) -> str:
        if words and words != ["exclusive"]:
            raise not_recognised(words[0])
        self._configuring = ConfigurationMode(self.terminal, exclusive=bool(words))
        return "" if display else self._configuring.welcome

    def _next(self, words: Sequence[str]) -> list[Completion]:
        if self._configuring is not None:
            return self._configuring.complete(words)
        if words[:1] == ["configure"]:
            return [keyword("exclusive", "Lock out other users")] if len(words) == 1 else []
        return [*operational.complete(self.terminal, words), *(TOP_LEVEL if not words else ())]
