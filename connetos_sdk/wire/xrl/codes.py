"""Error codes of XRL calls, and how they and the errors of this product become each other (spec/wire/xrl.md, 5.5).

An error that a target answers with is a code and a note. The note of ours has the error in words on its first
line, for whoever calls with `call_xrl`; a second line has it as JSON, from which `error_of` makes the same error
again, class, path, reason and hint. `CommandFailed` and `BadArguments` are words only, as XORP's own notes are.
"""

from __future__ import annotations

import json
from enum import IntEnum
from typing import NamedTuple

from connetos_sdk import errors
from connetos_sdk.errors import ConnetosError
from connetos_sdk.wire.xrl.atoms import Atoms
from connetos_sdk.wire.xrl.errors import BadArguments, Malformed, NoSuchMethod

MAX_NOTE_BYTES = 64 * 1024
"""Longest note that is sent or taken."""


class Code(IntEnum):
    """What became of a call."""

    OKAY = 100
    BAD_ARGS = 101
    COMMAND_FAILED = 102
    NO_FINDER = 200
    RESOLVE_FAILED = 201
    NO_SUCH_METHOD = 202
    SEND_FAILED = 210
    REPLY_TIMED_OUT = 211
    SEND_FAILED_TRANSIENT = 212
    INTERNAL_ERROR = 220


MEANINGS: dict[Code, str] = {
    Code.OKAY: "Okay",
    Code.BAD_ARGS: "Bad argument(s)",
    Code.COMMAND_FAILED: "Command failed",
    Code.NO_FINDER: "Finder not present or not ready",
    Code.RESOLVE_FAILED: "Resolve failed",
    Code.NO_SUCH_METHOD: "No such method",
    Code.SEND_FAILED: "Transport failed",
    Code.REPLY_TIMED_OUT: "Reply timed out",
    Code.SEND_FAILED_TRANSIENT: "Transient transport failure",
    Code.INTERNAL_ERROR: "Internal error",
}


class Reply(NamedTuple):
    """What a target answered: a code, a note in words, results (empty unless the code is `OKAY`)."""

    code: Code
    note: str = ""
    results: Atoms = ()


CORRUPT = Reply(Code.INTERNAL_ERROR, "corrupt xrl")
"""What XORP answers over STCP to a method it doesn't have or a body it can't read (spec/wire/xrl.md, 5.7)."""


def known(number: int) -> Code:
    """The code that the number is; an unknown one is an internal error, as XORP takes it over STCP."""
    try:
        return Code(number)
    except ValueError:
        return Code.INTERNAL_ERROR


class CommandFailed(ConnetosError):
    """A target of another program says that a command failed; the reason is its note."""

    code = "xrl-command-failed"


class ResolveFailed(errors.TransportError):
    """The finder knows no such target or method, or the target isn't ready."""

    code = "xrl-resolve-failed"


_ERRORS: dict[Code, type[ConnetosError]] = {
    Code.BAD_ARGS: BadArguments,
    Code.COMMAND_FAILED: CommandFailed,
    Code.NO_FINDER: errors.Unreachable,
    Code.RESOLVE_FAILED: ResolveFailed,
    Code.NO_SUCH_METHOD: NoSuchMethod,
    Code.SEND_FAILED: errors.Unreachable,
    Code.REPLY_TIMED_OUT: errors.TimedOut,
    Code.SEND_FAILED_TRANSIENT: errors.Unreachable,
    Code.INTERNAL_ERROR: errors.ProtocolError,
}


def reply_of(error: ConnetosError) -> Reply:
    """What a target of ours answers when `error` was raised."""
    if isinstance(error, Malformed):
        return CORRUPT
    if isinstance(error, NoSuchMethod):
        return Reply(Code.NO_SUCH_METHOD, _shortened(str(error)))
    code = Code.BAD_ARGS if isinstance(error, errors.BadRequest) else Code.COMMAND_FAILED
    words = " ".join(str(error).split())
    if isinstance(error, CommandFailed | BadArguments):
        return Reply(code, _shortened(words))
    data = json.dumps(error.to_dict(), separators=(",", ":"))
    if len(words) * 4 + len(data) > MAX_NOTE_BYTES:
        return Reply(code, _shortened(words))
    return Reply(code, f"{words}\n{data}")


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_NOTE_BYTES // 8 else text[: MAX_NOTE_BYTES // 8] + "..."


def note_in_words(note: str) -> str:
    """The part of a note that is for people."""
    return note.partition("\n{")[0]


def error_of(reply: Reply, what: str = "") -> ConnetosError:
    """The error that a reply other than `OKAY` means; one of ours comes back as what it was.

    Args:
        reply: code and note.
        what: what was called, for the message.
    """
    words, separator, data = reply.note.partition("\n{")
    if separator:
        try:
            return errors.from_dict(json.loads("{" + data))
        except (ValueError, RecursionError):
            words = reply.note
    said = words.strip() or MEANINGS[reply.code]
    reason = f"{what}: {said}" if what else said
    return _ERRORS[reply.code](reason, hint=f"XRL error {reply.code.value}, {MEANINGS[reply.code]}")
