"""The line editor of the shell: keys in, terminal output out; it reads and writes nothing itself.

Keys: spec/cli/show-formats.yaml, `line_editing`. What a key does to the text is here; completion, help and
history search need the agent or the shell, so `key` hands those keys back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from connetos_sshd.keyboard import ENTER

MAX_LINE = 16 * 1024
"""Longest line that can be typed, in characters."""

HISTORY = 200
"""How many lines are remembered."""

_BELL = "\a"
_CLEAR_BELOW = "\x1b[J"
_WRAP = " \b"
"""After the last column terminals wait with the step to the next row; this makes them take it."""


class LineEditor:
    """One terminal's line. `take_output` yields what is to be sent to the terminal since it was last called."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 8)
        self.history: list[str] = []
        self.line = ""
        self.cursor = 0
        self._prompt = ""
        self._killed = ""
        self._shown = 0
        self._place = 0
        self._draft = ""
        self._out: list[str] = []

    def take_output(self) -> str:
        """What is to be sent to the terminal."""
        out = "".join(self._out)
        self._out.clear()
        return out

    def begin(self, prompt: str, line: str = "") -> None:
        """Show the prompt and edit a new line, or go on with `line` as it was."""
        if not line:
            self.line, self.cursor, self._place, self._draft = "", 0, len(self.history), ""
        self._out.append(prompt)
        self._prompt = prompt.rpartition("\n")[2]
        self._shown = 0
        self._refresh()

    def write(self, text: str) -> None:
        """Text of the switch, between lines."""
        self._out.append(text)

    def bell(self) -> None:
        """Say that a key did nothing."""
        self._out.append(_BELL)

    @property
    def left(self) -> str:
        """The text in front of the cursor."""
        return self.line[: self.cursor]

    def insert(self, text: str) -> None:
        """Put text in at the cursor."""
        if len(self.line) + len(text) > MAX_LINE:
            self.bell()
            return
        at_end = self.cursor == len(self.line)
        self.line = self.left + text + self.line[self.cursor :]
        self.cursor += len(text)
        if at_end:
            self._out.append(text)
            self._shown = self._column(len(self.line))
            self._wrap()
        else:
            self._refresh()

    def leave(self) -> None:
        """Go to a new row below the line."""
        self._move(len(self.line))
        self._out.append("\r\n")

    def submit(self) -> str:
        """End the line and return it."""
        self.leave()
        line = self.line
        if line.strip() and self.history[-1:] != [line]:
            self.history = [*self.history, line][-HISTORY:]
        return line

    def key(self, key: str) -> bool:
        """Do what a key does to the text; False when it isn't an editing key."""
        action = _ACTIONS.get(key)
        if action is not None:
            action(self)
        elif len(key) == 1 and key.isprintable():
            self.insert(key)
        else:
            return False
        return True

    # -- moving and changing -----------------------------------------------------------------------------------

    def _move(self, position: int) -> None:
        if not 0 <= position <= len(self.line):
            self.bell()
            return
        self._go(self._column(self.cursor), self._column(position))
        self.cursor = position

    def _erase(self, begin: int, end: int, *, keep: bool = False) -> None:
        if begin < 0 or begin >= end or begin >= len(self.line):
            self.bell()
            return
        if keep:
            self._killed = self.line[begin:end]
        old = self._column(self.cursor)
        self.line = self.line[:begin] + self.line[end:]
        self.cursor = begin
        self._go(old, self._column(begin))
        self._refresh(begin)

    def _word_left(self) -> int:
        return len(self.left.rstrip(" ").rpartition(" ")[0] + " ") if " " in self.left.strip(" ") else 0

    def _word_right(self) -> int:
        right = self.line[self.cursor :]
        skipped = len(right) - len(right.lstrip(" "))
        space = right.find(" ", skipped)
        return len(self.line) if space < 0 else self.cursor + space

    def _recall(self, step: int) -> None:
        place = self._place + step
        if not 0 <= place <= len(self.history):
            self.bell()
            return
        if self._place == len(self.history):
            self._draft = self.line
        self._place = place
        self._replace(self._draft if place == len(self.history) else self.history[place])

    def _replace(self, line: str) -> None:
        self._go(self._column(self.cursor), self._column(0))
        self.line, self.cursor = line, len(line)
        self._refresh(0)

    def delete_right(self) -> None:
        """Delete the character under the cursor."""
        self._erase(self.cursor, self.cursor + 1)

    def redraw(self) -> None:
        """Show prompt and line again, on a new row."""
        self._out.append("\r\n")
        self.begin(self._prompt, self.line or " ")

    # -- the terminal --------------------------------------------------------------------------------------------

    def _column(self, position: int) -> int:
        """How many columns after the start of the prompt a place in the line is."""
        return _columns(self._prompt) + _columns(self.line[:position])

    def _go(self, old: int, new: int) -> None:
        if old // self.width == new // self.width and new <= old:
            self._out.append("\b" * (old - new))
            return
        rows = new // self.width - old // self.width
        if rows:
            self._out.append(f"\x1b[{abs(rows)}{'B' if rows > 0 else 'A'}")
        self._out.append("\r")
        if column := new % self.width:
            self._out.append(f"\x1b[{column}C")

    def _refresh(self, begin: int = 0) -> None:
        """Draw the line from `begin` on, where the terminal's cursor is, and clear what an older one left there."""
        text = self.line[begin:]
        end = self._column(len(self.line))
        self._out.append(text)
        if end < self.width > self._shown:
            blanks = max(0, self._shown - end)
            self._out.append(" " * blanks + "\b" * blanks)
        else:
            self._wrap()
            self._out.append(_CLEAR_BELOW)
        self._shown = end
        self._go(end, self._column(self.cursor))

    def _wrap(self) -> None:
        if self._shown_end % self.width == 0 and self._shown_end:
            self._out.append(_WRAP)

    @property
    def _shown_end(self) -> int:
        return self._column(len(self.line))


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


