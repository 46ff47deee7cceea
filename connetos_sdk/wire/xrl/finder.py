"""Finder messages (spec/wire/xrl.md, 5.4): a length of four bytes, then text.

Finder 0.2 / MsgType x / SeqNo 1001 / MsgData <xrl>                         one line each
Finder 0.2 / MsgType r / SeqNo 1001 / MsgData <code> / <escaped note> / <results>
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from connetos_sdk.wire.xrl.atoms import Atoms
from connetos_sdk.wire.xrl.codes import Code, Reply
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.escape import escape, to_bytes, to_text, unescape
from connetos_sdk.wire.xrl.text import format_args, parse_args

PORT = 19999
"""TCP port of the finder."""

MAX_MESSAGE_BYTES = 65536
"""Longest message; XORP drops the connection over a longer one."""

FIRST_SEQNO = 1001
"""Where the sequence numbers of a process begin."""

_LENGTH = struct.Struct(">I")
_MESSAGE = re.compile(r"Finder 0\.2\nMsgType ([xr])\nSeqNo ([0-9]{1,10})\nMsgData (.*)", re.DOTALL)
_REPLY = re.compile(r"([0-9]{1,4}) / ([^\n]*)\n(.*)", re.DOTALL)


class Request(NamedTuple):
    """A message that asks: an XRL, as text because a hostile one is answered, not dropped."""

    seqno: int
    xrl: str


class Response(NamedTuple):
    """A message that answers the request of the same number."""

    seqno: int
    reply: Reply


def _framed(seqno: int, kind: str, data: str) -> bytes:
    message = to_bytes(f"Finder 0.2\nMsgType {kind}\nSeqNo {seqno}\nMsgData {data}")
    if len(message) > MAX_MESSAGE_BYTES:
        raise Malformed("the finder message is too long", hint=f"at most {MAX_MESSAGE_BYTES} bytes")
    return _LENGTH.pack(len(message)) + message


def request(seqno: int, xrl: str) -> bytes:
    """A message that asks; raises `Malformed` if it is too long."""
    return _framed(seqno, "x", xrl)


def response(seqno: int, reply: Reply) -> bytes:
    """A message that answers; raises `Malformed` if it is too long."""
    note = escape(to_bytes(reply.note))
    results = format_args(reply.results) if reply.code is Code.OKAY else ""
    return _framed(seqno, "r", f"{reply.code.value} / {note}\n{results}")


def parse(message: bytes) -> Request | Response:
    """The message, without its length.

    Raises:
        Malformed: it isn't one; the connection is to be dropped.
    """
    match = _MESSAGE.fullmatch(to_text(message))
    if match is None or b"\0" in message:
        raise Malformed("this isn't a message of finder 0.2")
    kind, seqno, data = match[1], int(match[2]), match[3]
    if kind == "x":
        return Request(seqno, data)
    answer = _REPLY.fullmatch(data)
    if answer is None:
        raise Malformed("a finder reply has no code")
    try:
        code = Code(int(answer[1]))
    except ValueError:
        raise Malformed(f"a finder reply has the unknown code {answer[1]}") from None
    results: Atoms = parse_args(answer[3]) if code is Code.OKAY else ()
    return Response(seqno, Reply(code, to_text(unescape(answer[2])), results))


class MessageReader:
    """Cuts a stream of bytes into messages, holding no more than one incomplete message."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def held(self) -> int:
        """Bytes of the incomplete message that are here already."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with `data`.

        Raises:
            Malformed: a length of 0 or beyond 65536. The connection is of no use any more.
        """
        self._buffer += data
        buffer = self._buffer
        found = []
        position = 0
        while len(buffer) - position >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, position)
            if not 0 < length <= MAX_MESSAGE_BYTES:
                raise Malformed("a finder message has an impossible length")
            end = position + _LENGTH.size + length
            if end > len(buffer):
                break
            found.append(bytes(buffer[position + _LENGTH.size : end]))
            position = end
        del buffer[:position]
        return found
