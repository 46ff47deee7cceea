"""Hostile bytes: what reads them says so, and nobody else notices."""

from __future__ import annotations

import contextlib
import socket
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connetos_sdk.errors import ConnetosError
from connetos_sdk.wire.xrl import (
    Atom,
    Atoms,
    AtomType,
    Malformed,
    Xrl,
    finder,
    format_args,
    pack_args,
    parse_args,
    stcp,
    txt,
    unpack_args,
    unpack_request,
)
from connetos_sdk.wire.xrl.values import parse_mac
from tests.xrl.conftest import XrlSwitch
from tests.xrl.peers import FinderEnd, StcpCaller, closed, text_atom

SOUP = st.lists(
    st.sampled_from(
        [
            *":=&,%+?/ ->\n\0é",
            "%2C",
            "%25",
            "txt",
            "u32",
            "list",
            "ipv6net",
            "a",
            "1",
            "://",
            "fp64",
            "9" * 30,
        ]
    ),
    max_size=60,
).map("".join)
VALUES: dict[AtomType, st.SearchStrategy[object]] = {
    AtomType.I32: st.integers(-(2**31), 2**31 - 1),
    AtomType.U32: st.integers(0, 2**32 - 1),
    AtomType.I64: st.integers(-(2**63), 2**63 - 1),
    AtomType.U64: st.integers(0, 2**64 - 1),
    AtomType.BOOL: st.booleans(),
    AtomType.TXT: st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    AtomType.BINARY: st.binary(),
    AtomType.FP64: st.floats(allow_nan=False),
    AtomType.IPV4: st.ip_addresses(v=4),
    AtomType.IPV6: st.ip_addresses(v=6),
    AtomType.MAC: st.binary(min_size=6, max_size=6).map(lambda raw: parse_mac(raw.hex(":"))),
}


def atoms(kind: AtomType) -> st.SearchStrategy[Atom]:
    return st.builds(
        Atom, st.from_regex(r"[A-Za-z0-9_-]{0,8}", fullmatch=True), st.just(kind), st.none() | VALUES[kind]
    )  # type: ignore[arg-type]


def unnamed_twice(found: list[Atom]) -> Atoms:
    seen: set[str] = set()
    return tuple(a._replace(name="") if a.name in seen or seen.add(a.name) else a for a in found)  # type: ignore[func-returns-value]


ARGS = st.lists(st.sampled_from(list(VALUES)).flatmap(atoms), max_size=6).map(unnamed_twice)


@given(ARGS)
def test_atoms_survive_both_forms(args: Atoms) -> None:
    assert unpack_args(pack_args(args)) == args
    assert parse_args(format_args(args)) == args


@given(SOUP | st.text())
def test_text_is_read_or_refused(text: str) -> None:
    for read in (parse_args, Xrl.parse):
        try:
            found = read(text)
        except Malformed:
            continue
        if isinstance(found, Xrl):
            assert Xrl.parse(str(found)).command == found.command
        else:
            assert isinstance(pack_args(found), bytes)


@given(
    st.binary(max_size=200).map(lambda raw: struct.pack(">I", 0xCC000000 | len(raw) % 8) + raw) | st.binary()
)
def test_a_packed_body_is_read_or_refused(raw: bytes) -> None:
    for read in (unpack_args, unpack_request):
        try:
            read(raw)
        except Malformed:
            continue


@given(ARGS, st.data())
def test_one_flipped_byte_is_read_or_refused(args: Atoms, data: st.DataObject) -> None:
    raw = bytearray(pack_args(args))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(Malformed):
        unpack_args(bytes(raw))


@given(st.binary(max_size=100).map(lambda raw: b"STCP\1\1" + raw) | st.binary(), st.integers(1, 30))
def test_a_stream_is_cut_into_frames_however_it_comes(raw: bytes, step: int) -> None:
    def read(pieces: list[bytes]) -> tuple[list[stcp.Frame], bool]:
        reader, found = stcp.FrameReader(1000), []
        try:
            for piece in pieces:
                found += reader.feed(piece)
        except Malformed:
            return found, False
        return found, True

    whole, sound = read([raw])
    parts, also = read([raw[at : at + step] for at in range(0, len(raw), step)])
    assert sound is also
    assert not sound or whole == parts


@given(st.binary() | SOUP.map(lambda text: f"Finder 0.2\nMsgType x\nSeqNo 1\nMsgData {text}".encode())
       | SOUP.map(lambda text: f"Finder 0.2\nMsgType r\nSeqNo 1\nMsgData 100 / {text}".encode()))  # fmt: skip
def test_a_finder_message_is_read_or_refused(raw: bytes) -> None:
    try:
        message = finder.parse(raw)
    except Malformed:
        return
    assert message.seqno >= 0


