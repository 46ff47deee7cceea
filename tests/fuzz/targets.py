"""What is fuzzed: each function reads hostile bytes and may only refuse them with the format's own error.

What it does read must be written again to something that reads the same, and no reader may hold more than its bound.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol, TypeVar

from connetos_sdk.errors import ConnetosError, ProtocolError
from connetos_sdk.model.curly import format_curly
from connetos_sdk.model.setlines import apply_edits, parse_lines
from connetos_sdk.model.text import parse_document
from connetos_sdk.wire import rcc
from connetos_sdk.wire.xrl import (
    Malformed,
    Xrl,
    finder,
    format_args,
    pack_args,
    parse_args,
    stcp,
    unpack_args,
)
from connetos_sdk.wire.xrl.packed import unpack_request

Piece_co = TypeVar("Piece_co", covariant=True)


class Reader(Protocol[Piece_co]):
    """Makes pieces of a stream."""

    def feed(self, data: bytes) -> list[Piece_co]: ...


def in_pieces(
    make: Callable[[], Reader[Piece_co]], data: bytes, error: type[Exception]
) -> list[Piece_co] | None:
    """What a reader makes of `data` whole; the same must come of it byte by byte and in two halves."""
    found: list[list[Piece_co] | None] = []
    for step in (len(data) or 1, 1, len(data) // 2 + 1):
        reader = make()
        edges = [*range(0, len(data), step), len(data)]
        try:
            found.append([piece for begin, end in pairwise(edges) for piece in reader.feed(data[begin:end])])
        except error:
            found.append(None)
    assert found[0] == found[1] == found[2], "another answer when it comes in pieces"
    return found[0]


def rcc_commands(data: bytes) -> None:
    for line in in_pieces(lambda: rcc.CommandReader(64), data, ProtocolError) or ():
        if line is not None:
            assert len(line) < 64
            assert "\n" not in rcc.clean_command(line)


def rcc_messages(data: bytes) -> None:
    messages = in_pieces(lambda: rcc.MessageReader(256), data, ProtocolError) or []
    sent = b"".join(map(rcc.encode_message, messages))
    assert data.startswith(sent)


def xrl_text(data: bytes) -> None:
    try:
        xrl = Xrl.parse(data.decode("utf-8", "surrogateescape"))
    except Malformed:
        return
    assert Xrl.parse(str(xrl)) == xrl or "nan" in str(xrl)


def xrl_arguments(data: bytes) -> None:
    try:
        atoms = parse_args(data.decode("utf-8", "surrogateescape"))
    except Malformed:
        return
    text = format_args(atoms)
    assert format_args(parse_args(text)) == text
    try:
        packed = pack_args(atoms)
    except Malformed:  # more than a frame may hold, or lists of lists
        return
    assert pack_args(unpack_args(packed)) == packed


def xrl_packed(data: bytes) -> None:
    for unpack in (unpack_args, unpack_request):
        with contextlib.suppress(Malformed):
            unpack(data)


def finder_messages(data: bytes) -> None:
    for message in in_pieces(finder.MessageReader, data, Malformed) or ():
        assert 0 < len(message) <= finder.MAX_MESSAGE_BYTES
        finder_message(message)


def finder_message(data: bytes) -> None:
    try:
        found = finder.parse(data)
    except Malformed:
        return
    if isinstance(found, finder.Request):
        assert finder.parse(finder.request(found.seqno, found.xrl)[4:]) == found


def stcp_frames(data: bytes) -> None:
    for frame in in_pieces(lambda: stcp.FrameReader(512), data, Malformed) or ():
        assert len(frame.body) <= 512
        xrl_packed(frame.body)


def cli_lines(data: bytes) -> None:
    with contextlib.suppress(ConnetosError):
        apply_edits({}, parse_lines(data.decode("utf-8", "replace")))


def curly_text(data: bytes) -> None:
    try:
        document = parse_document(data.decode("utf-8", "replace"))
    except ConnetosError:
        return
    assert parse_document(format_curly(document)) == document


TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = {
    "rcc-commands": (rcc_commands, (b"show vlans\n", b";;configure\n\n")),
    "rcc-messages": (
        rcc_messages,
        (rcc.encode_message(rcc.Message(b"ok\n", 1, 2)), b"\x0c\0\0\0\1\0\0\0\2\0\0\0"),
    ),
    "xrl-text": (xrl_text, (b"finder://fea/ifmgr/0.1/get_mtu?ifname:txt=te-1%2F1&n:list=:u32=3,:u32=4",)),
    "xrl-arguments": (
        xrl_arguments,
        (b"a:txt=x+y&b:u32=7&c:ipv6net=2001:db8::/32&d:binary=%00%ff&e:mac=02:00:00:00:00:01&f:fp64=1.5",),
    ),
    "xrl-packed": (
        xrl_packed,
        (pack_args(parse_args("a:txt=x&b:u32=7&c:ipv4net=192.0.2.0/24&l:list=:i64=3,:i64=4")),),
    ),
    "finder-messages": (finder_messages, (finder.request(1, "finder://finder/finder/0.2/f?a:txt=b"),)),
    "finder-message": (finder_message, (finder.request(1, "finder://finder/x/0.2/f?a:txt=b")[4:],)),
    "stcp-frames": (stcp_frames, (stcp.helo(1), stcp.request(2, b"x"), stcp.response(3, 100, "note"))),
    "cli-lines": (cli_lines, (b"set vlans vlan-id 10,20:24 vlan-name web\ndelete system hostname\n",)),
    "curly-text": (curly_text, (b'system {\n    hostname: "x"\n}\nvlans {\n    vlan-id 10 {\n    }\n}\n',)),
}
"""Name: what reads the bytes, and good ones to begin with."""
