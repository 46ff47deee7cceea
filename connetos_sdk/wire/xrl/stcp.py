"""STCP frames (spec/wire/xrl.md, 5.3): a header of 24 bytes, a note, an args block."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from connetos_sdk.wire.xrl.codes import MAX_NOTE_BYTES, Code
from connetos_sdk.wire.xrl.errors import Malformed
from connetos_sdk.wire.xrl.escape import to_bytes
from connetos_sdk.wire.xrl.packed import EMPTY

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Largest args block that is sent or taken. XORP has no limit; 5 MB of text have passed between its processes."""

HEADER = struct.Struct(">4sBBIBBIII")
"""magic, major, minor, sequence number, flags, type, error code, note length, body length."""

_MAGIC, _MAJOR, _MINOR = b"STCP", 1, 1
_SEQUENCE_MASK = 0xFFFFFFFF


class FrameType(IntEnum):
    """What a frame is."""

    HELO = 0
    HELO_ACK = 1
    REQUEST = 2
    RESPONSE = 3


class Frame(NamedTuple):
    """One frame. `code` is 100 and `note` empty in all but responses."""

    seqno: int
    type: int
    code: int
    note: bytes
    body: bytes


def helo(seqno: int) -> bytes:
    """A keep-alive, which the other end acknowledges at once."""
    return _frame(seqno, FrameType.HELO, Code.OKAY, b"", b"")


def helo_ack(seqno: int) -> bytes:
    """The acknowledgement of a keep-alive."""
    return _frame(seqno, FrameType.HELO_ACK, Code.OKAY, b"", b"")


def request(seqno: int, body: bytes) -> bytes:
    """A request.

    Args:
        seqno: number of it on its connection, from 0.
        body: what `packed.pack_request` made.

    Raises:
        Malformed: the body is too large.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Malformed("the call is too large", hint=f"at most {MAX_BODY_BYTES} bytes of arguments")
    return _frame(seqno, FrameType.REQUEST, Code.OKAY, b"", body)


def response(seqno: int, code: int, note: str = "", body: bytes = EMPTY) -> bytes:
    """A response; the body is never empty, for without at least `cc000000` the caller would wait for ever."""
    return _frame(seqno, FrameType.RESPONSE, code, to_bytes(note)[:MAX_NOTE_BYTES] if note else b"", body)


def _frame(seqno: int, kind: int, code: int, note: bytes, body: bytes) -> bytes:
    head = HEADER.pack(_MAGIC, _MAJOR, _MINOR, seqno & _SEQUENCE_MASK, 0, kind, code, len(note), len(body))
    return head + note + body


class FrameReader:
    """Cuts a stream of bytes into frames, holding no more than one incomplete frame.

    Attributes:
        wanted: bytes that the frame begun will have, header and all; 0 between frames.
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max = max_body_bytes
        self._buffer = bytearray()
        self.wanted = 0

    @property
    def held(self) -> int:
        """Bytes of the incomplete frame that are here already."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with `data`.

        Raises:
            Malformed: what came isn't STCP 1.1, or a frame is too large. The connection is of no use any more.
        """
        buffer = self._buffer
        if buffer:
            buffer += data
            if len(buffer) < max(self.wanted, HEADER.size):
                return []
            data = bytes(buffer)
            buffer.clear()
        found: list[Frame] = []
        position, size = 0, len(data)
        unpack, header_size = HEADER.unpack_from, HEADER.size
        self.wanted = 0
        while size - position >= header_size:
            magic, major, minor, seqno, _, kind, code, note_size, body_size = unpack(data, position)
            if magic != _MAGIC or major != _MAJOR or minor != _MINOR or kind > FrameType.RESPONSE:
                raise Malformed("this isn't STCP 1.1")
            if note_size > MAX_NOTE_BYTES or body_size > self._max:
                raise Malformed("an STCP frame is too large", hint=f"at most {self._max} bytes")
            begin = position + header_size + note_size
            end = begin + body_size
            if end > size:
                self.wanted = end - position
                break
            note = data[begin - note_size : begin] if note_size else b""
            found.append(Frame(seqno, kind, code, note, data[begin:end]))
            position = end
        if position < size:
            buffer += data[position:]
        return found
