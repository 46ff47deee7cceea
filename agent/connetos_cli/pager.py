"""Shows long text a screen at a time, with the documented keys (spec/cli/show-formats.yaml, `pager`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

PROMPT = "--More--"

_DOWN = {"\r": 1, "\n": 1, "j": 1, "\x0e": 1, "\x1b[B": 1}
_HALF = {"\t", "d", "\x04", "\x18"}
_SCREEN = {" ", "\x06"}
_BOTTOM = {"\x05", "G"}
_UP = {"k", "\x08", "\x10", "\x1b[A"}
_HALF_UP = {"u", "\x15"}
_SCREEN_UP = {"b", "\x02"}
_TOP = {"\x01", "g"}

HELP = (
    "SUMMARY OF MORE COMMANDS",
    "-- Get Help --",
    "  h                          this page",
    "-- Scroll Down --",
    "  Enter Return j ^M ^N Down  one line",
    "  Tab d ^D ^X                half a screen",
    "  Space ^F                   a screen",
    "  ^E G                       to the bottom",
    "  N                          the rest without paging",
    "-- Scroll Up --",
    "  k ^H ^P Up                 one line",
    "  u ^U                       half a screen",
    "  b ^B                       a screen",
    "  ^A g                       to the top",
    "-- Misc Commands --",
    "  ^L                         draw again",
    "  q                          stop",
)


def page(text: str, height: int, *, write: Callable[[str], None], read_key: Callable[[], str]) -> None:
    """Show `text` on a screen of `height` lines; what fits is shown at once.

    Args:
        text: what to show.
        height: lines of the screen.
        write: writes to the terminal.
        read_key: the next key, an arrow as its escape sequence.
    """
    lines = text.splitlines()
    screen = max(2, height - 1)
    if len(lines) < height:
        write("".join(f"{line}\n" for line in lines))
        return
    _show(lines, 0, screen, write)
    end = screen
    while end < len(lines):
        write(PROMPT)
        key = read_key()
        write("\r" + " " * len(PROMPT) + "\r")
        if key == "q":
            return
        if key == "N":
            _show(lines, end, len(lines), write)
            return
        end = _moved(key, lines, end, screen, write)


def _show(lines: Sequence[str], first: int, last: int, write: Callable[[str], None]) -> None:
    write("".join(f"{line}\n" for line in lines[first:last]))


def _moved(key: str, lines: Sequence[str], end: int, screen: int, write: Callable[[str], None]) -> int:
    """Do what `key` says; the number of the line after the last one shown."""
    down = _DOWN.get(key, 0) or (screen // 2 if key in _HALF else screen if key in _SCREEN else 0)
    down = len(lines) if key in _BOTTOM else down
    if down:
        last = min(len(lines), end + down)
        _show(lines, max(end, last - screen), last, write)
        return last
    if key == "h":
        write("".join(f"{line}\n" for line in HELP))
        return end
    up = 1 if key in _UP else screen // 2 if key in _HALF_UP else screen if key in _SCREEN_UP else 0
    up = end if key in _TOP else up
    if up or key == "\x0c":
        last = max(screen, end - up)
        _show(lines, last - screen, last, write)
        return last
    return end
