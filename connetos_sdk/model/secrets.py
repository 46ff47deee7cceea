"""Secrets in lines that are typed at a command line, for those who write down what is typed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from connetos_sdk.model.nodes import Container, KeyedList, Leaf
from connetos_sdk.model.schema import root
from connetos_sdk.model.words import TOKEN, unquote


def secrets_in(text: str) -> list[str]:
    """Values of secret leaves in `set` lines, as typed and without quotes, also in lines that are wrong elsewhere."""
    words = [found[0] for found in TOKEN.finditer(text) if found.lastgroup in ("word", "quoted")]
    values = [value for name, value in pairwise(words) if name.rstrip(":") in secret_leaves()]
    return list(dict.fromkeys(form for value in values for form in (value, unquote(value)) if form))


@cache
def secret_leaves() -> frozenset[str]:
    """Names of the leaves whose values are secret."""
    return frozenset(_secret_names(root()))


def _secret_names(node: object) -> Iterator[str]:
    if isinstance(node, Leaf) and node.secret:
        yield node.name
    elif isinstance(node, Container):
        for child in node.children.values():
            yield from _secret_names(child)
    elif isinstance(node, KeyedList):
        yield from _secret_names(node.entry)
