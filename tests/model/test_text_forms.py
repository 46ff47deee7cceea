"""Every configuration survives being written and read again, in each of its text forms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from connetos_sdk.errors import ParseError
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.diff import MASK, diff
from connetos_sdk.model.text import parse_document, parse_json, without_secrets
from connetos_sdk.model.tree import Document
from tests.model.strategies import documents, pairs, paths_in


def typed(text: str, document: Document | None = None) -> Document:
    """The configuration after a user typed the lines of `text`."""
    return setlines.apply_edits(document or {}, setlines.parse_lines(text))


@given(documents())
def test_curly_braces_read_back_are_the_same(document: Document) -> None:
    assert curly.parse_curly(curly.format_curly(document)) == document


@given(documents())
def test_set_lines_typed_again_give_the_same(document: Document) -> None:
    assert typed(setlines.format_set(document)) == document


@given(documents())
def test_json_read_back_is_the_same(document: Document) -> None:
    assert parse_document(json.dumps(document)) == document
    assert parse_document("\ufeff" + json.dumps(document, ensure_ascii=False, indent=2)) == document


@given(documents())
def test_the_form_of_a_text_is_recognised(document: Document) -> None:
    assert parse_document(curly.format_curly(document)) == document
    assert parse_document("# of today\n\n" + setlines.format_set(document)) == document
    assert parse_document("\ufeff# of today\n" + curly.format_curly(document)) == document


@given(documents())
def test_checking_twice_is_checking_once(document: Document) -> None:
    assert tree.check(document) == document
    assert list(tree.walk(tree.check(document))) == list(tree.walk(document))


@given(documents())
def test_showing_with_defaults_reads_back_as_the_same_effect(document: Document) -> None:
    shown = curly.parse_curly(curly.format_curly(document, defaults=True))
    assert tree.with_defaults(shown) == tree.with_defaults(document)


@given(pairs())
def test_lines_of_a_difference_lead_from_one_to_the_other(pair: tuple[Document, Document]) -> None:
    old, new = pair
    assert typed(setlines.format_difference(old, new), old) == new


@given(pairs())
def test_a_difference_in_braces_has_lines_exactly_when_there_is_one(pair: tuple[Document, Document]) -> None:
    old, new = pair
    assert bool(curly.format_difference(old, new)) == (old != new)
    assert bool(setlines.format_difference(old, new)) == (old != new)


@given(pairs(secrets=True))
def test_no_difference_shows_a_secret(pair: tuple[Document, Document]) -> None:
    old, new = pair
    shown = curly.format_difference(old, new) + setlines.format_difference(old, new)
    told = json.dumps([change.to_dict() for change in diff(old, new)])
    open_words = "".join(
        f(curly.mask_secrets(d)) for d in pair for f in (setlines.format_set, curly.format_curly)
    )
    for change in diff(old, new):
        for secret in (change.old, change.new):
            if change.secret and secret and len(secret) > 12 and secret not in open_words:
                assert secret not in shown
                assert secret not in told


@given(documents())
def test_masking_hides_every_secret_and_nothing_else(document: Document) -> None:
    masked = curly.mask_secrets(document)
    for (path, node, value), (_, _, seen) in zip(tree.walk(document), tree.walk(masked), strict=True):
        if getattr(node, "secret", False):
            assert seen == MASK, path
        elif not isinstance(value, dict):
            assert seen == value, path
    assert tree.check(masked) == masked
    text = curly.format_curly(document)
    assert without_secrets(text) == curly.format_curly(masked)
    assert without_secrets(text, "set") == setlines.format_set(masked)
    assert parse_document(without_secrets(text, "json")) == masked


def test_a_text_that_cannot_be_read_is_not_shown_for_it_may_have_secrets() -> None:
    for text in ("encrypted-password", '{"secret": "hunter2"}', "set secret hunter2", "vlans {"):
        assert without_secrets(text) == "(not a configuration)\n"


@given(documents().flatmap(lambda doc: paths_in(doc).map(lambda path: (doc, path))))
def test_lines_of_a_part_are_the_lines_of_the_whole_below_it(found: tuple[Document, tuple[str, ...]]) -> None:
    document, path = found
    part = setlines.format_set(document, path)
    assert set(part.split("\n")) <= set(setlines.format_set(document).split("\n"))
    if path:
        assert typed(part) == tree.put({}, path, tree.get(document, path))


def test_vlan_1_is_not_taken_for_vlan_10() -> None:
    document = typed("set vlans vlan-id 1 description a\nset vlans vlan-id 10 description b\n")
    assert setlines.format_set(document, ("vlans", "vlan-id", "1")) == "set vlans vlan-id 1 description a\n"


def test_blocks_of_the_same_name_add_up() -> None:
    trunk = "family { ethernet-switching { vlan { members 10 members 5:6 } vlan { members 20 } } }"
    document = curly.parse_curly(f'interface {{ gigabit-ethernet "te-1/1/1" {{ {trunk} }} }}')
    path = ("interface", "gigabit-ethernet", "te-1/1/1", "family", "ethernet-switching", "vlan", "members")
    assert tree.get(document, path) == [5, 6, 10, 20]


def test_a_password_with_an_unquoted_space_is_refused_without_showing_it() -> None:
    for text in (
        "system { login { user bob { authentication { plain-text-password: correct horse } } } }",
        "set system login user bob authentication plain-text-password correct horse",
    ):
        with pytest.raises(ParseError) as caught:
            parse_document(text)
        assert "correct" not in str(caught.value)
        assert "horse" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', "NaN", "[Infinity]", "", "{", '"\ud800', b"\xff{}"])
def test_what_is_not_json_is_a_parse_error(text: str | bytes) -> None:
    with pytest.raises(ParseError, match="JSON"):
        parse_json(text)


def test_lines_end_only_where_a_line_ends() -> None:
    """Separators that Unicode calls line ends may stand inside a quoted password."""
    password = "one\u2028two\x85three"
    line = f'set system login user bob authentication plain-text-password "{password}"\r\n'
    path = ("system", "login", "user", "bob", "authentication", "plain-text-password")
    assert tree.get(typed(line), path) == password


def test_a_masked_secret_is_read_in_every_form() -> None:
    login = {"authentication": {"encrypted-password": MASK}}
    document = tree.check({"system": {"login": {"user": {"bob": login}}}})
    for text in (json.dumps(document), curly.format_curly(document), setlines.format_set(document)):
        assert parse_document(text) == document
