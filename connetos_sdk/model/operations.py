"""What a switch can be asked to do besides being configured: `ping`, `rollback`, `packages/install`.

The documents in `operations/` are JSON Schema (2020-12): names of operations, each with the schema of its
arguments. REST (`rpc/<name>`), the OpenAPI document, XRL and the command line are made from them. Keywords of
our own, besides those of `connetos_sdk.model.schema`:

| keyword | says |
|---|---|
| `x-class` | class of user it takes: `read-only` (the default: anybody who may log in) or `super-user` |
| `x-progress` | it may take long and tells how far it is |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from connetos_sdk.errors import MAX_PROBLEMS, BadRequest, NotFound, Problem
from connetos_sdk.model.nodes import Container, Leaf
from connetos_sdk.model.schema import Compiler, documents

PCAP = "pcap"
"""Name of a piece of a capture among what the operation `capture` tells: base64."""


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: words with slashes between, such as `packages/install`.
        arguments: what it takes.
        schema: the same as JSON Schema, without references.
        super_user: whether only that class may.
        progress: whether it tells how far it is.
    """

    name: str
    help: str
    arguments: Container
    schema: dict[str, Any]
    super_user: bool
    progress: bool

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`arguments` in normal form, with the defaults of those that aren't given.

        Raises:
            BadRequest: with every problem found (bounded), each under the argument's name.
        """
        problems: list[Problem] = []
        checked = self.arguments.check(dict(arguments), (), problems)
        if not problems:
            problems += [
                Problem(f"{name} isn't given", (), f'give "{name}"', BadRequest.code)
                for name in self.arguments.missing(checked)
            ]
        if problems:
            raise BadRequest(problems=problems[:MAX_PROBLEMS])
        defaults = {
            name: leaf.default
            for name, leaf in self.arguments.children.items()
            if isinstance(leaf, Leaf) and leaf.default is not None
        }
        return {**defaults, **checked}


@cache
def operations() -> dict[str, Operation]:
    """All operations by name."""
    folder = resources.files("connetos_sdk.model") / "operations"
    found: dict[str, Operation] = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            for name, schema in json.loads(entry.read_text("utf-8")).items():
                found[name] = _operation(name, schema)
    return found


def operation(name: str) -> Operation:
    """The operation `name`.

    Raises:
        NotFound: there is none.
    """
    found = operations().get(name)
    if found is None:
        raise NotFound(
            f"there is no operation {name[:60] or '(none named)'}", hint=", ".join(sorted(operations()))
        )
    return found


def _operation(name: str, schema: dict[str, Any]) -> Operation:
    compiler = Compiler(documents())
    node = compiler.node(name, schema)
    if not isinstance(node, Container):
        raise TypeError(f"the arguments of {name} must be an object")
    return Operation(
        name=name,
        help=node.help,
        arguments=node,
        schema=compiler.inline(schema),
        super_user=schema.get("x-class", "read-only") == "super-user",
        progress=bool(schema.get("x-progress")),
    )
