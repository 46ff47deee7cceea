"""Laws of editing: merge, replace, delete, difference, and what stays the same object."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import NotFound, RuleViolation
from connetos_sdk.model import tree
from connetos_sdk.model.diff import diff
from connetos_sdk.model.nodes import KeyedList
from connetos_sdk.model.tree import Document
from tests.model.strategies import documents, pairs, paths_in, raw_documents

documents_and_paths = documents().flatmap(lambda d: st.tuples(st.just(d), paths_in(d)))


def leaves(document: Document) -> dict[tuple[str, ...], Any]:
    return {path: value for path, node, value in tree.walk(document) if not isinstance(node, KeyedList)}


@given(documents(), documents())
def test_merging_sets_every_leaf_of_the_fragment(document: Document, fragment: Document) -> None:
    merged = tree.merge(document, fragment)
    for path, value in leaves(fragment).items():
        found = tree.get(merged, path)
        assert set(value) <= set(found) if isinstance(value, list) else tree.same(found, value)


@given(documents(), documents())
def test_merging_leaves_everything_else(document: Document, fragment: Document) -> None:
    touched = leaves(fragment)
    for path, value in leaves(document).items():
        if path not in touched:
            assert tree.get(tree.merge(document, fragment), path) == value


@given(documents(), documents())
def test_merging_twice_is_merging_once(document: Document, fragment: Document) -> None:
    merged = tree.merge(document, fragment)
    assert tree.merge(merged, fragment) is merged
    assert tree.merge(document, {}) is document
    assert tree.merge({}, fragment) == fragment


@given(documents(), documents())
def test_replacing_leaves_nothing_of_the_old(document: Document, value: Document) -> None:
    assert tree.replace(document, value) == value
    assert tree.replace(document, copy.deepcopy(document)) is document


@given(documents_and_paths, documents())
def test_replacing_a_part_leaves_the_rest(found: tuple[Document, tuple[str, ...]], other: Document) -> None:
    document, path = found
    value = tree.get(other, path, tree.MISSING)
    if value is tree.MISSING:
        return
    replaced = tree.replace(document, value, path)
    assert tree.get(replaced, path) == value
    for change in diff(document, replaced):
        assert change.path[: len(path)] == path


@given(documents_and_paths)
def test_deleting_takes_away_that_and_nothing_else(found: tuple[Document, tuple[str, ...]]) -> None:
    document, path = found
    if not path:
        return
    after = tree.delete(document, path)
    assert tree.get(after, path, None) is None
    assert all(change.path[: len(path)] == path for change in diff(document, after))
    assert tree.check(after) == after
    with pytest.raises(NotFound):
        tree.delete(after, path)


def test_deleting_everything_at_once_is_refused() -> None:
    with pytest.raises(RuleViolation):
        tree.delete({"system": {"hostname": "leaf1"}}, ())


@given(pairs(secrets=True))
def test_there_are_changes_exactly_when_documents_differ(pair: tuple[Document, Document]) -> None:
    old, new = pair
    assert bool(diff(old, new)) == (old != new)
    assert diff(old, copy.deepcopy(old)) == []


@given(pairs(secrets=True))
def test_changes_back_are_the_changes_turned_round(pair: tuple[Document, Document]) -> None:
    old, new = pair
    there = {(c.path, repr(c.old), repr(c.new)) for c in diff(old, new)}
    back = {(c.path, repr(c.new), repr(c.old)) for c in diff(new, old)}
    assert there == back


@given(pairs(secrets=True))
def test_reusing_gives_the_new_document_made_of_old_objects(pair: tuple[Document, Document]) -> None:
    old, new = pair
    reused = tree.reuse(old, copy.deepcopy(new))
    assert reused == new
    assert diff(old, reused) == diff(old, new)
    assert_shared(old, reused)


def assert_shared(old: Any, new: Any) -> None:
    if old == new and isinstance(old, dict):
        assert old is new
    elif isinstance(old, dict) and isinstance(new, dict):
        for word in old.keys() & new.keys():
            assert_shared(old[word], new[word])


@given(pairs(secrets=True))
def test_an_edit_shares_what_it_does_not_touch_and_never_changes_the_old(
    pair: tuple[Document, Document],
) -> None:
    document, fragment = pair
    before = copy.deepcopy(document)
    for after in (tree.merge(document, fragment), tree.replace(document, fragment)):
        assert_shared(document, after)
    assert document == before


@given(raw_documents())
def test_normal_form_has_no_empty_containers_and_sorted_lists(raw: dict[str, Any]) -> None:
    document = tree.check(raw)
    for path, _, value in tree.walk(document):
        if isinstance(value, list):
            assert value
            assert value == sorted(set(value)), path
        for depth in range(1, len(path)):
            assert tree.get(document, path[:depth]) != {} or depth == len(path)


def test_entries_are_in_the_order_of_their_numbers() -> None:
    ports = {f"te-1/1/{n}": {"mtu": 9000} for n in (10, 2, 1)}
    document = tree.merge({}, tree.check({"interface": {"gigabit-ethernet": ports}}))
    document = tree.merge(document, {"mtu": 1600}, ("interface", "gigabit-ethernet", "te-1/1/3"))
    assert list(document["interface"]["gigabit-ethernet"]) == [
        "te-1/1/1",
        "te-1/1/2",
        "te-1/1/3",
        "te-1/1/10",
    ]


@given(documents(), documents())
def test_taking_away_what_is_not_there_changes_nothing(document: Document, other: Document) -> None:
    for path, _, _ in tree.walk(other):
        if tree.get(document, path, tree.MISSING) is tree.MISSING:
            assert tree.put(document, path, tree.MISSING) is document
            assert tree.put(document, path, []) is document