@pytest.mark.parametrize(
    "body",
    [
        bytes.fromhex("ccffffff") + b"\x08" * 1000,
        bytes.fromhex("cc0000014900ffffff") + b"\x08" * 1000,
        bytes.fromhex("cc00000148ffffffff"),
        bytes.fromhex("cc000001") + bytes.fromhex("4900000001") * 1000,
        bytes.fromhex("cc01ffff") + b"\x08" * 0x1FFFF,
    ],
    ids=["more atoms than bytes", "a long list of nothing", "a huge text", "deep lists", "too many atoms"],
)
def test_what_announces_much_takes_little(body: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(Malformed):
        unpack_args(body)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_deep_lists_in_text_are_refused() -> None:
    with pytest.raises(Malformed):
        parse_args("l:list=" + ":list=" * 5000)


# -- against a running agent ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: switch\r\n\r\n",
        struct.pack(">4sBBIBBIII", b"STCP", 1, 2, 0, 0, 2, 100, 0, 4),
        struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 9, 100, 0, 4),
        struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 3, 100, 0, 4) + bytes.fromhex("cc000000"),
        struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 2, 100, 0, 0xFFFFFFFF),
        struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 2, 100, 0xFFFFFFFF, 4),
    ],
    ids=["HTTP", "version", "type", "a response", "a huge body", "a huge note"],
)
def test_what_isnt_stcp_is_closed_and_others_go_on(switch: XrlSwitch, raw: bytes) -> None:
    other, hostile = StcpCaller(switch.stcp), StcpCaller(switch.stcp)
    hostile.sock.sendall(raw)
    assert closed(hostile.sock)
    other.helo()
    assert other.take()[0] == 1


@pytest.mark.parametrize(
    "body", [b"", b"\xcc", bytes.fromhex("cc000000"), bytes.fromhex("cc00000148000000ff"), b"x" * 100]
)
def test_a_body_that_cant_be_read_is_answered_and_the_connection_goes_on(
    switch: XrlSwitch, body: bytes
) -> None:
    caller = StcpCaller(switch.stcp)
    caller.sock.sendall(struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 7, 0, 2, 100, 0, len(body)) + body)
    assert caller.take() == (3, 7, 220, "corrupt xrl", bytes.fromhex("cc000000"))
    caller.helo()
    assert caller.take()[0] == 1


def test_large_frames_begun_by_many_dont_fill_the_memory(switch: XrlSwitch) -> None:
    begun = struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 2, 100, 0, stcp.MAX_BODY_BYTES)
    hostile = [StcpCaller(switch.stcp) for _ in range(12)]
    for caller in hostile:
        caller.sock.sendall(begun)
    assert sum(closed(caller.sock, 0.2) for caller in hostile) >= 4
    for caller in hostile:
        caller.sock.close()
    honest = StcpCaller(switch.stcp)
    honest.helo()
    assert honest.take()[0] == 1


def test_a_caller_that_doesnt_read_its_answers_isnt_answered_further(switch: XrlSwitch) -> None:
    lines = "".join(f"set vlans vlan-id {vlan} description {'x' * 200}\n" for vlan in range(2, 500))
    with switch.client() as client:
        client.call(Xrl("connetos", "connetos_config/0.1/change", (txt("lines", lines), txt("comment", ""))))
        (resolved,) = client.resolve("connetos", "connetos_config/0.1/show")
    lazy, other = StcpCaller(switch.stcp), StcpCaller(switch.stcp)
    for _ in range(300):
        lazy.request(resolved, text_atom("path", b"vlans"))
    for _ in range(20):
        other.helo()
        other.take()
    listener = switch.service._listener
    assert listener
    assert max(c.transport.get_write_buffer_size() for c in listener.connections) < 4 << 20
    assert {lazy.take()[2] for _ in range(300)} == {100}


def test_too_many_connections_are_turned_away(switch: XrlSwitch) -> None:
    host, port = switch.stcp.split(":")
    first = StcpCaller(switch.stcp)
    crowd = [socket.create_connection((host, int(port)), 5) for _ in range(260)]
    assert any(closed(sock, 0.5) for sock in crowd[-5:])
    first.helo()
    assert first.take()[0] == 1
    for sock in crowd:
        sock.close()


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_noise_disturbs_nobody(shared_switch: XrlSwitch, raw: bytes, framed: bool) -> None:
    with socket.create_connection(shared_switch.finder, 5) as sock:
        sock.sendall(len(raw).to_bytes(4, "big") + raw if framed else raw)
    host, port = shared_switch.stcp.split(":")
    with socket.create_connection((host, int(port)), 5) as sock:
        head = struct.pack(">4sBBIBBIII", b"STCP", 1, 1, 0, 0, 2, 100, 0, len(raw))
        sock.sendall(head + raw if framed else raw)
    end = FinderEnd.connect(shared_switch.finder)
    assert end.resolve("finder://connetos/common/0.1/get_status")
    end.sock.close()


def test_a_malformed_call_never_leaves_the_client(switch: XrlSwitch) -> None:
    with switch.client() as client:
        for text in ("", "finder://", "finder://x", "finder://x/y?a.b:txt=1", "finder://x/y?a:txt=%zz"):
            with pytest.raises(ConnetosError):
                client.send(text)
        wrong = Xrl("connetos", "common/0.1/get_status", (Atom("n", AtomType.U32, -1),))
        with pytest.raises(Malformed):
            client.send(wrong)
