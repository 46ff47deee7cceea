"""Documents over a command line: what is written as lines and read back from braces is the same."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import InvalidValue, ProtocolError
from connetos_sdk.model import curly, setlines, tree
from connetos_sdk.model.tree import Document
from connetos_sdk.transports.rcc.lines import difference, parse_shown, set_lines, without_defaults
from tests.model.strategies import documents, pairs


@given(documents())
def test_lines_of_a_document_make_it_again(document: Document) -> None:
    lines = "\n".join(set_lines(document))
    assert setlines.apply_edits({}, setlines.parse_lines(lines)) == document


@given(documents())
def test_braces_are_read_without_losing_anything(document: Document) -> None:
    assert tree.check(parse_shown(curly.format_curly(document))) == document


@given(documents())
def test_shown_defaults_are_told_from_what_is_set(document: Document) -> None:
    shown = without_defaults(parse_shown(curly.format_curly(document, defaults=True, level=1)))
    assert tree.with_defaults(tree.check(shown)) == tree.with_defaults(document)


@given(pairs())
def test_lines_of_a_difference_lead_from_one_to_the_other(two: tuple[Document, Document]) -> None:
    old, new = two
    text, lines = difference(old, new)
    assert setlines.apply_edits(old, setlines.parse_lines(lines)) == new
    assert bool(text) == bool(lines) == (old != new)


@given(st.text(st.sampled_from('ab10:{}" \n+\uff0b'), max_size=60) | st.text(max_size=60))
def test_nonsense_is_refused_or_read(text: str) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(parse_shown(text), dict)


@pytest.mark.parametrize("value", [None, 1.5, object(), {"vlans": None}, {"vlans": [{"x": 2.5}]}])
def test_what_cant_be_configuration_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue):
        set_lines(value)
