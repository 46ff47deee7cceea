"""Our modules at a vendor's switch, over RCC and over network_cli: what exists there works, the rest is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.test_network_cli import Play, network_cli, player
from tests.contract.vendor import PASSWORD, USER
from tests.ssh_tools.vendor_shell import VendorShell

OURS = "connetos.connetos.connetos_"
WEB = {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}
pytestmark = pytest.mark.slow


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[VendorShell]:
    vendor = VendorShell(tmp_path)
    yield vendor
    vendor.stop()


@pytest.fixture(params=["rcc", "network_cli"])
def play(
    request: pytest.FixtureRequest, vendor: VendorShell, persistent: dict[str, str], tmp_path: Path
) -> Play:
    host = network_cli(vendor.port, USER, PASSWORD)
    if request.param == "rcc":
        host = {
            "ansible_connection": "connetos.connetos.connetos",
            "ansible_network_os": "connetos.connetos.connetos",
            "connetos_url": f"rcc://127.0.0.1:{vendor.port}",
            "connetos_username": USER,
            "connetos_password": PASSWORD,
            "connetos_verify": False,
        }
    host["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
    return player(host, vendor.known_hosts, persistent, tmp_path)


def ours(module: str, **arguments: Any) -> dict[str, Any]:
    return {OURS + module: arguments}


def test_configurations(play: Play, vendor: VendorShell) -> None:
    change = ours("config", document=WEB, comment="ticket-42")
    purge = ours("config", document=WEB, purge=["vlans"])
    run = play(
        {**change, "check_mode": True},
        change,
        change,
        {**purge, "check_mode": True},
        purge,
        purge,
        ours("config", lines=["set vlans vlan-id 5000"]),
        ours("config", lines=["set vlans vlan-id 30"], comment="two words"),
        {**ours("rollback", rollback=1), "check_mode": True},
        ours("rollback", rollback=1),
        ours("rollback", revision=1),
    )
    checked, made, again, *purges, wrong, words, planned, back, numbered = run.results
    assert checked["changed"] and made["changed"] and not again["changed"], run.output
    assert checked["commands"] == made["commands"] == ["set vlans vlan-id 10 vlan-name web"]
    assert [one["changed"] for one in purges] == [True, True, False], run.output
    assert purges[0]["commands"] == purges[1]["commands"] == ["delete vlans vlan-id 210"]
    assert "5000" in wrong["msg"] and "comments of one word" in words["msg"]
    assert "doesn't tell what a rollback would change" in planned["msg"]
    assert back["changed"] and "210" in vendor.running["vlans"]["vlan-id"], run.output
    assert "has no revision" in numbered["msg"]
    assert vendor.commits == ["commit comment ticket-42", "commit"] and not vendor.exclusive


def test_resources(play: Play, vendor: VendorShell) -> None:
    change = ours("vlans", config=[{"vlan_id": 10, "vlan_name": "web"}], state="overridden")
    run = play(
        {**change, "check_mode": True},
        change,
        change,
        ours("vlans", state="gathered"),
        ours("vlans", config=[{"vlan_id": 5000}]),
    )
    checked, made, again, gathered, wrong = run.results
    assert checked["commands"] == made["commands"], run.output
    assert made["commands"] == ["delete vlans vlan-id 210", "set vlans vlan-id 10 vlan-name web"]
    assert checked["changed"] and made["changed"] and not again["changed"]
    assert {"vlan_id": "10", "vlan_name": "web"} in gathered["gathered"]
    assert "5000" in wrong["msg"] and vendor.commits == ["commit"]
    assert vendor.running["vlans"]["vlan-id"] == {"10": {"vlan-name": "web"}}


def test_facts(play: Play, vendor: VendorShell) -> None:
    gathered = "ansible_facts.net_hostname == 'leaf-17' and 'lo7' in ansible_facts.net_interfaces"
    run = play(
        {"ansible.builtin.gather_facts": {}},
        {"ansible.builtin.assert": {"that": gathered}},
        ours("facts", gather_subset=["all"], gather_network_resources=["vlans"]),
    )
    assert run.recap["ok"] == 3 and run.recap["ignored"] == 0, run.output
    facts = run.results[-1]["ansible_facts"]
    assert facts["ansible_net_hostname"] == "leaf-17" and facts["ansible_net_revision"] is None
    assert facts["ansible_net_interfaces"].keys() == {"vlan210", "vlan211", "lo7"}
    assert "192.0.2.34" in facts["ansible_net_all_ipv4_addresses"]
    assert "210" in facts["ansible_net_vlans"] and facts["ansible_network_resources"]["vlans"]
    assert "ansible_net_config" not in facts and not vendor.commits
    told = " ".join(run.output.split())
    assert "ports left out: no documented output of a vendor's switch tells" in told
    assert "config left out: " in told
