"""What the command line answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Mode(IntEnum):
    """Mode of the command line, numbered as on the wire (spec/wire/rcc.md: XORP's CliMode)."""

    OPERATIONAL = 1
    CONFIGURATION = 2


@dataclass(frozen=True)
class Answer:
    """The answer to one line: its text ends with a newline unless it is empty; `ended` after leaving the CLI."""

    text: str
    ok: bool = True
    ended: bool = False


@dataclass(frozen=True)
class Completion:
    """A word that may come next; a `word` in angle brackets stands for a value.

    `keyword` tells words of the language, which Space completes, from names and values, which may be typed on.
    """

    word: str
    help: str = ""
    keyword: bool = False


def keyword(word: str, help_line: str = "") -> Completion:
    """A word of the language."""
    return Completion(word, help_line, keyword=not word.startswith("<"))


class CliError(Exception):
    """A line that can't be run; the message is what the user sees."""


def lines(*parts: str) -> str:
    """Text of these lines."""
    return "".join(f"{part}\n" for part in parts)


def not_recognised(word: str) -> CliError:
    """The documented answer to a word that isn't valid at its place (spec/cli/show-formats.yaml)."""
    return CliError(f'syntax error, command "{word}" is not recognized.')
