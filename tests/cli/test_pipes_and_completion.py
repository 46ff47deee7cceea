"""Pipes, completion, layouts."""

from __future__ import annotations

import time

from connetos_sdk import Switch
from tests.cli.conftest import CommandLine

SETUP = """\
set vlans vlan-id 210 vlan-name storage
set vlans vlan-id 210 l3-interface vlan210
set vlan-interface interface vlan210 address 192.0.2.65 prefix-length 26
set interface gigabit-ethernet te-1/1/3 family ethernet-switching port-mode trunk
set interface gigabit-ethernet te-1/1/3 family ethernet-switching vlan members 210
"""


def test_show_vlans_in_the_documented_layout(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines(SETUP)
    assert cli("show vlans").text == (
        "Vlan ID   Tag        Interfaces\n"
        "-------   --------   ------------------------------------------------------\n"
        "1         tagged\n"
        "          untagged   te-1/1/1,  te-1/1/2,  te-1/1/3,  te-1/1/4,  te-1/1/5,\n"
        "                     te-1/1/6,  te-1/1/7,  te-1/1/8,\n"
        "210       tagged     te-1/1/3,\n"
        "          untagged\n"
    )
    assert cli("show vlans vlan-id 210").text == (
        "VLAN ID: 210\nVLAN Name: storage\nDescription:\nvlan-interface: vlan210\n"
        "Number of member ports: 1\nTagged port: te-1/1/3,\nUntagged port: None\n"
    )


def test_show_vlan_interface_in_the_documented_layout(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines(SETUP)
    lines = cli("show vlan-interface").text.splitlines()
    assert lines[0] == "Interface  Status  VLAN ID  MTU    MAC                Address"
    assert lines[1] == "---------  ------  -------  -----  -----------------  ------------------"
    assert lines[2].split() == ["vlan210", "Unknown", "210", "1500", "192.0.2.65/26"]
    assert not cli("show vlan-interface vlan9").ok


def test_pipes_chain(cli: CommandLine) -> None:
    assert cli("show vlans | match tagged | except untagged | count").text == "Count: 1 lines\n"
    assert cli("show vlans | find untagged").text.startswith("          untagged")
    assert cli('show vlans | match "te-1/1/(1|2),"').text.count("\n") == 1
    assert cli("show vlans | no-more").text == cli("show vlans").text
    assert not cli("show vlans | match").ok
    assert not cli("show vlans | nothing").ok
    assert "isn't a regular expression" in cli("show vlans | match (a").text


def test_a_hostile_pattern_takes_no_time(cli: CommandLine) -> None:
    started = time.monotonic()
    assert cli('show vlans | match "(-+)+x"').text == ""
    assert time.monotonic() - started < 10


def test_display_as_lines_and_json(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines(SETUP)
    cli("configure")
    assert cli("show vlans | display set").text == (
        "set vlans vlan-id 210 vlan-name storage\nset vlans vlan-id 210 l3-interface vlan210\n"
    )
    assert '"vlan-name": "storage"' in cli("show vlans | display json").text


def test_completion_knows_commands_the_tree_and_names(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines(SETUP)
    assert cli.words("sh") == ["show"]
    assert cli.words("show vl") == ["vlan-interface", "vlans"]
    cli("configure")
    assert cli.words("set vl") == ["vlans", "vlan-interface"]
    assert cli.words(f"set interface gigabit-ethernet te-1/1/{1} family ethernet-switching port-mode ") == [
        "access",
        "trunk",
    ]
    assert cli.words("set interface gigabit-ethernet te-1/1/8") == ["te-1/1/8"]
    assert "210" in cli.words(
        "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id "
    )
    assert cli.words("delete vlans vlan-id 210 ") == ["vlan-name", "l3-interface"]
    assert cli.words("show vlans | m") == ["match"]
    cli("edit vlans vlan-id 210")
    assert cli.words("set vlan-n") == ["vlan-name"]
    assert cli.words("set nothing here ") == []


def test_malformed_messages_end_only_their_own_connection(cli: CommandLine) -> None:
    assert cli.ask({"id": 1, "line": 7})["text"] == ""
    assert cli('show "').text.startswith("ERROR: quote at column")
    assert not cli("x" * 5000).ok
    assert cli("show vlans").ok


def test_endless_lists_are_cut_and_say_so(cli: CommandLine, switch: Switch) -> None:
    switch.apply_lines("set vlans vlan-id 1:4094")
    cli("configure")
    words = cli.words("delete vlans vlan-id ")
    assert len(words) == 1001
    assert words[-1] == "<...>"
    assert cli.words("delete vlans vlan-id 409")[:3] == ["409", "4090", "4091"]
