"""Options behind a command that does an operation: `ping 192.0.2.9 count 3 dont-fragment`.

They are the arguments that the model describes, with `-` for `_`; one that is true or false stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import CliError, Completion, keyword, not_recognised
from connetos_sdk.model.nodes import Leaf
from connetos_sdk.model.operations import operation


def parse(name: str, words: Sequence[str]) -> dict[str, Any]:
    """The arguments of the operation `name` that `words` give.

    Raises:
        CliError: a word isn't an option, is given twice or lacks its value.
    """
    known, found, rest = _options(name), {}, list(words)
    while rest:
        word = rest.pop(0)
        leaf = known.get(word)
        if leaf is None:
            raise not_recognised(word)
        if leaf.name in found:
            raise CliError(f"ERROR: {word} is given twice.")
        if leaf.type != "boolean" and not rest:
            raise CliError(f"syntax error, {word} needs {leaf.accepts}.")
        found[leaf.name] = True if leaf.type == "boolean" else _value(word, leaf, rest.pop(0))
    return found


def complete(name: str, words: Sequence[str]) -> list[Completion]:
    """What may follow `words` behind the command."""
    known, rest = _options(name), list(words)
    while rest:
        leaf = known.pop(rest.pop(0), None)
        if leaf is None:
            return []
        if leaf.type != "boolean":
            if not rest:
                return [keyword(str(word)) for word in leaf.enum] or [
                    Completion(f"<{leaf.name}>", leaf.accepts)
                ]
            rest.pop(0)
    return [keyword(word, leaf.help) for word, leaf in known.items()]


def _options(name: str) -> dict[str, Leaf]:
    described = operation(name).arguments
    return {
        leaf.name.replace("_", "-"): leaf
        for leaf in described.children.values()
        if isinstance(leaf, Leaf) and leaf.name not in described.required
    }


def _value(word: str, leaf: Leaf, text: str) -> int | str:
    if leaf.type != "integer":
        value: int | str = text
    elif text.isascii() and text.isdigit() and len(text) < 10:
        value = int(text)
    else:
        raise CliError(f"ERROR: {word}: {text} isn't {leaf.accepts}.")
    if reason := leaf.problem(value):
        raise CliError(f"ERROR: {word}: {reason} ({leaf.accepts}).")
    return value
