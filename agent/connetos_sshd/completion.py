"""What `?`, Tab and Space do with the words that the agent says are possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

HEADING = "Possible completions:"
HELP_COLUMN = 30


@dataclass(frozen=True)
class Completion:
    """A word that may stand at a place.

    Attributes:
        word: the word, or a description such as `<vlan-id>` of what may be typed.
        help: what it means.
        keyword: whether it is a word of the CLI itself. Space completes only these: `vlan-id 2` and a space must
            not become `vlan-id 20` because there is a VLAN 20.
    """

    word: str
    help: str = ""
    keyword: bool = False

    @property
    def typeable(self) -> bool:
        """Whether the word itself can be typed."""
        return not self.word.startswith(("<", "["))


def from_answer(items: Any) -> list[Completion]:
    """The completions in an answer of the agent."""
    if not isinstance(items, list):
        return []
    return [
        Completion(str(item.get("word", "")), str(item.get("help", "")), bool(item.get("keyword")))
        for item in items
        if isinstance(item, dict) and item.get("word")
    ]


def listing(completions: Iterable[Completion]) -> str:
    """The list that `?` shows: two blanks, the word in 30 columns, its meaning (spec/cli/show-formats.yaml, `pipes`)."""
    lines = (f"  {item.word:<{HELP_COLUMN}}{item.help}".rstrip() for item in completions)
    return "\n".join([HEADING, *lines, ""])


def open_word(left: str) -> str:
    """The word that the cursor is at the end of."""
    return left.rpartition(" ")[2]


def within_quotes(left: str) -> bool:
    """Whether the cursor is in a quoted text, where `?` and Space are just characters."""
    return left.count('"') % 2 == 1


def by_space(word: str, completions: list[Completion]) -> str:
    """What Space adds to the word before the blank: the rest of the only word of the CLI that it can be."""
    if len(completions) != 1 or not completions[0].keyword:
        return ""
    return _rest(word, completions)


def by_tab(word: str, completions: list[Completion]) -> str | None:
    """What Tab adds: the rest and a blank, or as much as all words share; None when nothing can be added."""
    fitting = [item for item in completions if item.typeable and item.word.startswith(word)]
    if len(fitting) == 1 == len(completions):
        return f"{_rest(word, fitting)} "
    return _rest(word, fitting) or None


def _rest(word: str, completions: list[Completion]) -> str:
    words = sorted(item.word for item in completions if item.typeable)
    if not words or not words[0].startswith(word):
        return ""
    first, last = words[0], words[-1]
    # What the first and the last in order share, all between them share.
    differing = (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    end = next(differing, min(len(first), len(last)))
    return first[len(word) : end]
