"""Messages of the kernel, read whatever they are: what is cut off or odd keeps nobody from reading the rest."""

from __future__ import annotations

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from connetos_agent.dataplane.kernel.links import parse_device
from connetos_agent.dataplane.kernel.rtnetlink import attribute, attributes, number, text

KINDS = st.integers(1, 0x3FFF)
VALUES = st.binary(max_size=300)


@given(st.dictionaries(KINDS, VALUES))
def test_attributes_are_read_as_they_were_written(told: dict[int, bytes]) -> None:
    assert attributes(b"".join(attribute(kind, value) for kind, value in told.items())) == told


@given(st.dictionaries(KINDS, VALUES, min_size=1), st.data())
def test_what_is_cut_off_is_left_out(told: dict[int, bytes], data: st.DataObject) -> None:
    whole = b"".join(attribute(kind, value) for kind, value in told.items())
    found = attributes(whole[: data.draw(st.integers(0, len(whole)))])
    last = next(reversed(found), None)
    for kind, value in found.items():
        assert told[kind] == value or (kind == last and told[kind].startswith(value))


@given(st.binary(max_size=400))
@example(bytes(64))
def test_attributes_of_any_octets_come_to_an_end(octets: bytes) -> None:
    for value in attributes(octets).values():
        assert len(value) <= len(octets)


@given(st.integers(0, 0xFFFFFFFF), st.text(max_size=20).filter(lambda t: "\0" not in t))
def test_numbers_and_texts(value: int, name: str) -> None:
    told = attributes(attribute(1, value) + attribute(2, name.encode(errors="replace") + b"\0"))
    assert number(told[1]) == value
    assert text(told[2]) == name.encode(errors="replace").decode()
    assert number(b"", 7) == 7


@given(st.integers(1, 0x7FFFFFFF), st.binary(max_size=400))
def test_a_device_is_read_from_any_octets(index: int, octets: bytes) -> None:
    assert parse_device(struct.pack("=BxHiII", 0, 1, index, 1, 0) + octets).index == index
