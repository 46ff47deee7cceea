"""Quoting of words on configuration lines and splitting of lines into words."""

from __future__ import annotations

import re

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_UNESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t", "r": "\r"}
TOKEN = re.compile(
    r'(?P<space>[^\S\n]+)|(?P<quoted>"(?:[^"\\\n]|\\.)*")|(?P<mark>[{}\n])|(?P<word>[^\s{}"]+)'
)
"""Tokens of the text forms: blanks, quoted words, braces and line ends, bare words."""


def quote(word: str) -> str:
    """The word in double quotes, with quotes and backslashes escaped."""
    return '"' + "".join(_ESCAPES.get(c, c) for c in word) + '"'


def unquote(word: str) -> str:
    """The opposite of `quote`; a word without quotes is returned as it is."""
    if len(word) < 2 or word[0] != '"' or word[-1] != '"':
        return word
    return re.sub(r"\\(.)", lambda m: _UNESCAPES.get(m[1], m[1]), word[1:-1])


def split_words(line: str) -> list[str]:
    """Words of one line; text in double quotes is one word.

    Raises:
        ValueError: a quote isn't closed, or the line has braces outside quotes.
    """
    words: list[str] = []
    position = 0
    while position < len(line):
        token = TOKEN.match(line, position)
        if token is None:
            raise ValueError(f"quote at column {position + 1} isn't closed")
        if token.lastgroup == "mark":
            raise ValueError(f'unexpected "{token[0]}" at column {position + 1}')
        if token.lastgroup != "space":
            words.append(unquote(token[0]))
        position = token.end()
    return words


def show_value(value: object) -> str:
    """`value` for an error message: text quoted, what is long shortened, what has parts not shown at all."""
    if isinstance(value, str):
        text = f'"{value[:60]}"'.encode("utf-8", "backslashreplace").decode()
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int | float):
        text = str(value)
    else:
        return "the value"
    return text if len(text) <= 60 else text[:57] + "..."
