"""Shows long text a screen at a time; keys in, terminal output out. Keys: spec/cli/show-formats.yaml, `pager`."""

from __future__ import annotations

import re
from collections.abc import Callable

PROMPT = "--More--"

_NO_MORE = re.compile(r"\|\s*no-more\b")
_HOLD = re.compile(r"\|\s*hold\b")
_ERASE = f"\r{' ' * len(PROMPT)}\r"
_HOME = "\x1b[H\x1b[2J"

HELP = """\
                    SUMMARY OF MORE COMMANDS

-- Get Help --
  h                      this text
-- Scroll Down --
  Enter j ^M ^N Down     one line down
  Tab d ^D ^X            half a screen down
  Space ^F               a screen down
  G ^E                   to the bottom
  N                      the rest without paging
-- Scroll Up --
  k ^H ^P Up             one line up
  u ^U                   half a screen up
  b ^B                   a screen up
  g ^A                   to the top
-- Misc Commands --
  ^L                     draw the screen again
  q                      stop the output
"""


def wanted(line: str, text: str, height: int) -> bool:
    """Whether the answer to a command is to be paged on a terminal of so many rows (0: unknown)."""
    return height > 1 and text.count("\n") >= height and not _NO_MORE.search(line)


class Pager:
    """One text on one terminal.

    Args:
        text: what is to be shown.
        width: columns of the terminal.
        height: its rows; the last one is the prompt's.
        hold: whether to stay at the end (`| hold`).
    """

    def __init__(self, text: str, width: int, height: int, *, hold: bool = False) -> None:
        self._rows = [row for line in text.splitlines() for row in _broken(line, max(width, 1))]
        self._page = max(height - 1, 1)
        self._next = 0
        self._hold = hold
        self._helping = False
        self.done = False

    @classmethod
    def of_command(cls, line: str, text: str, width: int, height: int) -> Pager:
        """The pager for the answer to a command line."""
        return cls(text, width, height, hold=bool(_HOLD.search(line)))

    def start(self) -> str:
        """The first screen."""
        return self._down(self._page)

    def key(self, key: str) -> str:
        """What a key makes the terminal show; afterwards `done` may be true."""
        if self._helping:
            self._helping = False
            return self._from(self._next - self._page)
        action = _ACTIONS.get(key)
        return _ERASE + action(self) if action else ""

    def _down(self, count: int) -> str:
        rows = self._rows[self._next : self._next + count]
        self._next += len(rows)
        self.done = self._next >= len(self._rows) and not self._hold
        return "".join(f"{row}\r\n" for row in rows) + ("" if self.done else PROMPT)

    def _up(self, count: int) -> str:
        return self._from(self._next - self._page - count)

    def _from(self, first: int) -> str:
        self._next = max(first, 0)
        return _HOME + self._down(self._page)

    def _rest(self) -> str:
        self._hold = False
        return self._down(len(self._rows))

    def _quit(self) -> str:
        self.done = True
        return ""

    def _help(self) -> str:
        self._helping = True
        return _HOME + HELP.replace("\n", "\r\n") + PROMPT


def _broken(line: str, width: int) -> list[str]:
    return [line[begin : begin + width] for begin in range(0, len(line), width)] or [""]


_ACTIONS: dict[str, Callable[[Pager], str]] = {}


def _keys(action: Callable[[Pager], str], *keys: str) -> None:
    _ACTIONS.update(dict.fromkeys(keys, action))


_keys(lambda pager: pager._down(1), "\r", "j", "\x0e", "\x1b[B")
_keys(lambda pager: pager._down(max(pager._page // 2, 1)), "\t", "d", "\x04", "\x18")
_keys(lambda pager: pager._down(pager._page), " ", "\x06")
_keys(lambda pager: pager._down(len(pager._rows)), "G", "\x05")
_keys(lambda pager: pager._up(1), "k", "\b", "\x7f", "\x10", "\x1b[A")
_keys(lambda pager: pager._up(max(pager._page // 2, 1)), "u", "\x15")
_keys(lambda pager: pager._up(pager._page), "b", "\x02")
_keys(lambda pager: pager._from(0), "g", "\x01")
_keys(lambda pager: pager._up(0), "\x0c")
_keys(Pager._rest, "N")
_keys(Pager._quit, "q", "\x03")
_keys(Pager._help, "h")
