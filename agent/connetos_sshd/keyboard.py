"""What a terminal sends, as keys: single characters, and escape sequences as one string each."""

from __future__ import annotations

import codecs

ENTER = "\r"
ESCAPE = "\x1b"
MAX_SEQUENCE = 16
"""Escape sequences of keys are short; a longer one is dropped."""

_ALIASES = {
    "\n": ENTER,
    "\x1bOM": ENTER,
    "\x1bOA": "\x1b[A",
    "\x1bOB": "\x1b[B",
    "\x1bOC": "\x1b[C",
    "\x1bOD": "\x1b[D",
}


class Keyboard:
    """Makes keys of bytes that arrive in any pieces. CR LF is one Enter."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sequence = ""
        self._after_return = False

    def feed(self, data: bytes) -> list[str]:
        """The keys that `data` completes."""
        keys = []
        for character in self._decoder.decode(data):
            after_return, self._after_return = self._after_return, False
            if self._sequence:
                self._sequence += character
                if _complete(self._sequence):
                    keys.append(_ALIASES.get(self._sequence, self._sequence))
                    self._sequence = ""
                elif len(self._sequence) > MAX_SEQUENCE:
                    self._sequence = ""
            elif character == ESCAPE:
                self._sequence = character
            elif character == "\n" and after_return:
                continue
            else:
                self._after_return = character == "\r"
                keys.append(_ALIASES.get(character, character))
        return keys


def _complete(sequence: str) -> bool:
    if sequence[1] == "[":
        return len(sequence) > 2 and "@" <= sequence[-1] <= "~"
    return sequence[1] != "O" or len(sequence) == 3
