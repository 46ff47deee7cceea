"""Samples of every template, and the rules that ntc-templates has for templates, index and samples.

A sample is `connetos/<command>/<name>.raw`, what a switch printed, and `.yml`, its rows: documented output, and with
`_openvswitch` in its name that of a switch on Open vSwitch (`record.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import textfsm
import yaml

from connetos_sdk import Switch
from connetos_sdk.errors import Unsupported
from connetos_sdk.lab import Lab
from connetos_sdk.textfsm import DIRECTORY, PLATFORM, parse
from tests.conftest import connect
from tests.contract.test_templates import index
from tests.textfsm.record import DATA
from tests.textfsm.talkative import COMMANDS, prepare

TEMPLATES = sorted(DIRECTORY.glob("*.textfsm"))
SAMPLES = sorted(DATA.glob("*/*.raw"))
NOT_OURS = {"show_ethernet-switching_table_vxlan", "show_ospf4_neighbor", "show_sflow"}
"""Commands of a vendor's switch that our agent hasn't; their samples are documented output."""


def command_of(folder: str) -> str:
    return folder.replace("_", " ")


def folder_of(template: Path) -> str:
    return template.stem.removeprefix(f"{PLATFORM}_")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_has_these_rows(sample: Path) -> None:
    wanted = yaml.safe_load(sample.with_suffix(".yml").read_text("utf-8"))
    assert wanted.keys() == {"parsed_sample"}
    assert parse(command_of(sample.parent.name), sample.read_text("utf-8")) == wanted["parsed_sample"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_template_has_samples(template: Path) -> None:
    folder = folder_of(template)
    found = sorted((DATA / folder).glob("*.raw"))
    assert f"{PLATFORM}_{folder}" in found[0].stem and len(found) >= (1 if folder in NOT_OURS else 2)
    rows = [yaml.safe_load(one.with_suffix(".yml").read_text("utf-8"))["parsed_sample"] for one in found]
    assert any(rows), "none of them has anything in it"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_as_ntc_templates_wants_it(template: Path) -> None:
    text = template.read_text("utf-8")
    with template.open(encoding="utf-8") as file:
        machine = textfsm.TextFSM(file)
    assert all(value.name.isupper() for value in machine.values)
    assert all(re.match(r"  [\^#]", line) for line in text.splitlines() if line.startswith((" ", "\t")))
    reached = {rule.new_state for rules in machine.states.values() for rule in rules}
    assert set(machine.states) - reached <= {"Start", "End", "EOF"}
    for state, rules in machine.states.items():
        if state != "EOF":
            assert (rules[-1].match, rules[-1].line_op or rules[-1].record_op) == ("^.", "Error"), state


def test_samples_and_their_rows_stand_side_by_side() -> None:
    assert SAMPLES
    for path in DATA.rglob("*.*"):
        assert path.suffix in (".raw", ".yml")
        assert path.with_suffix(".raw").is_file() and path.with_suffix(".yml").is_file()
        assert (DIRECTORY / f"{PLATFORM}_{path.parent.name}.textfsm").is_file()
        assert path.stem.startswith(f"{PLATFORM}_{path.parent.name}")
    for path in DATA.rglob("*.yml"):
        assert path.read_text("utf-8").startswith("---\nparsed_sample:")


def test_the_index_is_in_order() -> None:
    names = [entry["Template"].removesuffix(".textfsm") for entry in index()]
    assert names == sorted(names, key=lambda name: (-len(name), name)), "the longest first, then by name"


# -- live ---------------------------------------------------------------------------------------------------


Printed = tuple[Switch, dict[str, str]]


@pytest.fixture(scope="module")
def printed(two_leaves: Lab) -> Iterator[Printed]:
    """A switch on Open vSwitch, and what it prints, by template."""
    with connect(two_leaves.switch("leaf1")) as leaf1, connect(two_leaves.switch("leaf2")) as leaf2:
        prepare(two_leaves, (leaf1, leaf2))
        yield leaf1, {name: leaf1.cli(command) for name, command in COMMANDS.items() if name not in NOT_OURS}


@pytest.mark.ovs
def test_every_command_of_a_live_switch_is_understood(printed: Printed) -> None:
    switch, texts = printed
    assert set(COMMANDS) == {folder_of(template) for template in TEMPLATES}
    silent = {name for name, text in texts.items() if not parse(COMMANDS[name], text)}
    machine = {
        "ddm",
        "fan",
        "rpsu",
        "serial-number",
        "temperature",
    }  # what this machine hasn't isn't in the rows
    assert silent <= {f"show_system_{name}" for name in machine}
    for name in NOT_OURS:
        with pytest.raises(Exception, match="is not recognized"):
            switch.cli(COMMANDS[name])


@pytest.mark.ovs
def test_rows_say_what_the_switch_says_as_data(printed: Printed) -> None:
    switch, texts = printed

    def rows(name: str) -> list[dict[str, Any]]:
        return parse(COMMANDS[name], texts[name])

    ports = {int(row["vlan_id"]): (row["tagged"], row["untagged"]) for row in rows("show_vlans")}
    assert ports == {number: (vlan.tagged, vlan.untagged) for number, vlan in switch.vlans().items()}
    (web,) = rows("show_vlans_vlan-id")
    assert (web["name"], web["vlan_interface"], web["tagged"]) == ("web", "vlan10", ["ae1"])
    (routed,) = rows("show_vlan-interface")
    assert routed["address"] == "198.18.10.254/24" and routed["mtu"] == "1500"
    (h1,) = (row for row in rows("show_arp") if row["address"] == "198.18.10.1")
    (known,) = (one for one in switch.state("arp")["entries"] if one["address"] == "198.18.10.1")
    assert (h1["mac"].lower(), h1["interface"]) == (known["mac"].lower(), known["interface"])
    routes = {
        row["prefix"]: (row["protocol"], row["next_hop"])
        for row in rows("show_route_table_ipv4_unicast_final")
    }
    assert routes["198.18.20.0/24"] == ("static", "198.18.10.1")
    (neighbor,) = rows("show_lldp_neighbor_detail")
    (found,) = (one for one in switch.lldp_neighbors() if one.local_port == "te-1/1/4")
    assert (neighbor["system_name"], neighbor["port_id"]) == (found.system_name, found.port_id)
    assert rows("show_version")[0]["version"] == switch.system().version
    assert rows("show_lacp_internal")[0]["port"] == "te-1/1/4"
    assert rows("show_analyzer")[0]["output"] == "te-1/1/3"
    assert rows("show_loopback-interface")[0]["address"] == ["203.0.113.7"]


def test_a_command_without_template() -> None:
    with pytest.raises(Unsupported, match="there is no template for 'show running-config'"):
        parse("show running-config", "")
