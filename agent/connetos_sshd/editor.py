"""The line editor of the shell: keys in, terminal output out; it reads and writes nothing itself.

Keys: spec/cli/show-formats.yaml, `line_editing`. What a key does to the text is here; completion, help
and Enter are the shell's, which asks the agent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import ClassVar

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

    def begin(self, prompt: str) -> None:
        """Show the prompt and edit a new line."""
        self.line, self.cursor, self._place, self._draft = "", 0, len(self.history), ""
        self._show(prompt)

    def resume(self, prompt: str) -> None:
        """Show the prompt and the line as it is, on a row of their own."""
        self._show(prompt)

    def _show(self, prompt: str) -> None:
        self._out.append(prompt)
        self._prompt = prompt.rpartition("\n")[2]
        self._shown = 0
        self._draw(0)

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
        begin = self.cursor
        self.line = self.left + text + self.line[begin:]
        self.cursor += len(text)
        self._draw(begin)

    def leave(self) -> None:
        """Let the terminal go on below the line; the line and its cursor stay as they are."""
        cursor = self.cursor
        self._move(len(self.line))
        self._out.append("\r\n")
        self.cursor = cursor

    def submit(self) -> str:
        """End the line and return it."""
        self.leave()
        line = self.line
        if line.strip() and self.history[-1:] != [line]:
            self.history = [*self.history, line][-HISTORY:]
        return line

    def key(self, key: str) -> bool:
        """Do what a key does to the text; False when it isn't an editing key."""
        action = self._ACTIONS.get(key)
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
        old, new = self._column(self.cursor), self._column(position)
        if new > old and new // self.width == old // self.width:
            self._out.append(self.line[self.cursor : position])
        else:
            self._go(old, new)
        self.cursor = position

    def _erase(self, begin: int, end: int, *, keep: bool = False) -> None:
        if begin < 0 or begin >= end or begin >= len(self.line):
            self.bell()
            return
        if keep:
            self._killed = self.line[begin:end]
        self._go(self._column(self.cursor), self._column(begin))
        self.line = self.line[:begin] + self.line[end:]
        self.cursor = begin
        self._draw(begin)

    def _word_left(self) -> int:
        return self.left.rstrip(" ").rfind(" ") + 1

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
        self._draw(0)

    # -- the terminal ------------------------------------------------------------------------------------------

    def _column(self, position: int) -> int:
        """How many columns after the start of the prompt a place in the line is."""
        return _columns(self._prompt) + _columns(self.line[:position])

    def _go(self, old: int, new: int) -> None:
        """Move the terminal's cursor; within a row backspaces do, which every terminal knows."""
        rows = new // self.width - old // self.width
        if not rows and new <= old:
            self._out.append("\b" * (old - new))
            return
        if rows:
            self._out.append(f"\x1b[{abs(rows)}{'B' if rows > 0 else 'A'}")
        self._out.append("\r")
        if column := new % self.width:
            self._out.append(f"\x1b[{column}C")

    def _draw(self, begin: int) -> None:
        """Draw the line from `begin` on, where the terminal's cursor is, and clear what an older one left there."""
        end = self._column(len(self.line))
        self._out.append(self.line[begin:])
        if end < self.width > self._shown:
            blanks = max(0, self._shown - end)
            self._out.append(" " * blanks + "\b" * blanks)
        else:
            if end % self.width == 0:
                self._out.append(_WRAP)
            if end < self._shown:
                self._out.append(_CLEAR_BELOW)
        self._shown = end
        self._go(end, self._column(self.cursor))

    # -- keys --------------------------------------------------------------------------------------------------

    def _kill(self, begin: int, end: int) -> None:
        self._erase(begin, end, keep=True)

    def _redraw(self) -> None:
        self.leave()
        self.resume(self._prompt)

    _ACTIONS: ClassVar[dict[str, Callable[[LineEditor], None]]] = {}


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text
    )


def _keys(action: Callable[[LineEditor], None], *keys: str) -> None:
    LineEditor._ACTIONS.update(dict.fromkeys(keys, action))


_keys(lambda e: e._move(0), "\x01", "\x1b[H", "\x1b[1~")
_keys(lambda e: e._move(len(e.line)), "\x05", "\x1b[F", "\x1b[4~")
_keys(lambda e: e._move(e.cursor - 1), "\x02", "\x1b[D")
_keys(lambda e: e._move(e.cursor + 1), "\x06", "\x1b[C")
_keys(lambda e: e._move(e._word_left()), "\x1bb")
_keys(lambda e: e._move(e._word_right()), "\x1bf")
_keys(lambda e: e._erase(e.cursor, e.cursor + 1), "\x04", "\x1b[3~")
_keys(lambda e: e._erase(e.cursor - 1, e.cursor), "\x7f", "\b")
_keys(lambda e: e._kill(e.cursor, e._word_right()), "\x1bd")
_keys(lambda e: e._kill(e._word_left(), e.cursor), "\x1b\x7f", "\x1b\b", "\x17")
_keys(lambda e: e._kill(e.cursor, len(e.line)), "\x0b")
_keys(lambda e: e._kill(0, len(e.line)), "\x15")
_keys(lambda e: e.insert(e._killed), "\x19")
_keys(lambda e: e._recall(-1), "\x10", "\x1b[A")
_keys(lambda e: e._recall(1), "\x0e", "\x1b[B")
_keys(LineEditor._redraw, "\x0c", "\x12")
