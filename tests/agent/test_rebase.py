"""Laws of laying one candidate's changes over what others committed meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from connetos_agent.config.rebase import rebase
from connetos_sdk.errors import Conflict
from connetos_sdk.model import setlines, tree
from connetos_sdk.model.diff import diff
from connetos_sdk.model.schema import locate
from connetos_sdk.model.tree import Document
from tests.model.strategies import documents

PORT = "interface gigabit-ethernet te-1/1/1"
MEMBERS = f"{PORT} family ethernet-switching vlan members"


def typed(document: Document, lines: str) -> Document:
    return setlines.apply_edits(document, setlines.parse_lines(lines))


@given(documents(), documents())
@settings(max_examples=50)
def test_without_others_the_candidate_is_the_result(base: Document, candidate: Document) -> None:
    assert rebase(base, candidate, base) is candidate
    assert rebase(base, candidate, tree.merge({}, base)) == candidate


@given(documents(), documents())
@settings(max_examples=50)
def test_without_own_changes_the_running_configuration_stays(base: Document, running: Document) -> None:
    assert rebase(base, base, running) == running


@given(documents(), documents())
@settings(max_examples=50)
def test_the_same_change_made_twice_is_made_once(base: Document, both: Document) -> None:
    assert rebase(base, both, dict(both)) == both


@given(documents(), documents(), documents())
@settings(max_examples=60)
def test_both_changes_are_in_the_result_or_there_is_a_conflict(
    base: Document, mine: Document, theirs: Document
) -> None:
    try:
        result = rebase(base, mine, theirs)
    except Conflict as conflict:
        own = {change.path for change in diff(base, mine)}
        assert all(problem.path in own for problem in conflict.problems)
        return
    assert tree.check(result) == result
    for change in (*diff(base, mine), *diff(base, theirs)):
        found = tree.get(result, change.path, None)
        if change.new is None and not isinstance(change.old, list):
            assert found is None
        elif not isinstance(change.new, list) and not locate(change.path).entry:
            assert tree.same(found, change.new)


@pytest.mark.parametrize(
    ("mine", "theirs", "result"),
    [
        (f"set {MEMBERS} 20", f"set {MEMBERS} 30", f"set {MEMBERS} 10,20,30"),
        (f"set {MEMBERS} 20", f"delete {MEMBERS} 10", f"delete {MEMBERS} 10\nset {MEMBERS} 20"),
        (f"delete {PORT} mtu", f"set {PORT} description x", f"delete {PORT} mtu\nset {PORT} description x"),
        ("delete vlans vlan-id 10", "delete vlans vlan-id 10", "delete vlans vlan-id 10"),
        (
            "delete vlans vlan-id 10",
            "set system hostname x",
            "delete vlans vlan-id 10\nset system hostname x",
        ),
    ],
)
def test_changes_that_fit_together(mine: str, theirs: str, result: str) -> None:
    base = typed({}, f"set vlans vlan-id 10 description d\nset {MEMBERS} 10\nset {PORT} mtu 9000")
    assert rebase(base, typed(base, mine), typed(base, theirs)) == typed(base, result)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (f"set {PORT} mtu 1600", f"set {PORT} mtu 1700"),
        (f"delete {PORT} mtu", f"set {PORT} mtu 1700"),
        (f"set {PORT} mtu 1600", f"delete {PORT}"),
        (f"delete {PORT}", f"set {PORT} mtu 1700"),
        (f"delete {PORT}", f"set {PORT} description new"),
        ("set vlans vlan-id 10 vlan-name a", "delete vlans vlan-id 10"),
        (f"delete {MEMBERS}", f"set {MEMBERS} 20"),
        (f"set {MEMBERS} 20", f"delete {PORT}"),
    ],
)
def test_changes_that_do_not_fit_together(mine: str, theirs: str) -> None:
    base = typed({}, f"set vlans vlan-id 10 description d\nset {MEMBERS} 10\nset {PORT} mtu 9000")
    with pytest.raises(Conflict) as caught:
        rebase(base, typed(base, mine), typed(base, theirs))
    assert caught.value.hint
