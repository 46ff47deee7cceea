"""Pipes behind a command: `show vlans | match te-1 | count` (spec/cli/show-formats.yaml, `pipes`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, Completion, keyword, not_recognised

FILTERS: tuple[Completion, ...] = (
    keyword("count", "Count the lines"),
    keyword("except", "Lines that don't match a pattern"),
    keyword("find", "From the first line that matches a pattern on"),
    keyword("hold", "Keep the text at the end of paging"),
    keyword("match", "Lines that match a pattern"),
    keyword("no-more", "Don't page"),
)
DISPLAY = keyword("display", "Configuration as set lines, data as JSON")
"""The first pipe only: what comes after it is text."""
DISPLAYS = {"json": "As JSON; errors, too", "set": "As set lines"}
MAX_PATTERN = 200
MAX_PATTERN_MEMORY = 1 << 20


def split(words: list[str]) -> tuple[list[str], list[list[str]]]:
    """The words of the command, and those of each pipe behind it."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts[0], parts[1:]


def complete(pipes: Sequence[Sequence[str]]) -> list[Completion]:
    """What may follow the last word of the last pipe."""
    if not pipes[-1]:
        return [*FILTERS, *([DISPLAY] if len(pipes) == 1 else [])]
    if list(pipes[-1]) == [DISPLAY.word] and len(pipes) == 1:
        return [keyword(word, help_line) for word, help_line in DISPLAYS.items()]
    return []


def take_display(pipes: list[list[str]]) -> str:
    """The form that a first pipe `display` asks for, which is taken away; empty when there is none.

    Raises:
        CliError: there is no such form.
    """
    if not pipes or pipes[0][:1] != [DISPLAY.word]:
        return ""
    words = pipes.pop(0)
    if len(words) != 2 or words[1] not in DISPLAYS:
        raise CliError("ERROR: | display needs set or json.")
    return words[1]


def apply(text: str, pipes: Iterable[list[str]]) -> str:
    """`text` after the pipes, in their order.

    Raises:
        CliError: a pipe isn't known, or its pattern isn't usable.
    """
    found = text.splitlines()
    for pipe in pipes:
        found = _apply(found, pipe)
    return "".join(f"{line}\n" for line in found)


def _apply(found: list[str], pipe: list[str]) -> list[str]:
    name = pipe[0] if pipe else ""
    if name in ("match", "except", "find"):
        if len(pipe) != 2:
            raise CliError(f"ERROR: | {name} needs one pattern; put one with spaces in quotes.")
        matches = _pattern(pipe[1])
        if name == "find":
            first = next((number for number, line in enumerate(found) if matches(line)), len(found))
            return found[first:]
        return [line for line in found if bool(matches(line)) == (name == "match")]
    if len(pipe) > 1:
        raise not_recognised(pipe[1])
    if name == "count":
        return [f"Count: {len(found)} lines"]
    if name in ("no-more", "hold"):
        return found
    raise not_recognised(name)


def _pattern(text: str) -> Callable[[str], Any]:
    """A regular expression that takes linear time whatever it is (RE2): patterns come from users."""
    import re2

    options = re2.Options()
    options.log_errors, options.max_mem = False, MAX_PATTERN_MEMORY
    if len(text) > MAX_PATTERN:
        raise CliError(f"ERROR: the pattern is longer than {MAX_PATTERN} characters.")
    try:
        search: Callable[[str], Any] = re2.compile(text, options).search
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else "it can't be read"
        raise CliError(f"ERROR: the pattern isn't a regular expression: {reason}.") from None
    return search