_ACTIONS: dict[str, Callable[[LineEditor], object]] = {
    "\x01": lambda e: e._move(0),
    "\x1b[H": lambda e: e._move(0),
    "\x1b[1~": lambda e: e._move(0),
    "\x05": lambda e: e._move(len(e.line)),
    "\x1b[F": lambda e: e._move(len(e.line)),
    "\x1b[4~": lambda e: e._move(len(e.line)),
    "\x02": lambda e: e._move(e.cursor - 1),
    "\x1b[D": lambda e: e._move(e.cursor - 1),
    "\x06": lambda e: e._move(e.cursor + 1),
    "\x1b[C": lambda e: e._move(e.cursor + 1),
    "\x1bb": lambda e: e._move(e._word_left()),
    "\x1bf": lambda e: e._move(e._word_right()),
    "\x04": LineEditor.delete_right,
    "\x1b[3~": LineEditor.delete_right,
    "\x7f": lambda e: e._erase(e.cursor - 1, e.cursor),
    "\b": lambda e: e._erase(e.cursor - 1, e.cursor),
    "\x1bd": lambda e: e._erase(e.cursor, e._word_right(), keep=True),
    "\x1b\x7f": lambda e: e._erase(e._word_left(), e.cursor, keep=True),
    "\x1b\b": lambda e: e._erase(e._word_left(), e.cursor, keep=True),
    "\x17": lambda e: e._erase(e._word_left(), e.cursor, keep=True),
    "\x0b": lambda e: e._erase(e.cursor, len(e.line), keep=True),
    "\x19": lambda e: e.insert(e._killed),
    "\x10": lambda e: e._recall(-1),
    "\x1b[A": lambda e: e._recall(-1),
    "\x0e": lambda e: e._recall(1),
    "\x1b[B": lambda e: e._recall(1),
    "\x0c": LineEditor.redraw,
    "\x12": LineEditor.redraw,
}


def _delete_line(editor: LineEditor) -> None:
    editor._erase(0, len(editor.line), keep=True)


_ACTIONS["\x15"] = _delete_line
assert ENTER not in _ACTIONS  # noqa: S101
