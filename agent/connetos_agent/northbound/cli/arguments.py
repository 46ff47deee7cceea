"""Words behind a command: reading them, and telling of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from connetos_agent.config.commit import CommitOptions
from connetos_agent.northbound.cli.answers import CliError, Completion, keyword, not_recognised
from connetos_sdk.model import curly, setlines
from connetos_sdk.model.nodes import AnyNode, Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from connetos_sdk.model.schema import locate, root

MAX_COMMENT = 512


def _secret_names(node: AnyNode) -> Iterator[str]:
    if isinstance(node, KeyedList):
        yield from _secret_names(node.entry)
    elif isinstance(node, Container):
        for child in node.children.values():
            yield from _secret_names(child)
    elif isinstance(node, Leaf) and node.secret:
        yield node.name


SECRETS = tuple(sorted(set(_secret_names(root()))))
"""Names of what no message, history or log may show the value of."""


def no_more(words: Sequence[str]) -> None:
    """Refuse words that are too many."""
    if words:
        raise not_recognised(words[0])


def number(word: str, low: int, high: int) -> int:
    """The number that `word` is.

    Raises:
        CliError: it isn't one, or is out of range.
    """
    if not re.fullmatch(r"[0-9]{1,9}", word) or not low <= int(word) <= high:
        raise CliError(f"ERROR: {word} is not a number from {low} to {high}.")
    return int(word)


def also(others: Sequence[str]) -> str:
    """Who else is in configuration mode, as a sentence; empty when nobody is."""
    if len(others) == 1:
        return f"User {others[0]} is also in configuration mode."
    if others:
        return f"Users {', '.join(others[:-1])} and {others[-1]} are also in configuration mode."
    return ""


def public(path: Sequence[str]) -> str:
    """The path for a message, without what stands behind the name of a secret."""
    words = list(path)
    for name in SECRETS:
        if name in words:
            del words[words.index(name) + 1 :]
    return format_path(words)


def removed(before: Any, path: Path, value: Any) -> str:
    """What `delete` took away, for the message."""
    node = locate(path).node
    if isinstance(node, LeafList) and value is not None:
        return "".join(f"{curly.INDENT}{node.name} {word}\n" for word in setlines.value_words(node, value))
    return curly.format_entry(before, path)


def commit_options(words: Sequence[str]) -> CommitOptions:
    """`[check] [comment <text>] [confirmed <seconds>]`, in any order. `at <time>` is taken off before."""
    dry_run, comment, confirm, left = False, "", None, list(words)
    while left:
        word = left.pop(0)
        if word == "check":
            dry_run = True
        elif word not in ("comment", "confirmed") or not left:
            raise not_recognised(word)
        elif word == "comment":
            comment = left.pop(0)
        else:
            confirm = number(left.pop(0), 1, 30000)
    if len(comment) > MAX_COMMENT or not comment.isprintable():
        raise CliError(f"ERROR: the comment is longer than {MAX_COMMENT} characters, or not printable.")
    return CommitOptions(comment, confirm, dry_run)


def complete_commit(words: Sequence[str]) -> list[Completion]:
    """What may follow `commit` and `words`."""
    values = {
        "at": Completion("<time>", "23:30, 12.24-23:30 or 2026.12.24-23:30"),
        "comment": Completion("<comment>"),
        "confirmed": Completion("<seconds>", "1 to 30000"),
    }
    if words and words[-1] in values:
        return [values[words[-1]]]
    if words[:1] == ["at"]:
        return [keyword("comment")] if "comment" not in words else []
    possible = ("at", "check", "comment", "confirmed") if not words else ("check", "comment", "confirmed")
    if words == ["check"]:
        possible = (*possible, "flows")
    return [keyword(word) for word in possible if word not in words]
