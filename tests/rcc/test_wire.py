"""Frames: the recorded bytes, and any chunking of any stream."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_sdk.errors import BadRequest, ProtocolError, TooLarge
from connetos_sdk.wire import rcc
from connetos_sdk.wire.rcc import CommandReader, Message, MessageReader

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
MESSAGES = [v for v in VECTORS if v["description"] == "response message"]
COMMANDS = [v for v in VECTORS if v["description"] == "command line"]


def fed(reader: MessageReader | CommandReader, data: bytes, cuts: list[int]) -> list[object]:
    out: list[object] = []
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    for begin, end in pairwise(edges):
        out += reader.feed(data[begin:end])
    return out


@pytest.mark.parametrize("vector", MESSAGES, ids=lambda v: v["meaning"])
def test_recorded_messages(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["hex"])
    (message,) = MessageReader().feed(data)
    assert rcc.encode_message(message) == data
    said = f"len={len(data)} success={message.success} mode={message.mode} text={message.text.decode()!r}"
    assert vector["meaning"].endswith(said)


@pytest.mark.parametrize("vector", COMMANDS, ids=lambda v: v["meaning"])
def test_recorded_commands(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["hex"])
    (line,) = CommandReader().feed(data)
    assert line is not None
    assert rcc.encode_command(line.decode()) == data


numbers = st.integers(0, 2**32 - 1)
messages = st.lists(st.builds(Message, st.binary(max_size=300), numbers, numbers), max_size=6)


@given(messages, st.lists(st.integers(0, 2000), max_size=12))
def test_messages_in_any_pieces(sent: list[Message], cuts: list[int]) -> None:
    reader = MessageReader()
    assert fed(reader, b"".join(map(rcc.encode_message, sent)), cuts) == sent
    assert not reader.unfinished


@given(st.lists(st.binary(max_size=60), max_size=6), st.lists(st.integers(0, 400), max_size=12))
def test_commands_in_any_pieces(lines: list[bytes], cuts: list[int]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    wanted = [line if len(line) < 40 else None for line in lines]
    assert fed(CommandReader(40), b"".join(line + b"\n" for line in lines), cuts) == wanted


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_any_bytes_are_messages_or_an_error_and_never_kept_without_bound(pieces: list[bytes]) -> None:
    reader = MessageReader(max_text_bytes=64)
    try:
        for piece in pieces:
            for message in reader.feed(piece):
                assert len(message.text) <= 64
            assert len(reader._rest) < 12 + 64
    except ProtocolError as error:
        assert "RCC message" in error.reason


@given(st.binary())
def test_any_bytes_are_commands(data: bytes) -> None:
    reader = CommandReader(32)
    for line in [*reader.feed(data), *reader.finish()]:
        assert line is None or len(line) < 32
        rcc.clean_command(line or b"")


def test_a_header_that_announces_too_much_or_less_than_itself() -> None:
    for length in (0, 11, 12 + rcc.MAX_TEXT_BYTES + 1, 2**32 - 1):
        with pytest.raises(ProtocolError):
            MessageReader().feed(rcc.HEADER.pack(length, 1, 1))
    with pytest.raises(TooLarge):
        rcc.encode_message(Message(bytes(rcc.MAX_TEXT_BYTES + 1)))


def test_success_is_any_number_but_zero() -> None:
    assert [Message(b"", n).succeeded for n in (0, 1, 2, 2**32 - 1)] == [False, True, True, True]
    assert [Message(b"", 1, n).configuring for n in range(4)] == [False, False, True, True]


def test_commands_have_bounds() -> None:
    assert len(rcc.encode_command("x" * 4095)) == rcc.MAX_COMMAND_BYTES
    with pytest.raises(TooLarge):
        rcc.encode_command("x" * 4096)
    for command in ("a\nb", "a\0"):
        with pytest.raises(BadRequest):
            rcc.encode_command(command)


def test_a_last_line_without_newline() -> None:
    reader = CommandReader()
    assert reader.feed(b"show a\nshow b") == [b"show a"]
    assert reader.finish() == [b"show b"]
    assert reader.finish() == []


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b" set x", "set x"),
        (b";show b", "show b"),
        (b";;show a", "show a"),
        (b" ; show a \r", "show a"),
        (b" ", ""),
    ],
)
def test_what_a_line_means(line: bytes, command: str) -> None:
    assert rcc.clean_command(line) == command


def test_vectors_are_those_of_the_specification() -> None:
    shared = Path("/work/shared/spec/wire/rcc-vectors.json")
    if not shared.exists():
        pytest.skip("the specification isn't on this machine")
    assert json.loads(shared.read_text()) == VECTORS
