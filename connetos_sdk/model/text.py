"""Which text form a piece of configuration is in, and reading it whatever it is."""

from __future__ import annotations

import json

from connetos_sdk.errors import ParseError
from connetos_sdk.model import tree
from connetos_sdk.model.curly import parse_curly
from connetos_sdk.model.setlines import apply_edits, parse_lines
from connetos_sdk.model.tree import Document


def parse_document(text: str) -> Document:
    """The document in `text`, which is JSON, `set` lines or curly braces; recognised by its first characters.

    Raises:
        ParseError: the text is in none of these forms; the problem names the line.
        ConfigError: a value isn't accepted.
    """
    body = text.lstrip("\ufeff \t\r\n")
    if body.startswith("{"):
        document: Document = tree.check(parse_json(text))
        return document
    first = next(
        (line.split() for line in body.splitlines() if line.strip() and not line.lstrip().startswith("#")), []
    )
    if first and first[0] in ("set", "delete"):
        return apply_edits({}, parse_lines(text))
    return parse_curly(text)


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
            raise ValueError(f'"{name}" stands twice in one object')
        out[name] = value
    return out


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} isn't a JSON value")
