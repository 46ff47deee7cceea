"""Every leaf of the schema through REST: what is wrong is refused with the path of the leaf."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connetos_sdk.model.nodes import Leaf, LeafList
from connetos_sdk.model.paths import Path
from tests.agent.conftest import JSON, assert_refused
from tests.model.strategies import every_leaf

LEAVES = every_leaf()
IDS = [" ".join(path) for path, _ in LEAVES]
pytestmark = [pytest.mark.usefixtures("still"), pytest.mark.parametrize(("path", "node"), LEAVES, ids=IDS)]


def resource(path: Path) -> str:
    return "/".join(["config", *(quote(word, safe="") for word in path)])


def wrong(node: Leaf | LeafList) -> list[Any]:
    if isinstance(node, LeafList):
        items = [None, 0, "4095", "x", True]
        return [5, None, {}, *([item] for item in items if node.item.problem(item))]
    odd: list[Any] = [None, [], {"a": 1}, 1.5]
    if node.type == "boolean":
        return [*odd, 1, "true"]
    if node.type == "integer":
        assert node.minimum is not None
        assert node.maximum is not None
        return [*odd, True, str(node.minimum), node.minimum - 1, node.maximum + 1, 10**30]
    return [*odd, 5, True, "", "x" * 5000, "a\x00b", "\ud800"]


def test_a_wrong_value_put_at_the_leaf_is_refused_there(
    api: httpx.Client, path: Path, node: Leaf | LeafList
) -> None:
    for value in wrong(node):
        body = json.dumps(value)
        for method in ("PUT", "PATCH"):
            response = api.request(method, resource(path), content=body, headers=JSON)
            problem = assert_refused(response, 422, "invalid-value", path=path)
            assert problem["problems"][0]["hint"]


def test_a_wrong_value_in_a_whole_document_is_refused_there(
    api: httpx.Client, path: Path, node: Leaf | LeafList
) -> None:
    document: Any = wrong(node)[3]
    for word in reversed(path):
        document = {word: document}
    response = api.patch("config", content=json.dumps(document), headers=JSON)
    assert_refused(response, 422, "invalid-value", path=path)


def test_the_leaf_has_nothing_below_it(api: httpx.Client, path: Path, node: Leaf | LeafList) -> None:
    below = f"{resource(path)}/x"
    assert_refused(api.get(below), 404, "not-found")
    assert_refused(api.put(below, json=1), 404, "not-found")
    response = api.delete(below)
    no_value = isinstance(node, LeafList) and node.item.problem("x")
    assert response.status_code == (422 if no_value else 404)


def test_the_leaf_is_told_with_its_default_or_as_not_configured(
    api: httpx.Client, path: Path, node: Leaf | LeafList
) -> None:
    response = api.get(resource(path))
    if response.status_code == 404:
        assert_refused(response, 404, "not-found", path=path)
    shown = api.get(resource(path), params={"defaults": "true"})
    if isinstance(node, Leaf) and node.default is not None and response.status_code == 404:
        assert shown.json() == node.default
