"""Which text form a piece of configuration or a path is in, and reading it whatever it is."""

from __future__ import annotations

import json
import re

from connetos_sdk.errors import ConfigError, ParseError
from connetos_sdk.model import tree
from connetos_sdk.model.curly import format_curly, mask_secrets, parse_curly
from connetos_sdk.model.paths import Path
from connetos_sdk.model.setlines import apply_edits, format_set, parse_lines
from connetos_sdk.model.tree import Document
from connetos_sdk.model.words import show_value, split_words

_FIRST_WORD = re.compile(r"\ufeff?(?:\s*#[^\n]*(?:\n|$))*\s*([^\s{}]+)")

PathLike = str | Path
"""A configuration path: words in a tuple, or in one text as on a CLI line."""


def as_path(path: PathLike) -> Path:
    """The words of `path`.

    Raises:
        ParseError: a quote in it isn't closed.
    """
    try:
        return tuple(split_words(path)) if isinstance(path, str) else tuple(path)
    except ValueError as error:
        raise ParseError(str(error), hint='close it with "') from None


def parse_document(text: str) -> Document:
    """The document in `text`, which is JSON, `set` lines or curly braces; recognised by its first characters.

    Raises:
        ParseError: the text is in none of these forms; the problem names the line.
        ConfigError: a value isn't accepted.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        document: Document = tree.check(parse_json(text))
        return document
    return apply_edits({}, parse_lines(text)) if is_lines(text) else parse_curly(text)


def without_secrets(text: str, form: str = "text") -> str:
    """The configuration in `text` with a mask instead of every secret, in curly braces, `form="set"` or `form="json"`.

    What can't be read is not shown at all: nobody knows where a secret is in it.
    """
    try:
        document = mask_secrets(parse_document(text))
    except ConfigError:
        return "(not a configuration)\n"
    if form == "json":
        return json.dumps(document, indent=2) + "\n"
    return format_set(document) if form == "set" else format_curly(document)


def is_lines(text: str) -> bool:
    """Whether `text` is `set` and `delete` lines: its first line that isn't empty or a comment begins so."""
    first = _FIRST_WORD.match(text)
    return first is not None and first[1] in ("set", "delete")


def parse_json(text: str | bytes) -> object:
    """The value in JSON `text`; a name that appears twice in an object is an error.

    Raises:
        ParseError: it isn't JSON; the reason names line and column.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg[0].lower()}{error.msg[1:]}"
        raise ParseError(f"this isn't JSON: {reason}") from None
    except UnicodeDecodeError:
        raise ParseError("this isn't JSON: it isn't UTF-8 text") from None
    except RecursionError:
        raise ParseError("this is nested too deeply") from None
    except ValueError as error:
        raise ParseError(f"this isn't JSON: {error}") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    out: dict[str, object] = {}
    for name, value in pairs:
        if name in out:
            raise ValueError(f"{show_value(name)} stands twice in one object")
        out[name] = value
    return out


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} isn't a JSON value")
