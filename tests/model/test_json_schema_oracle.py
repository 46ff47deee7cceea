"""The `jsonschema` library and our own checks agree on what a configuration may be.

Known and wanted differences, left out of the comparison: required leaves are a matter of the whole
configuration (`validation`), ranges such as "20:24" are text where JSON Schema wants numbers, a value given
twice in a leaf-list counts once, and `$` in a JSON Schema pattern lets a line end pass.
"""

from __future__ import annotations

from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import ConfigError
from connetos_sdk.model import schema, tree
from connetos_sdk.model.formats import FORMATS
from tests.model.strategies import raw_documents


def _without_required(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_required(v) for k, v in node.items() if k not in ("required", "uniqueItems")}
    return node


def _oracle() -> jsonschema.Draft202012Validator:
    formats = jsonschema.FormatChecker(formats=())
    for name, check in FORMATS.items():
        formats.checks(name)(lambda text, check=check: not isinstance(text, str) or not check(text))
    bundle = _without_required(schema.bundle())
    jsonschema.Draft202012Validator.check_schema(bundle)
    return jsonschema.Draft202012Validator(bundle, format_checker=formats)


ORACLE = _oracle()


def accepted(value: Any) -> bool:
    try:
        tree.check(value)
    except ConfigError:
        return False
    return True


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70000), st.just(10**30), st.just(2.5),
    st.text(max_size=8).filter(lambda text: not text.endswith("\n")),
    st.sampled_from(("", "x" * 300, "1.2.3.4", "1.2.3.4/33", "10.0.0.1/8", "\x01", "\u0663", "trunk", "a b", "-")),
    st.just([]), st.just({}), st.just([None]), st.just({"nobody": 1}),
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for word, item in items for place in _places(item, (*path, word)))]


def _changed(value: Any, path: tuple[Any, ...], how: str, odd: Any) -> Any:
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) > 1:
        copy[path[0]] = _changed(copy[path[0]], path[1:], how, odd)
    elif how == "key" and isinstance(copy, dict):
        copy[odd if isinstance(odd, str) else "\u00b2"] = copy.pop(path[0])
    else:
        copy[path[0]] = odd
    return copy


@st.composite
def broken(draw: st.DrawFn) -> Any:
    document = draw(raw_documents())
    place = draw(st.sampled_from(_places(document)))
    return _changed(document, place, draw(st.sampled_from(("value", "value", "key"))), draw(ODD))


def _has_ranges(value: Any) -> bool:
    if isinstance(value, dict):
        return any((name == "members" and _texts(v)) or _has_ranges(v) for name, v in value.items())
    return False


def _texts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, str) for item in value)


@given(raw_documents())
def test_what_we_accept_the_library_accepts(document: dict[str, Any]) -> None:
    assert accepted(document)
    assert not list(ORACLE.iter_errors(document))


@given(broken())
def test_what_is_broken_is_refused_by_both_or_neither(document: Any) -> None:
    if not _has_ranges(document):
        errors = [error.message for error in ORACLE.iter_errors(document)]
        assert accepted(document) == (not errors), errors


@given(broken())
def test_a_refusal_names_places_that_are_in_the_document_or_its_schema(document: Any) -> None:
    try:
        tree.check(document)
    except ConfigError as error:
        for problem in error.problems:
            assert problem.reason
            assert problem.hint
            schema.locate(problem.path)
            problem.to_dict()["reason"].encode()
