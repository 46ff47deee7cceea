"""The line editor, seen on a screen: whatever is typed, the screen shows the line and the cursor is where it belongs."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connetos_sshd import completion, pager
from connetos_sshd.completion import Completion
from connetos_sshd.editor import LineEditor
from connetos_sshd.keyboard import Keyboard

PROMPT = "leaf1> "


class Screen:
    """As much of a terminal as the editor uses; like real ones, it goes to the next row only when more comes."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.cells: dict[tuple[int, int], str] = {}
        self.row = self.column = 0
        self.wraps = False

    def show(self, text: str) -> None:
        for sequence, character in re.findall(r"\x1b\[(\d*[A-Z])|(.)", text, re.DOTALL):
            if sequence:
                self.sequence(sequence[-1], int(sequence[:-1] or 1))
            else:
                self.character(character)

    def sequence(self, kind: str, count: int) -> None:
        self.wraps = False
        match kind:
            case "A":
                self.row -= count
            case "B":
                self.row += count
            case "C":
                self.column += count
            case "J":
                here = (self.row, self.column)
                self.cells = {place: c for place, c in self.cells.items() if place < here}
            case _:
                raise AssertionError(kind)
        assert self.row >= 0
        assert 0 <= self.column < self.width

    def character(self, character: str) -> None:
        match character:
            case "\a":
                return
            case "\r":
                self.column = 0
            case "\n":
                self.row += 1
            case "\b":
                assert self.column > 0
                self.column -= 1
            case _:
                if self.wraps:
                    self.row, self.column = self.row + 1, 0
                self.cells[self.row, self.column] = character
                self.wraps = self.column == self.width - 1
                self.column += not self.wraps
                return
        self.wraps = False

    def text(self) -> str:
        rows = max((row for row, _ in self.cells), default=0)
        places = ((row, column) for row in range(rows + 1) for column in range(self.width))
        return "".join(self.cells.get(place, " ") for place in places)


KEYS = [
    "\x01", "\x05", "\x02", "\x06", "\x1bb", "\x1bf", "\x04", "\x7f", "\x1bd", "\x1b\x7f", "\x0b", "\x15", "\x19",
    "\x10", "\x0e", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1b[H", "\x1b[F",
]  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(KEYS), st.text("ab c", min_size=1, max_size=12)), max_size=25),
    st.integers(8, 24),
)
@example(["a" * 17, "\x02", "b"], 12)
def test_the_screen_shows_the_line(typed: list[str], width: int) -> None:
    editor, screen = LineEditor(width), Screen(width)
    editor.history = ["show a", "a line that is longer than one row of it"]
    editor.begin(PROMPT)
    for item in typed:
        for key in [item] if item in KEYS else item:
            assert editor.key(key)
            screen.show(editor.take_output())
            assert screen.text().rstrip() == (PROMPT + editor.line).rstrip()
            place = screen.row * width + screen.column
            assert place == len(PROMPT) + editor.cursor
    editor.submit()
    screen.show(editor.take_output())
    assert screen.column == 0


def line(*keys: str) -> str:
    editor = LineEditor(80)
    editor.begin(PROMPT)
    for key in keys:
        editor.key(key)
    return f"{editor.left}|{editor.line[editor.cursor :]}"


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (["show a b", "\x1b\x7f"], "show a |"),
        (["show a b", "\x1bb", "\x1bb"], "show |a b"),
        (["show a b", "\x01", "\x1bf"], "show| a b"),
        (["show a b", "\x01", "\x1bd", "\x05", "\x19"], " a bshow|"),
        (["show", "\x01", "\x0b", "\x19", "\x19"], "showshow|"),
        (["show", "\x15"], "|"),
    ],
)
def test_words(keys: list[str], result: str) -> None:
    assert line(*(key for item in keys for key in ([item] if item[0] in "\x1b" else item))) == result


def test_a_resumed_line_keeps_its_cursor() -> None:
    editor, screen = LineEditor(20), Screen(20)
    editor.begin(PROMPT)
    for key in ["s", "h", "o", "w", "\x02", "\x02"]:
        editor.key(key)
    editor.leave()
    editor.write("help\r\n")
    editor.resume(PROMPT)
    screen.show(editor.take_output())
    assert screen.text().split() == ["leaf1>", "show", "help", "leaf1>", "show"]
    assert (screen.row, screen.column) == (2, len(PROMPT) + 2)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_are_keys(data: bytes, cuts: list[int]) -> None:
    whole, pieces = Keyboard(), Keyboard()
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    keys = [key for a, b in pairwise(edges) for key in pieces.feed(data[a:b])]
    assert keys == whole.feed(data)
    editor = LineEditor(20)
    editor.begin(PROMPT)
    for key in keys:
        editor.key(key)


def test_keys() -> None:
    assert Keyboard().feed(b"a\r\nb\n\r\r\x1b[A\x1bOB\x1bf\xc3\xa9") == [
        "a", "\r", "b", "\r", "\r", "\r", "\x1b[A", "\x1b[B", "\x1bf", "é",
    ]  # fmt: skip


VERSION = Completion("version", keyword=True)
VLANS = [Completion("vlan-interface", keyword=True), Completion("vlans", keyword=True)]


@pytest.mark.parametrize(
    ("word", "found", "space", "tab"),
    [
        ("ver", [VERSION], "sion", "sion "),
        ("vl", VLANS, "", "an"),
        ("vlan", VLANS, "", None),
        ("vlans", [VLANS[1]], "", " "),
        ("", [VERSION], "version", "version "),
        ("2", [Completion("20")], "", "0 "),
        ("2", [Completion("20"), Completion("<vlan-id>")], "", "0"),
        ("2", [Completion("<vlan-id>")], "", None),
        ("x", [], "", None),
    ],
)
def test_completing(word: str, found: list[Completion], space: str, tab: str | None) -> None:
    assert completion.by_space(word, found) == space
    assert completion.by_tab(word, found) == tab


@given(
    st.text("abc\n", max_size=400),
    st.integers(1, 30),
    st.integers(2, 12),
    st.text(" jdukbGg\x0ch", max_size=30),
)
def test_the_pager_ends_and_shows_everything(text: str, width: int, height: int, keys: str) -> None:
    shown = pager.Pager(text, width, height)
    out = shown.start()
    for key in keys:
        if shown.done:
            break
        out += shown.key(key)
    if not shown.done:
        out += shown.key(" ") + shown.key("N")
    assert shown.done
    if not keys:
        assert "".join(out.replace(pager.PROMPT, "").split()) == "".join(text.split())


def test_hold_stays_at_the_end() -> None:
    shown = pager.Pager.of_command("show | hold", "a\nb\nc\n", 80, 3)
    shown.start()
    shown.key("G")
    assert not shown.done
    assert "a\r\n" in shown.key("g")
    shown.key("q")
    assert shown.done
