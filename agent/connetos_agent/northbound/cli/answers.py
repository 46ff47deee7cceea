"""What the command line answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from connetos_sdk.errors import BadRequest, ConnetosError


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


@dataclass(frozen=True)
class Told:
    """What a command tells: `text` for people, `data` for `| display json`."""

    text: str
    data: Any


class CliError(Exception):
    """A line that can't be run; the message is what the user sees, `error` the same for programs."""

    def __init__(self, text: str, error: ConnetosError | None = None) -> None:
        super().__init__(text)
        self.error = error or BadRequest(text.removeprefix("ERROR: "))


def lines(*parts: str) -> str:
    """Text of these lines."""
    return "".join(f"{part}\n" for part in parts)


def not_recognised(word: str) -> CliError:
    """The documented answer to a word that isn't valid at its place (spec/cli/show-formats.yaml)."""
    return CliError(f'syntax error, command "{word}" is not recognized.')


def as_json(data: Any) -> str:
    """What `| display json` prints."""
    return json.dumps(data, indent=4) + "\n"


def error_text(error: ConnetosError) -> str:
    """An error as people see it."""
    return "".join(f"ERROR: {problem}\n" for problem in error.problems)
