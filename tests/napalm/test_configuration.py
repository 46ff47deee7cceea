"""Changing a switch through NAPALM: NAPALM's own tests, and what they leave out."""

from __future__ import annotations

import json
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from napalm.base import exceptions
from napalm.base.test import base as suite

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from napalm_connetos import ConnetOSDriver
from tests.napalm.conftest import driver

WEB = "set vlans vlan-id 10 vlan-name web\n"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99\n"
MERGED = """\
[edit vlans]
-   vlan-id 10 {
-       vlan-name: "web"
-   }
"""
REPLACED = """\
[edit vlans]
+   vlan-id 20 {
+       vlan-name: "storage"
+   }
"""


@pytest.fixture(scope="class")
def suite_files(
    request: pytest.FixtureRequest, memory_lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files and the opened driver that NAPALM's tests want; the configuration at their beginning is `initial.conf`."""
    device = driver(memory_lab.switch("leaf1"))
    device.open()
    initial = device.get_config(retrieve="running")["running"]
    folder = tmp_path_factory.mktemp("connetos")
    files = {
        "initial.conf": initial,
        "new_good.conf": initial + 'vlans {\n    vlan-id 20 {\n        vlan-name: "storage"\n    }\n}\n',
        "new_typo.conf": initial + "vlans {\n    vlan-idd 20 {\n    }\n}\n",
        "new_good.diff": REPLACED,
        "merge_good.conf": WEB,
        "merge_good.diff": MERGED,
        "merge_typo.conf": "set vlans vlan-idd 20\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    request.cls.device, request.cls.vendor = device, str(folder)


@pytest.mark.usefixtures("suite_files")
class TestSuite(unittest.TestCase, suite.TestConfigNetworkDriver, suite.TestGettersNetworkDriver):
    """See `napalm.base.test.base`."""

    device: ClassVar[ConnetOSDriver]
    vendor: ClassVar[str]

    # They want what only a data plane that forwards has; on Open vSwitch they run (test_live.py, test_state.py).
    test_get_arp_table = None
    test_get_interfaces_counters = None
    test_get_lldp_neighbors = None
    test_get_lldp_neighbors_detail = None
    test_get_mac_address_table = None
    test_get_ntp_servers = None
    # It wants a peer, which a switch can't have.
    test_get_ntp_peers = None
    test_get_ntp_stats = None
    test_get_route_to = None
    test_ping = None
    test_traceroute = None


def test_a_candidate_in_every_form(device: ConnetOSDriver) -> None:
    document = {"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}}
    for text in (WEB, json.dumps(document), 'vlans {\n  vlan-id 10 {\n    vlan-name: "web"\n  }\n}\n'):
        device.load_merge_candidate(config=text)
        assert '+       vlan-name: "web"' in device.compare_config()
        assert '"web"' in device.get_config(retrieve="candidate")["candidate"]
        device.discard_config()
        assert device.compare_config() == "" == device.get_config(retrieve="candidate")["candidate"]


def test_loads_add_up_until_the_commit(device: ConnetOSDriver, switch: Switch) -> None:
    device.load_merge_candidate(config=WEB)
    device.load_merge_candidate(config="set vlans vlan-id 11\ndelete vlans vlan-id 10 vlan-name\n")
    device.commit_config(message="two loads")
    assert {10, 11} <= set(switch.vlans()) and switch.revisions()[0].comment == "two loads"
    assert device.compare_config() == ""


def test_what_was_read_can_be_loaded_again(device: ConnetOSDriver, switch: Switch) -> None:
    switch.apply_lines(WEB)
    for form in ("text", "set", "json"):
        running = device.get_config(retrieve="running", format=form)["running"]
        assert "$6$" in running
        assert "$6$" not in device.get_config(retrieve="running", format=form, sanitized=True)["running"]
        device.load_replace_candidate(config=running)
        assert device.compare_config() == ""
        device.discard_config()


def test_commit_confirmed_then_kept(device: ConnetOSDriver, switch: Switch) -> None:
    device.load_merge_candidate(config=WEB)
    device.commit_config(revert_in=600)
    assert device.has_pending_commit() and 10 in switch.vlans()
    with pytest.raises(exceptions.CommitError, match="waits for its confirmation"):
        device.commit_config()
    device.confirm_commit()
    assert not device.has_pending_commit() and 10 in switch.vlans()
    with pytest.raises(exceptions.CommitConfirmException, match="no commit waits"):
        device.confirm_commit()


def test_commit_confirmed_then_rolled_back(device: ConnetOSDriver, switch: Switch) -> None:
    device.load_merge_candidate(config=WEB)
    device.commit_config(revert_in=600)
    device.rollback()
    assert not device.has_pending_commit() and 10 not in switch.vlans()


def test_a_rejected_commit_changes_nothing(device: ConnetOSDriver, switch: Switch) -> None:
    before = switch.config()
    device.load_merge_candidate(config=WEB + BROKEN)
    with pytest.raises(
        exceptions.CommitError, match=r"vlans vlan-id 99 isn't configured .set vlans vlan-id 99 first"
    ):
        device.commit_config()
    assert switch.config() == before
    device.load_merge_candidate(config="set vlans vlan-id 99\n")  # the candidate is still there to be mended
    device.commit_config()
    assert {10, 99} <= set(switch.vlans())


def test_a_locked_configuration(leaf: LabSwitch, switch: Switch, device: ConnetOSDriver) -> None:
    with driver(leaf, config_lock=True) as first:
        first.load_merge_candidate(config=WEB)
        with pytest.raises(exceptions.LockError):
            device.load_merge_candidate(config=WEB)
    device.load_merge_candidate(config=WEB)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"password": "wrong"}, exceptions.ConnectAuthError, "user name or password"),
        ({"optional_args": {"port": 1}}, exceptions.ConnectionException, "can't be reached"),
        ({"optional_args": {"url": "ftp://leaf1"}}, exceptions.UnsupportedVersion, "isn't an https"),
    ],
)
def test_connections_that_fail(
    leaf: LabSwitch, wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    from tests.napalm.conftest import arguments

    device = ConnetOSDriver(**{**arguments(leaf), **wrong})
    with pytest.raises(error, match=words) as caught:
        device.open()
    assert leaf.password not in str(caught.value)
    assert device.is_alive() == {"is_alive": False}


def test_a_certificate_that_isnt_trusted(leaf: LabSwitch) -> None:
    device = driver(leaf, ca_file=None)
    with pytest.raises(exceptions.ConnectionException, match="certificate"):
        device.open()


def test_missing_and_unreadable_files(device: ConnetOSDriver, tmp_path: Path) -> None:
    with pytest.raises(exceptions.MergeConfigException, match="give filename or config"):
        device.load_merge_candidate()
    with pytest.raises(exceptions.ReplaceConfigException, match=r"no\.conf can't be read"):
        device.load_replace_candidate(filename=str(tmp_path / "no.conf"))


def test_commands(device: ConnetOSDriver) -> None:
    answers = device.cli(["show vlans", "show version | match OS"])
    assert str(answers["show vlans"]).startswith("Vlan ID   Tag")
    assert "\nOS " in str(answers["show version | match OS"])
    for command, words in (
        ("configure", "isn't an operational"),
        ("show bogus", '"bogus" is not recognized'),
        ("a\nb", "one line"),
    ):
        with pytest.raises(exceptions.CommandErrorException, match=words):
            device.cli([command])
    with pytest.raises(NotImplementedError):
        device.cli(["show vlans"], encoding="json")


@pytest.fixture
def reader(switch: Switch, leaf: LabSwitch) -> Iterator[ConnetOSDriver]:
    """The driver as a user who may only look."""
    user = "system login user reader"
    switch.apply_lines(
        [f"set {user} class read-only", f"set {user} authentication plain-text-password look-only"]
    )
    device = ConnetOSDriver(
        "127.0.0.1", "reader", "look-only", optional_args={"url": leaf.url, "ca_file": str(leaf.ca_file)}
    )
    with device:
        yield device


def test_a_user_who_may_only_look(reader: ConnetOSDriver) -> None:
    assert "1" in reader.get_vlans() and "Vlan ID" in str(reader.cli(["show vlans"])["show vlans"])
    assert "********" in reader.get_config(sanitized=True)["running"]
    with pytest.raises(exceptions.CommandErrorException, match="super-user"):
        reader.get_config()
    with pytest.raises(exceptions.MergeConfigException, match="super-user"):
        reader.load_merge_candidate(config=WEB)


def test_compliance(device: ConnetOSDriver, switch: Switch) -> None:
    switch.apply_lines(WEB)
    wanted = {"get_facts": {"vendor": "ConnetOS"}, "get_vlans": {"10": {"name": "web"}}}
    assert device.compliance_report(validation_source=[wanted])["complies"]
    assert not device.compliance_report(validation_source=[{"get_vlans": {"10": {"name": "db"}}}])["complies"]


def test_what_the_switch_doesnt_have_isnt_answered(device: ConnetOSDriver) -> None:
    for method in (
        device.get_bgp_neighbors,
        device.get_firewall_policies,
        device.get_ipv6_neighbors_table,
        device.get_probes_config,
        device.get_snmp_information,
    ):
        with pytest.raises(NotImplementedError):
            method()
