"""Secrets in lines that are typed at a command line, for those who write down what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from connetos_sdk.model.nodes import Container, KeyedList, Leaf
from connetos_sdk.model.schema import root
from connetos_sdk.model.words import unquote


def secrets_in(text: str) -> list[str]:
    """Values of secret leaves in `set` lines, as typed and without quotes, also in lines that are wrong elsewhere."""
    values = [found[1].rstrip() for found in _typed_secret().finditer(text)]
    return list(dict.fromkeys(form for value in values for form in (value, unquote(value)) if form))


@cache
def _typed_secret() -> re.Pattern[str]:
    """A secret leaf's name and its value: a word, quoted or not; a quote that isn't closed goes on to the line's end."""
    names = "|".join(map(re.escape, sorted(secret_leaves())))
    return re.compile(rf'(?<!\S)(?:{names}):?[^\S\n]+("(?:[^"\\\n]|\\.)*"|"[^\n]*|[^\s"]+)')


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
