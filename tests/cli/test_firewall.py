"""Filters and forwarders at the command line, on a switch whose data plane is memory."""

from __future__ import annotations

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError, RuleViolation


def test_a_filter_is_shown_before_it_met_anything(switch: Switch) -> None:
    switch.apply_lines(
        [
            "set firewall term term-a dscp value 26",
            "set firewall filter flt-a matching term term-a action forward",
            "set firewall filter flt-a input gigabit-ethernet te-1/1/3",
        ]
    )
    assert switch.cli("show firewall filter flt-a").splitlines()[4:] == [
        "======================== Policy Based Filtering ====================",
        "Filter : flt-a",
        "    Term : term-a",
        "        Term-size       : 1",
        "        Action          : Forward",
        "        Matched packets : 0",
        "        Match-condition :",
        "            dscp :                    value 26",
        "    Input interface     : te-1/1/3",
    ]
    assert switch.cli("clear firewall") == ""


def test_forwarders_are_shown_by_name(switch: Switch) -> None:
    banner = "======================== Policy Based Forwarding ===================="
    assert switch.cli("show firewall forwarder").splitlines()[4:] == [banner]
    switch.apply_lines("set firewall forwarder fwd-a match-mode unmatched")
    assert switch.cli("show firewall forwarder fwd-a").splitlines()[4:] == [banner, "Forwarder : fwd-a"]
    with pytest.raises(ConnetosError, match="there is no forwarder fwd-b"):
        switch.cli("show firewall forwarder fwd-b")
    assert switch.cli("clear firewall forwarder fwd-a") == ""
    with pytest.raises(ConnetosError, match="there is no forwarder fwd-b"):
        switch.cli("clear firewall forwarder fwd-b")


def test_a_term_in_use_cant_be_deleted(switch: Switch) -> None:
    switch.apply_lines(
        ["set firewall term web l4-dest-port name http", "set firewall filter edge matching term web"]
    )
    with pytest.raises(RuleViolation, match="there is no firewall term web"):
        switch.delete("firewall term web")
