"""Completing and explaining words: what Space, Tab and `?` do (spec/cli/show-formats.yaml, `line_editing`)."""

from __future__ import annotations

import os
from collections.abc import Sequence

HEADING = "Possible completions:"
WORD_WIDTH = 30


def unfinished(line: str) -> str:
    """The last word of `line`, still being typed; empty after a blank."""
    return "" if not line or line[-1].isspace() else line.rsplit(maxsplit=1)[-1]


def addition(line: str, found: Sequence[tuple[str, str]]) -> str:
    """What Tab or Space adds to `line`: the rest of the word all candidates share, and a blank when it is whole."""
    words = [word for word, _ in found if not word.startswith("<")]
    if not words or ("<...>" in dict(found)):  # not all are listed, so what they share isn't known
        return ""
    start = unfinished(line)
    shared = os.path.commonprefix(words)  # noqa: RUF071 - words, not paths: character by character is right
    whole = len(words) == 1 and len(found) == 1
    return shared[len(start) :] + (" " if whole else "")


def explanation(found: Sequence[tuple[str, str]]) -> str:
    """The list that `?` shows: two blanks, the word padded to 30, its description."""
    rows = [f"  {word.ljust(WORD_WIDTH)}{help_line}".rstrip() for word, help_line in found]
    return "\n".join([HEADING, *rows]) + "\n"
