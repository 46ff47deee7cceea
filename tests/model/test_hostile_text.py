"""Whatever text comes in, only errors of ours come out, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import ConnetosError
from connetos_sdk.model import curly, setlines
from connetos_sdk.model.text import parse_document, parse_json
from connetos_sdk.model.tree import Document, check
from connetos_sdk.model.words import quote, split_words, unquote
from tests.model.strategies import documents

SECONDS = 20.0
PARSERS: tuple[Callable[[str], object], ...] = (
    parse_document, curly.parse_curly, parse_json,
    lambda text: setlines.apply_edits({}, setlines.parse_lines(text)),
)  # fmt: skip
SNIPPETS = st.sampled_from(
    ("{", "}", '"', "\\", "\n", "\r", "\u2028", "\x85", "\ud800", "\u0663", "\u00b2", "#", ":", ",", "1:4094",
     " set ", " delete ", "members ", "\x00", "[", "]", "null", "1e999", "9" * 5000, "interface", "te-1/1/1:48")
)  # fmt: skip


@contextmanager
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SECONDS


def survives(text: str) -> None:
    for parse in PARSERS:
        try:
            parse(text)
        except ConnetosError as error:
            assert error.problems[0].reason
            str(error).encode()


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    survives(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    document: Document = draw(documents())
    text = draw(
        st.sampled_from((curly.format_curly, setlines.format_set, lambda d: str(d).replace("'", '"')))
    )(document)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 6))
        text = text[:at] + draw(SNIPPETS) + text[at + cut :]
    return text


@given(damaged())
def test_damaged_configuration_is_read_or_refused(text: str) -> None:
    survives(text)


@given(st.text(max_size=60).filter(lambda text: text.isprintable() or "\n" in text or "\t" in text))
def test_a_quoted_word_is_one_word_again(word: str) -> None:
    assert unquote(quote(word)) == word
    if word.split("\n") == [word]:
        assert split_words(quote(word)) == [word]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000, "}" * 100_000, "[" * 100_000, '{"system":' * 50_000, "system { " * 100_000,
        "system {\n" * 100_000 + "}\n" * 100_000, '"' * 100_001, "\\" * 100_000, "set " * 100_000,
        "set system hostname " + "x" * 4_000_000, '{"system": {"hostname": "' + "x" * 4_000_000 + '"}}',
        "#" * 1_000_000, "\n" * 1_000_000, " " * 1_000_000, "# c\n" * 200_000, '"a\\' * 100_000,
        '{"system": {"hostname": ' + "9" * 100_000 + "}}",
        '{"vlans": {"vlan-id": {' + ",".join(f'"x{n}": {{}}' for n in range(200_000)) + "}}}",
    ],
    ids=lambda text: f"{text[:12]!r}-{len(text)}",
)  # fmt: skip
def test_text_that_grows_without_sense_is_refused_soon(text: str) -> None:
    with soon():
        survives(text)


MEMBERS = "interface gigabit-ethernet te-1/1/1:999 family ethernet-switching vlan members 1:4094"


@pytest.mark.parametrize(
    "lines",
    [
        f"set {MEMBERS}",
        "set vlans vlan-id 1:4094 vlan-name all",
        "set vlans vlan-id 1:4094\ndelete vlans vlan-id 2:4000",
        "set vlans vlan-id 1:4094 description x\n" * 20_000,
        f"set {MEMBERS}\n" * 20_000,
        "set interface gigabit-ethernet te-1/1/1 family ethernet-switching vlan members " + "1:4094," * 200_000 + "1",
        "set nowhere\n" * 200_000,
    ],
    ids=lambda lines: f"{lines[:60]}-{len(lines)}",
)  # fmt: skip
def test_ranges_of_a_short_line_ask_for_no_endless_work(lines: str) -> None:
    with soon():
        survives(lines)


@pytest.mark.parametrize("count", [20_000, 200_000])
def test_overlapping_ranges_are_expanded_once(count: int) -> None:
    path = ("interface", "gigabit-ethernet", "te-1/1/1", "family", "ethernet-switching", "vlan", "members")
    body = "members 1:4094\n" * count
    text = (
        "interface { gigabit-ethernet te-1/1/1 { family { ethernet-switching { vlan {\n" + body + "} } } } }"
    )
    with soon():
        assert check(["1:4094"] * count, path) == list(range(1, 4095))
        if count < 100_000:
            assert curly.parse_curly(text)["interface"]


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_json_nested_to_the_edge_is_refused(depth: int) -> None:
    """Deep enough to be read and too deep to be shown."""
    value = "[" * depth + "]" * depth
    survives(f'{{"system": {{"hostname": {value}}}}}')
    survives(f'{{"vlans": {{"vlan-id": {{"10": {{"vlan-name": {value}}}}}}}}}')
