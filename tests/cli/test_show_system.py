"""`show system ...` at the command line and as state in REST: the same facts."""

from __future__ import annotations

import re

import pytest

from connetos_sdk import Switch
from tests.cli.conftest import CommandLine, Open

BY_MEMBER = ("cpu-usage", "ddm", "fan", "memory-usage", "processes", "rpsu", "serial-number", "uptime")


def test_processor_memory_and_uptime(cli: CommandLine, switch: Switch) -> None:
    assert re.fullmatch(r"Cpu usage: \d+%\n", cli("show system cpu-usage").text)
    total = switch.state("system memory-usage")["total"]
    assert cli("show system memory-usage").text.splitlines()[1].split()[1] == str(total)
    assert re.match(r" \d\d:\d\d:\d\d up .*, +\d+ users?,  load average: ", cli("show system uptime").text)
    assert switch.state("system")["uptime"]["uptime_s"] > 0


def test_the_agent_is_among_the_processes(cli: CommandLine, switch: Switch) -> None:
    assert "connetos_agent" in cli("show system processes").text
    assert any("connetos_agent" in process["command"] for process in switch.state("system processes"))
    assert "processes" not in switch.state("system")


def test_what_this_machine_does_not_have_is_not_present(cli: CommandLine) -> None:
    assert "not present" in cli("show system ddm").text
    assert cli("show system ddm te-1/1/1").text == "te-1/1/1: no optical module is present.\n"
    assert cli("show system running-mode").text == "Current mode      :  Standalone\n"


@pytest.mark.parametrize("name", BY_MEMBER)
def test_one_switch_is_member_1(cli: CommandLine, name: str) -> None:
    assert cli(f"show system {name} all").text.startswith("Member 1:\n")
    assert cli(f"show system {name} member 1").text.startswith("Member 1:\n")
    refused = cli(f"show system {name} member 2")
    assert not refused.ok
    assert refused.text == "ERROR: member 2 is not valid: this switch runs standalone, as member 1.\n"


def test_a_port_that_is_not_there_has_no_module(cli: CommandLine) -> None:
    refused = cli("show system ddm te-1/1/99")
    assert not refused.ok
    assert "te-1/1/1 to te-1/1/8" in refused.text


def test_users_are_those_whose_command_line_is_open(open_cli: Open, cli: CommandLine, switch: Switch) -> None:
    other = open_cli(user="root", authenticated=True, via="ssh", source="198.18.0.9")
    shown = cli("show system users").text
    assert re.search(r"^root     ssh/\d+ +\d{4}-\d\d-\d\d \d\d:\d\d \(198\.18\.0\.9\)$", shown, re.MULTILINE)
    other("exit")
    assert "198.18.0.9" not in cli("show system users").text
    with switch.configure():
        assert any(login["line"].startswith("rest/") for login in switch.state("system users"))
