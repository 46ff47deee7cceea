"""Cuts a stream of JSON objects, which OVSDB sends without anything between them (RFC 7047, 4), into messages."""

from __future__ import annotations

import re

MAX_MESSAGE_BYTES = 64 * 1024 * 1024

_OUTSIDE_STRINGS = re.compile(rb'["{}]')
_INSIDE_STRINGS = re.compile(rb'["\\]')


class Splitter:
    """Takes chunks of bytes, gives whole objects; each byte is looked at once, whatever the chunks are."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0
        self._depth = 0
        self._in_string = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The objects that are complete now.

        Raises:
            ValueError: an object is larger than `MAX_MESSAGE_BYTES`.
        """
        self._buffer += chunk
        messages = []
        while (match := self._next()) is not None:
            mark, self._position = match[0], match.end()
            if mark == b"\\":
                self._position += 1
            elif mark == b'"':
                self._in_string = not self._in_string
            elif mark == b"{":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 0:
                    messages.append(bytes(self._buffer[: self._position]))
                    del self._buffer[: self._position]
                    self._position = 0
        if len(self._buffer) > MAX_MESSAGE_BYTES:
            raise ValueError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
        return messages

    def _next(self) -> re.Match[bytes] | None:
        pattern = _INSIDE_STRINGS if self._in_string else _OUTSIDE_STRINGS
        match = pattern.search(self._buffer, self._position)
        if match is None:
            self._position = max(self._position, len(self._buffer))
        return match
