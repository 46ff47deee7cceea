"""The hint in a port description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent.services.atp.hint import BadHint, NoHint, choose, parse_hint


@pytest.mark.parametrize(
    ("text", "address", "server"),
    [
        ("leaf1@198.18.255.21@198.18.255.1", "198.18.255.21/24", "198.18.255.1"),
        ("leaf1@198.18.255.21@1", "198.18.255.21/24", "198.18.255.1"),
        ("@198.18.255.21@1", "198.18.255.21/24", "198.18.255.1"),
        ("to:leaf@rack7@198.18.255.21@1", "198.18.255.21/24", "198.18.255.1"),
        ("x@198.18.255.21@203.0.113.9", "198.18.255.21/24", "203.0.113.9"),
    ],
)
def test_the_documented_form(text: str, address: str, server: str) -> None:
    hint = parse_hint(text, 24)
    assert (str(hint.address), str(hint.server)) == (address, server)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("leaf1@198.18.255.21", "one @"),
        ("leaf1@198.18.255@1", "no IPv4 address"),
        ("leaf1@198.18.255.21@", "no IPv4 address"),
        ("leaf1@198.18.255.21@256", "no IPv4 address"),
        ("leaf1@198.18.255.21@tftp.example", "no IPv4 address"),
        ("leaf1@198.18.255.21@21", "both the switch and its TFTP server"),
        ("leaf1@198.18.255.0@1", "network's own"),
        ("leaf1@198.18.255.255@1", "broadcast"),
        ("leaf1@198.18.255.21@255", "broadcast"),
        ("leaf1@224.0.0.5@1", "address of a host"),
        ("leaf1@127.0.0.1@198.18.255.1", "address of a host"),
        ("leaf1@0.0.0.0@198.18.255.1", "address of a host"),
        ("leaf1@2001:db8::1@1", "no IPv4 address"),
        ("leaf1@198.18.255.21/24@1", "no IPv4 address"),
        ("leaf1@ 198.18.255.21@1", "no IPv4 address"),
    ],
)
def test_a_malformed_hint_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(BadHint, match=why):
        parse_hint(text, 24)


@given(st.text(max_size=300))
def test_any_text_is_a_hint_or_none(text: str) -> None:
    try:
        hint = parse_hint(text, 24)
    except (NoHint, BadHint):
        return
    assert hint.address.ip != hint.server


def test_neighbours_that_agree_and_others_that_say_something_else() -> None:
    hint, reason = choose(
        {
            "te-1/1/1": ["a@198.18.255.21@1"],
            "te-1/1/2": ["uplink"],
            "te-1/1/3": ["b@198.18.255.21@198.18.255.1"],
        },
        24,
    )
    assert hint is not None
    assert str(hint.address) == "198.18.255.21/24"
    assert reason == ""


def test_neighbours_that_disagree_are_named() -> None:
    hint, reason = choose({"te-1/1/1": ["a@198.18.255.21@1"], "te-1/1/2": ["a@198.18.255.22@1"]}, 24)
    assert hint is None
    assert reason == (
        "neighbours disagree: te-1/1/1 says 198.18.255.21 with server 198.18.255.1, "
        "te-1/1/2 says 198.18.255.22 with server 198.18.255.1"
    )


def test_a_good_hint_is_used_though_another_is_malformed() -> None:
    hint, _ = choose({"te-1/1/1": ["a@nowhere@1"], "te-1/1/2": ["a@198.18.255.22@1"]}, 24)
    assert hint is not None
    _, reason = choose({"te-1/1/1": ["a@nowhere@1"]}, 24)
    assert "te-1/1/1" in reason
