"""Navmesh without being told anything: cables by LLDP, hosts by the MAC and ARP tables."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connetos_sdk.cli import app
from connetos_sdk.errors import InvalidValue, NotFound
from connetos_sdk.fleet import Fleet
from connetos_sdk.navmesh.survey import Survey, read
from tests.navmesh.conftest import Site

pytestmark = [pytest.mark.ovs]


@pytest.fixture
def fleet(talking: Site) -> Fleet:
    """The switches alone, when LLDP has found all cables."""
    found = Fleet(talking.switches)
    deadline = time.monotonic() + 60
    while len(found.cabling().links) < len(talking.fabric.far) // 2:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def test_hosts_given_by_their_addresses(site: Site, fleet: Fleet) -> None:
    told = fleet.navmesh("198.18.1.1", "198.18.4.1", "udp", 5000, 6000)
    known = site.fabric.navmesh("h1", "h4", "udp", 5000, 6000)
    assert told.delivered
    assert told.back
    assert known.back
    assert told.forward.branches[0].ports == known.forward.branches[0].ports
    assert told.back.branches[0].ports == known.back.branches[0].ports
    assert told.remarks == ()


def test_hosts_of_a_vlan_without_router_need_a_mac_address_or_a_port(site: Site, fleet: Fleet) -> None:
    w1, w2 = site.fabric.hosts["w1"], site.fabric.hosts["w2"]
    with pytest.raises(NotFound, match=r"no switch knows where 198\.18\.50\.1 is"):
        fleet.navmesh(w1.ip, w2.ip)
    told = fleet.navmesh(f"{w1.ip}@{w1.mac}", f"{w2.ip}@{w2.end}", "udp", 5000, 6000)
    assert told.delivered
    assert [hop.switch for hop in told.forward.branches[0].hops] == ["leaf1", "spine1", "leaf2"]


def test_a_mac_address_or_a_port_is_enough_where_a_router_knows_the_address(site: Site, fleet: Fleet) -> None:
    h1, h3 = site.fabric.hosts["h1"], site.fabric.hosts["h3"]
    told = fleet.navmesh(h1.mac.upper(), str(h3.end), "tcp", 5000, 6000)
    assert told.delivered
    assert (told.forward.flow.source, told.forward.flow.destination) == (h1.ip, h3.ip)


def test_a_flow_that_stops_names_the_line_to_blame(site: Site, fleet: Fleet) -> None:
    leaf2 = site.switches["leaf2"]
    before = leaf2.revision()
    member = "interface gigabit-ethernet te-1/1/7 family ethernet-switching vlan members 500"
    w1, w2 = site.fabric.hosts["w1"], site.fabric.hosts["w2"]
    leaf2.apply_lines(f"delete {member}")
    try:
        trip = fleet.navmesh(f"{w1.ip}@{w1.end}", f"{w2.ip}@{w2.end}", both=False).forward
    finally:
        leaf2.rollback(revision=before)
    branch = next(branch for branch in trip.branches if branch.outcome == "dropped")
    assert branch.where == "leaf2:te-1/1/7"
    assert branch.missing == (f"set {member}",)


def test_a_switch_that_cant_be_asked_ends_the_way_and_is_named(site: Site, fleet: Fleet) -> None:
    spine1 = site.lab.switch("spine1")
    w1, w2 = site.fabric.hosts["w1"], site.fabric.hosts["w2"]
    spine1.stop_agent()
    try:
        answer = fleet.navmesh(f"{w1.ip}@{w1.end}", f"{w2.ip}@{w2.end}", both=False)
    finally:
        spine1.start_agent()
    (branch,) = answer.forward.branches
    assert branch.outcome == "no-answer"
    assert "leaf1:te-1/1/7 hears spine1:te-1/1/1, and spine1 can't be asked" in branch.reason
    assert any("spine1 can't be asked" in remark for remark in answer.remarks)


def test_a_switch_that_isnt_among_them_is_named_by_lldp(site: Site, fleet: Fleet) -> None:
    assert fleet.cabling().links
    leaves = Fleet({name: switch for name, switch in site.switches.items() if name != "spine1"})
    w1, w2 = site.fabric.hosts["w1"], site.fabric.hosts["w2"]
    (branch,) = leaves.navmesh(f"{w1.ip}@{w1.end}", f"{w2.ip}@{w2.end}", both=False).forward.branches
    assert branch.outcome == "left"
    assert "behind which is spine1, which isn't among the switches" in branch.reason


def test_an_address_of_a_switch_is_no_host(site: Site, fleet: Fleet) -> None:
    with pytest.raises(NotFound, match=r"198\.18\.1\.254 is an address of leaf1"):
        Survey(site.switches).place("198.18.1.254")
    answer = fleet.navmesh("198.18.1.1", "198.18.1.254", "icmp", both=False)
    assert answer.forward.outcome == "local"


@pytest.mark.parametrize(
    "text",
    [
        "leaf1",
        "leaf1:te-1/1",
        "198.18.1",
        "02:00",
        "198.18.1.1@",
        "@leaf1:te-1/1/1",
        "02:00:00:00:00:01@x",
        "",
    ],
)
def test_what_isnt_a_host_is_told_how_one_is_given(text: str) -> None:
    with pytest.raises(InvalidValue, match="isn't a host") as refused:
        read(text)
    assert "ADDRESS@SWITCH:PORT" in str(refused.value)


def run(*words: str, **environment: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["navmesh", *words], env=environment)
    return done.exit_code, " ".join(done.output.split())


def test_the_command_asks_switches_of_an_inventory(site: Site, fleet: Fleet) -> None:
    assert fleet.cabling().links
    inventory = str(site.lab.directory / "inventory.json")
    code, text = run("--from", "198.18.1.1", "--to", "198.18.3.1", "--inventory", inventory)
    assert code == 0, text
    assert "leaf1 te-1/1/1 (VLAN 1)" in text


def test_the_command_asks_switches_given_one_by_one(site: Site, fleet: Fleet) -> None:
    assert fleet.cabling().links
    node = site.lab.switch("leaf1")
    words = ["--switch", f"leaf1={node.url}", "--user", node.username, "--ca-file", str(node.ca_file)]
    code, text = run(
        "--from", "198.18.1.1", "--to", "198.18.1.254", "--protocol", "icmp", *words, CONNETOS_PASSWORD=node.password
    )  # fmt: skip
    assert code == 3, text
    assert "local at leaf1" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--switch", "leaf1=https://198.18.255.1", "--lab", "x"), "--lab or --switch"),
        (("--switch", "https://"), "has no name"),
        (("--inventory", "/nowhere.json"), "can't be read"),
    ],
)
def test_wrong_options_are_explained(words: tuple[str, ...], says: str) -> None:
    code, text = run("--from", "198.18.1.1", "--to", "198.18.1.2", *words)
    assert (code, says in text) == (1, True), text


def test_a_wrong_inventory_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    for document, says in (([], "has no switches"), ({"switches": {"a": {}}}, "switch a has no url")):
        file.write_text(json.dumps(document))
        code, text = run("--from", "198.18.1.1", "--to", "198.18.1.2", "--inventory", str(file))
        assert (code, says in text) == (1, True), text
