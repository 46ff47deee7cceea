"""The schema agrees with the documented command tree, and no leaf is stored and ignored."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from connetos_sdk.model.nodes import Container, KeyedList, Leaf, LeafList
from connetos_sdk.model.paths import Path
from connetos_sdk.model.schema import locate, root
from tests.model.strategies import every_leaf

FACTS = FilePath(__file__).parents[3] / "shared" / "spec" / "cli" / "config-tree.yaml"
EXTENSIONS = {("system", "login", "user", "*", "authentication", "encrypted-password")}
"""What this implementation has and the vendor's tree hasn't."""
TYPES = {"int": "integer", "bool": "boolean"}
FORMATS = {"ipv4": "ipv4", "ipv4-prefix": "ipv4-prefix"}

pytestmark = pytest.mark.skipif(not FACTS.exists(), reason="the documented facts aren't beside this checkout")


@cache
def documented() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(FACTS.read_text())["tree"]
    return tree


def general(path: Path) -> Path:
    """The path with `*` for keys."""
    out: list[str] = []
    for position, word in enumerate(path):
        before = locate(path[:position])
        out.append("*" if isinstance(before.node, KeyedList) and not before.entry else word)
    return tuple(out)


def fact(path: Path) -> dict[str, Any] | None:
    """What is documented about the node at `path`, which has `*` for keys."""
    children: dict[str, Any] = documented()
    found: dict[str, Any] | None = None
    for word in path:
        if word == "*":
            continue
        if word not in children:
            return None
        found = children[word]
        children = found.get("children", {})
    return found


LEAVES = {general(path): node for path, node in every_leaf()}
SHARED = [(path, node) for path, node in LEAVES.items() if path not in EXTENSIONS]


def test_extensions_are_named_and_no_longer_needed_ones_are_not() -> None:
    assert {path for path in LEAVES if fact(path) is None} == EXTENSIONS


@pytest.mark.parametrize(("path", "node"), SHARED, ids=[" ".join(path) for path, _ in SHARED])
def test_a_leaf_is_as_documented(path: Path, node: Leaf | LeafList) -> None:
    known = fact(path)
    assert known is not None
    assert known["kind"] == ("leaf-list" if isinstance(node, LeafList) else "leaf")
    leaf = node.item if isinstance(node, LeafList) else node
    expected_type = "integer" if known["type"] == "vlan-range" else TYPES.get(known["type"], "string")
    assert leaf.type == expected_type
    if "range" in known and known["type"] == "ae-name":
        good = {number for number in range(100) if not leaf.problem(f"ae{number}")}
        assert good == set(range(known["range"][0], known["range"][1] + 1))
    elif "range" in known:
        assert [leaf.minimum, leaf.maximum] == known["range"]
    if known["type"] == "port-range":
        assert leaf.format == "port-range"
    if "length" in known:
        assert [leaf.minimum, leaf.maximum] == known["length"]
    assert list(leaf.enum) == known.get("enum", [])
    assert leaf.unit == known.get("unit", "")
    assert leaf.secret == (known["type"] == "secret")
    if known["type"] in FORMATS:
        assert leaf.format == FORMATS[known["type"]]
    if isinstance(node, Leaf):
        assert node.default == known.get("default")
    if "refers_to" in known and "enum" not in known:  # a rule sees to the key of a list
        assert "/".join(node.reference) == known["refers_to"]


def lists() -> list[tuple[Path, KeyedList]]:
    found = []

    def search(node: Any, path: Path) -> None:
        if isinstance(node, KeyedList):
            found.append((path, node))
            search(node.entry, (*path, "*"))
        elif isinstance(node, Container):
            for name, child in node.children.items():
                search(child, (*path, name))

    search(root(), ())
    return found


@pytest.mark.parametrize(("path", "node"), lists(), ids=[" ".join(path) for path, _ in lists()])
def test_a_list_is_keyed_as_documented(path: Path, node: KeyedList) -> None:
    known = fact(path)
    assert known is not None
    assert known["kind"] == "list"
    assert node.key.name == known["key"]["name"]
    if known["key"]["type"] == "int":
        low, high = known["key"]["range"]
        good = {number for number in range(high + 1000) if not node.key.problem(str(number))}
        assert good == set(range(low, high + 1))
        assert all(node.key.problem(word) for word in ("01", "+1", "1 ", "", "-1"))


@pytest.mark.parametrize(("path", "node"), every_leaf(), ids=[" ".join(path) for path, _ in every_leaf()])
def test_no_leaf_is_stored_and_ignored(path: Path, node: Leaf | LeafList) -> None:
    located = locate(path)
    assert located.objects is not None, "no object of the data plane changes with it"
    if located.objects.key == "entry":
        assert 0 <= located.object_index < len(located.keys)
    elif located.objects.key == "parent":
        assert 1 <= located.object_index < len(located.keys)


def test_patterns_are_anchored() -> None:
    """JSON Schema searches, our checks match the whole text; an anchored pattern means the same to both."""
    for path, node in every_leaf():
        leaf = node.item if isinstance(node, LeafList) else node
        if leaf.pattern is not None:
            assert re.fullmatch(r"\^.*\$", leaf.pattern.pattern), path
