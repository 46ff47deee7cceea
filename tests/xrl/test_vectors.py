"""Every byte vector of the specification (spec/wire/xrl-vectors.json), written and read by our codec."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connetos_sdk.wire.xrl import (
    Code,
    Malformed,
    Reply,
    Xrl,
    finder,
    format_args,
    pack_args,
    pack_request,
    parse_args,
    stcp,
    unpack_args,
    unpack_request,
)
from connetos_sdk.wire.xrl.stcp import FrameReader, FrameType

VECTORS = json.loads((Path(__file__).parent / "data/vectors.json").read_text("utf-8"))
BIG_ENDIAN_ONE = "cc000001"
LIST_ITEM_LOST_AS_TEXT = "l:list=:txt=a%2Cb,:txt=c+d"
LIST_IN_LIST = "l:list=:list=:txt=one,:txt=two"


def of(prefix: str, hexed: bool = True) -> list[object]:
    chosen = [v for v in VECTORS if v["description"].startswith(prefix) and bool(v["hex"]) is hexed]
    assert chosen
    return [pytest.param(v["hex"], v["meaning"], id=v["meaning"][:60]) for v in chosen]


def test_no_vector_is_left_out() -> None:
    kinds = ("atom: ", "args text", "whole XRL", "STCP header", "finder: ", "stcp: ")
    assert [v["description"] for v in VECTORS if not v["description"].startswith(kinds)] == []


@pytest.mark.parametrize(("hexed", "text"), of("atom: "))
def test_an_atom_is_read_and_written_in_both_forms(hexed: str, text: str) -> None:
    atoms = unpack_args(bytes.fromhex(BIG_ENDIAN_ONE + hexed))
    assert pack_args(atoms).hex() == BIG_ENDIAN_ONE + hexed
    assert format_args(atoms) == text
    if text not in (LIST_ITEM_LOST_AS_TEXT, LIST_IN_LIST):
        assert format_args(parse_args(text)) == text


@pytest.mark.parametrize(("hexed", "meaning"), of("args text"))
def test_arguments_are_read_as_xorp_reads_them(hexed: str, meaning: str) -> None:
    given, canonical = re.fullmatch(r"input '(.*)' -> canonical '(.*)'", meaning).groups()  # type: ignore[union-attr]
    atoms = parse_args(given)
    assert format_args(atoms) == canonical
    assert pack_args(atoms).hex() == hexed
    assert format_args(unpack_args(bytes.fromhex(hexed))) == canonical


@pytest.mark.parametrize(("hexed", "meaning"), of("args text", hexed=False))
def test_arguments_that_xorp_refuses_are_refused(hexed: str, meaning: str) -> None:
    given = re.match(r"input '(.*)' -> REJECTED", meaning)[1]  # type: ignore[index]
    with pytest.raises(Malformed):
        parse_args(given)


@pytest.mark.parametrize(("hexed", "meaning"), of("whole XRL"))
def test_a_whole_xrl_is_packed(hexed: str, meaning: str) -> None:
    xrl = Xrl.parse(meaning)
    assert pack_request(xrl.address, xrl.args).hex() == hexed
    assert unpack_request(bytes.fromhex(hexed)) == (xrl.address, xrl.args)


@pytest.mark.parametrize(("hexed", "meaning"), of("whole XRL", hexed=False))
def test_an_xrl_without_target_or_command_is_refused(hexed: str, meaning: str) -> None:
    with pytest.raises(Malformed):
        Xrl.parse(meaning.removesuffix("REJECTED").strip())


@pytest.mark.parametrize(("hexed", "meaning"), of("STCP header"))
def test_an_stcp_header_is_read(hexed: str, meaning: str) -> None:
    seqno, code, note, body = map(int, re.findall(r"\d+", meaning))
    raw = bytes.fromhex(hexed)
    (frame,) = FrameReader().feed(raw + b"n" * note + b"b" * body)
    assert (frame.seqno, frame.code, len(frame.note), len(frame.body)) == (seqno, code, note, body)


@pytest.mark.parametrize(("hexed", "meaning"), of("stcp: "))
def test_a_captured_stcp_frame_is_read_and_written(hexed: str, meaning: str) -> None:
    match = re.fullmatch(r"(\w+) seq=(\d+) flags=0 err=(\d+) note='(.*)' args=(.*)", meaning)
    assert match
    kind, seqno, code, note, args = match.groups()
    reader = FrameReader()
    assert reader.feed(bytes.fromhex(hexed[:40])) == []
    (frame,) = reader.feed(bytes.fromhex(hexed[40:]))
    assert frame[:4] == (int(seqno), FrameType[kind], int(code), note.encode())
    assert format_args(unpack_args(frame.body) if frame.body else ()) == args
    written = {
        "HELO": lambda: stcp.helo(int(seqno)),
        "HELO_ACK": lambda: stcp.helo_ack(int(seqno)),
        "REQUEST": lambda: stcp.request(int(seqno), pack_request(*unpack_request(frame.body))),
        "RESPONSE": lambda: stcp.response(int(seqno), int(code), note, pack_args(parse_args(args))),
    }
    assert written[kind]().hex() == hexed


@pytest.mark.parametrize(("hexed", "meaning"), of("finder: "))
def test_a_captured_finder_message_is_read_and_written(hexed: str, meaning: str) -> None:
    raw = bytes.fromhex(hexed)
    (message,) = finder.MessageReader().feed(raw)
    assert message.decode() == meaning
    parsed = finder.parse(message)
    if isinstance(parsed, finder.Request):
        assert finder.request(parsed.seqno, str(Xrl.parse(parsed.xrl))) == raw
    else:
        assert isinstance(parsed.reply, Reply)
        assert finder.response(parsed.seqno, parsed.reply) == raw


def test_the_note_of_a_failed_resolve_is_unescaped() -> None:
    (vector,) = [v for v in VECTORS if v["description"].startswith("finder: resolve failure")]
    parsed = finder.parse(bytes.fromhex(vector["hex"])[4:])
    assert isinstance(parsed, finder.Response)
    assert parsed.reply == (Code.COMMAND_FAILED, 'Target "nosuch" does not exist or is not enabled.', ())
