"""TextFSM templates: documented samples, our agent's own output, and text that they must refuse."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from connetos_sdk import Switch
from connetos_sdk.errors import ProtocolError, Unsupported
from connetos_sdk.textfsm import DIRECTORY, parse
from tests.conftest import ROOT
from tests.contract.conftest import Machine
from tests.contract.test_contract import LINES, ROUTED
from tests.contract.vendor import SPEC

SHOWS = [s for s in yaml.safe_load(SPEC.read_text("utf-8"))["shows"] if s["mode"] == "operational"]
PLACES = {"<interface-name>": "te-1/1/3", "<vlan-id>": "210"}


def command_of(show: dict[str, Any]) -> str:
    words = str(show["command"]).split()
    return " ".join(PLACES.get(word, word) for word in words)


def index() -> list[dict[str, str]]:
    lines = [
        line for line in (DIRECTORY / "index").read_text("ascii").splitlines() if line and line[0] != "#"
    ]
    return [{name.strip(): cell.strip() for name, cell in row.items()} for row in csv.DictReader(lines)]


def covered(command: str) -> bool:
    try:
        parse(command, "")
    except Unsupported:
        return False
    return True


SAMPLES = [
    pytest.param(s, id=f"{s['command']}-{s.get('variant', '')}") for s in SHOWS if covered(command_of(s))
]


@pytest.mark.parametrize("show", SAMPLES)
def test_a_documented_sample_is_understood(show: dict[str, Any]) -> None:
    rows = parse(command_of(show), show["sample"])
    assert rows
    assert all(isinstance(value, str | list) for row in rows for value in row.values())
    told = str(rows)
    for row in rows:
        assert any(row.values())
    for words in show["sample"].split():
        if words.count(".") == 3 or words.count(":") == 5:  # every address of the sample is in the rows
            assert words.strip("<>,()") in told


@pytest.mark.parametrize("show", SAMPLES)
def test_another_layout_is_refused(show: dict[str, Any]) -> None:
    text: str = show["sample"]
    for wrong in (text + "Something else 7\n", f"Something else\n{text}"):
        with pytest.raises(ProtocolError, match="isn't laid out as documented"):
            parse(command_of(show), wrong)


def test_every_template_is_used_by_a_sample() -> None:
    assert (
        len(index())
        == len({entry["Template"] for entry in index()})
        == len(list(DIRECTORY.glob("*.textfsm")))
    )
    assert len(SAMPLES) == len(index()) + 1, "eth0 has two variants"
    for entry in index():
        assert (entry["Hostname"], entry["Platform"]) == (".*", "connetos")
        assert (DIRECTORY / entry["Template"]).is_file()


def test_ports_are_never_lost() -> None:
    head = "Vlan ID   Tag        Interfaces\n-------   --------   ------\n"
    ports = [f"te-1/1/{n}" for n in range(1, 49)]
    lines = [",  ".join(ports[n : n + 5]) + "," for n in range(0, 48, 5)]
    text = head + "4094      tagged     " + f"\n{' ' * 21}".join(lines) + "\n          untagged   ae1,\n"
    assert parse("show vlans", text) == [{"vlan_id": "4094", "tagged": ports, "untagged": ["ae1"]}]
    for row in ("1  tagged  a, b\n   untagged\n", f"1  tagged  {', '.join('abcdefghijk')},\n   untagged\n"):
        with pytest.raises(ProtocolError):
            parse("show vlans", head + row)


def test_our_agent_prints_what_the_templates_read(machine: Machine, rest: Switch) -> None:
    before = rest.revision()
    rest.apply_lines(LINES + ROUTED)
    try:
        with machine.connect("rcc") as switch:
            client = switch.transport._shells.take().client  # type: ignore[attr-defined]

            def rows(command: str) -> list[dict[str, Any]]:
                return parse(command, client.run(command).text)

            assert rows("show version")[0]["version"] == rest.system().version
            found = {int(row["vlan_id"]): row for row in rows("show vlans")}
            for vlan, state in rest.vlans().items():
                assert (found[vlan]["tagged"], found[vlan]["untagged"]) == (state.tagged, state.untagged)
                (one,) = rows(f"show vlans vlan-id {vlan}")
                assert (one["name"], one["vlan_interface"]) == (state.name, state.l3_interface)
            (routed,) = rows("show vlan-interface")
            assert (routed["interface"], routed["address"]) == ("vlan210", "192.0.2.65/26")
            assert rows("show interface management-ethernet eth0")[0]["interface"] == "eth0"
            client.close()
    finally:
        rest.rollback(revision=before)


def test_other_tools_find_the_templates() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "connetos_sdk.textfsm"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (Path(done.stdout.strip()) / "index").read_text("ascii").count("connetos_show_") == len(index())


def test_netmiko_reads_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    netmiko = pytest.importorskip("netmiko.utilities")
    monkeypatch.setenv("NET_TEXTFSM", str(DIRECTORY))
    sample = next(show["sample"] for show in SHOWS if show["command"] == "show arp")
    rows = netmiko.get_structured_data_textfsm(sample, platform="connetos", command="show arp")
    assert rows == parse("show arp", sample)


def test_importing_the_sdk_loads_neither_ssh_nor_textfsm() -> None:
    program = (
        "import sys, connetos_sdk; from connetos_sdk import Switch; Switch('https://198.51.100.1')\n"
        "print([name for name in ('asyncssh', 'textfsm', 'yaml') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
