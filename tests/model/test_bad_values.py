"""Every leaf refuses every kind of bad value, says where and what would be right, and gives no secret away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connetos_sdk.errors import ConfigError, ParseError
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.nodes import Leaf, LeafList
from connetos_sdk.model.paths import Path, format_path
from tests.model.strategies import every_leaf

LEAVES = every_leaf()
IDS = [" ".join(path) for path, _ in LEAVES]
SECRETS = [(path, node) for path, node in LEAVES if isinstance(node, Leaf) and node.secret]


def document_with(path: Path, value: Any) -> dict[str, Any]:
    for word in reversed(path):
        value = {word: value}
    return value


def bad_values(node: Leaf | LeafList) -> list[Any]:
    """Values of wrong type, range, length and form."""
    if isinstance(node, LeafList):
        odd = [bad for bad in bad_values(node.item) if not isinstance(bad, str)]
        words = [word for word in ("x", "5:1", "0:3", "1:4095", "") if node.item.problem(word)]
        return [7, "10", {}, None, True, *([item] for item in [*odd, *words])]
    wrong_type: list[Any] = [None, 1.5, {"a": 1}, ["a"], [], {}]
    if node.type == "boolean":
        return [*wrong_type, 0, 1, "true", "yes"]
    if node.type == "integer":
        edges = [node.minimum - 1, node.maximum + 1] if node.minimum is not None and node.maximum else []
        return [*wrong_type, *edges, True, "10", -1, 10**40, 10.0]
    long = "a" * ((node.maximum or 4000) + 1)
    controls = [f"a{chr(code)}b" for code in (*range(32), 127)] + ["a\n", "a\ud800b"]
    return [*wrong_type, 5, False, "", long, *controls]


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_a_bad_value_is_refused_at_its_leaf(path: Path, node: Leaf | LeafList) -> None:
    for bad in bad_values(node):
        with pytest.raises(ConfigError) as caught:
            tree.check(document_with(path, bad))
        assert caught.value.path == path, bad
        assert caught.value.hint, bad
        str(caught.value).encode()


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_a_bad_word_on_a_line_is_refused_at_its_leaf(path: Path, node: Leaf | LeafList) -> None:
    for bad in ("\u00b2", "-1", "0x10", "99999999999999999999", "a" * 5000, "a b\u2028c"):
        line = format_path((*path, bad))
        leaf = node.item if isinstance(node, LeafList) else node
        if not leaf.problem(bad):
            continue
        with pytest.raises(ParseError) as caught:
            setlines.parse_line(f"set {line}")
        assert caught.value.path == path
        assert caught.value.hint
        assert len(caught.value.reason) < 200


@pytest.mark.parametrize(("path", "node"), SECRETS, ids=[path[-1] for path, _ in SECRETS])
@given(secret=st.text("abcdefghijklmnop\x07", min_size=12, max_size=300))
@settings(max_examples=20)
def test_no_error_shows_a_secret(path: Path, node: Leaf, secret: str) -> None:
    wrong = f"{secret}\x00"
    attempts = [
        lambda: tree.check(document_with(path, wrong)),
        lambda: tree.check(document_with(path, [secret])),
        lambda: tree.check(document_with(path[:-1], secret)),
        lambda: setlines.parse_line("set " + format_path((*path, wrong))),
        lambda: setlines.parse_line("set " + format_path((*path, "x", secret))),
        lambda: setlines.parse_line("delete " + format_path((*path, secret))),
        lambda: curly.parse_curly(_braces(path, f"one {secret}")),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert secret not in str(caught.value)
        assert secret not in str(caught.value.to_dict())


def _braces(path: Path, value: str) -> str:
    *words, name = path
    user = words.index("user")
    opened = " { ".join([*words[:user], f"user {words[user + 1]}", *words[user + 2 :]])
    return f"{opened} {{ {name}: {value}" + " }" * (len(words) - 1)


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)
def test_every_leaf_says_what_it_is_for_and_what_it_accepts(path: Path, node: Leaf | LeafList) -> None:
    assert node.help
    assert node.accepts
