"""`request`: every operation that this agent has (`connetos_sdk.model.operations`), with its arguments as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connetos_agent.northbound.cli.answers import (
    CliError,
    Completion,
    Told,
    as_json,
    keyword,
    not_recognised,
)
from connetos_agent.northbound.cli.commands.command import Terminal, command
from connetos_sdk.model.nodes import AnyNode, Leaf, LeafList
from connetos_sdk.model.operations import Operation, operation
from connetos_sdk.model.text import parse_json


async def _request(terminal: Terminal, words: Sequence[str]) -> Told:
    described, rest = _operation(terminal, words)
    data = await terminal.call(described.name, **_arguments(described, rest))
    return Told(as_json(data), data)


def _operation(terminal: Terminal, words: Sequence[str]) -> tuple[Operation, Sequence[str]]:
    """The operation that `words` begin with, and the words after its name."""
    for length in range(len(words), 0, -1):
        name = "/".join(words[:length])
        if name in terminal.operations.names:
            return operation(name), words[length:]
    if any(name.split("/")[: len(words)] == list(words) for name in terminal.operations.names):
        raise CliError("syntax error, the command is incomplete. Type ? to see what may come next.")
    raise not_recognised(words[0])


def _arguments(described: Operation, words: Sequence[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, word in zip(words[::2], [*words[1::2], None], strict=False):
        node = described.arguments.children.get(name)
        if node is None:
            raise not_recognised(name)
        if word is None:
            raise CliError(f"syntax error, the command is incomplete: {name} needs a value.")
        value = _value(node, name, word)
        arguments[name] = [*arguments.get(name, []), *value] if isinstance(node, LeafList) else value
    return arguments


def _value(node: AnyNode, name: str, word: str) -> Any:
    if not isinstance(node, Leaf | LeafList):
        return parse_json(word)
    try:
        return node.parse(word)
    except ValueError as error:
        raise CliError(f"ERROR: {name}: {error} ({node.accepts}).") from None


def _complete(terminal: Terminal, words: Sequence[str]) -> list[Completion]:
    names = [name.split("/") for name in terminal.operations.names]
    longer = [name for name in names if name[: len(words)] == list(words) and len(name) > len(words)]
    if longer:
        return [keyword(name[len(words)], _help(name, len(words))) for name in longer]
    try:
        described, rest = _operation(terminal, words)
    except CliError:
        return []
    children: Mapping[str, AnyNode] = described.arguments.children
    if len(rest) % 2 == 0:
        given = set(rest[::2])
        return [keyword(name, node.help) for name, node in children.items() if name not in given]
    node = children.get(rest[-1])
    if isinstance(node, Leaf) and node.enum:
        return [Completion(str(word)) for word in node.enum]
    return [] if node is None else [Completion(f"<{node.name}>", getattr(node, "accepts", "JSON"))]


def _help(name: Sequence[str], depth: int) -> str:
    return operation("/".join(name)).help if len(name) == depth + 1 else ""


COMMANDS = (command("request", "Do an operation", _request, tells=True, more=_complete),)
