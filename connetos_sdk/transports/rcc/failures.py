"""What a command line says when it can't do something, as errors.

Our agent says it in JSON when it is asked to (`| display json`); a vendor's switch has the messages of
spec/cli/show-formats.yaml, `errors` and `session_messages`.
"""

from __future__ import annotations

import json
import re

from connetos_sdk import errors
from connetos_sdk.model.words import split_words
from connetos_sdk.transports.rcc_client import Response

_INVALID_PATH = re.compile(r'ERROR: path "(.*)" is not valid\.')
_NOT_RECOGNISED = re.compile(r'syntax error, command "(.*)" is not recognized\.')
_MESSAGES: tuple[tuple[re.Pattern[str], type[errors.ConnetosError], str], ...] = (
    (re.compile(r"Exclusive config mode requested"), errors.Locked, "wait until they leave"),
    (re.compile(r"uncommitted changes"), errors.TransactionError, "commit or discard them first"),
    (re.compile(r"^unknown command\.", re.MULTILINE), errors.BadRequest, "is it in this switch's version?"),
)
_SECRET = re.compile(r'((?:password|secret|keystring|\bkey)\s+)[^\n]*?(?=" is not |$)', re.MULTILINE)
_PROGRESS = re.compile(r"^Waiting for (?:merging|building) configuration\.[ \t]*\r?\n", re.MULTILINE)


def error_of(response: Response) -> errors.ConnetosError:
    """The error that a response tells of."""
    text = response.text
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict) and "problems" in found:
            return errors.from_dict(found)
    text = _public(text)
    said = _PROGRESS.sub("", text).strip()
    verb = response.command.split(" ", 1)[0]
    invalid = _INVALID_PATH.search(text)
    if invalid is not None:
        return errors.UnknownPath("isn't valid", path=_words(invalid[1]))
    unknown = _NOT_RECOGNISED.search(text)
    if unknown is not None:
        command = _public(response.command)
        word = unknown[1] if unknown[1] in command else "a word"  # it may be part of a secret
        if verb in ("set", "delete"):
            return errors.UnknownPath(f"{word!r} isn't known here", path=_before(command, word))
        return errors.BadRequest(f"the switch doesn't know {word!r} in: {command}")
    for pattern, kind, hint in _MESSAGES:
        if pattern.search(text):
            return kind(said.removeprefix("ERROR: "), hint=hint)
    reason = said.removeprefix("ERROR: ") or f"the switch refuses {verb}"
    return (
        errors.ConfigError(reason) if verb in ("set", "delete", "commit") else errors.TransactionError(reason)
    )


def _words(path: str) -> tuple[str, ...]:
    try:
        return tuple(split_words(path))
    except ValueError:
        return (path,)


def _before(command: str, word: str) -> tuple[str, ...]:
    words = _words(command)[1:]
    return words[: words.index(word)] if word in words else words


def _public(text: str) -> str:
    """Text for a message, without what might be a secret."""
    return _SECRET.sub(r"\1********", text)[:2000]


def of_document(problems: errors.ConnetosError) -> errors.ConnetosError:
    """An error in a line that was made of a document, as the error that the document has."""
    if type(problems) is not errors.ParseError:
        return problems
    found = [
        errors.Problem(
            p.reason, p.path, p.hint, errors.InvalidValue.code if p.code == "parse-error" else p.code
        )
        for p in problems.problems
    ]
    try:
        errors.raise_problems(found)
    except errors.ConnetosError as error:
        return error
    return problems
