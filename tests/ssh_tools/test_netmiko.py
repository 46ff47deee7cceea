"""netmiko at a live switch, as its users type it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from netmiko import ConnectHandler, SSHDetect
from netmiko.exceptions import ConfigInvalidException, NetmikoAuthenticationException

import connetos_sdk.integrations.netmiko as integration
from connetos_sdk import Switch

WEB = "set vlans vlan-id 10 vlan-name web"
BROKEN = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"


@pytest.fixture
def net(access: dict[str, Any], switch: Switch) -> Iterator[integration.ConnetOSSSH]:
    with ConnectHandler(device_type="connetos", **access) as connection:
        yield connection


def test_commands_and_pipes(net: integration.ConnetOSSSH) -> None:
    assert net.find_prompt() == "leaf1>"
    assert str(net.send_command("show vlans")).startswith("Vlan ID   Tag")
    assert net.send_command("show vlans | match Vlan | count") == "Count: 1 lines"
    assert "is not recognized" in str(net.send_command("show bogus"))


def test_templates_are_found(net: integration.ConnetOSSSH, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NET_TEXTFSM", raising=False)
    rows = net.send_command("show vlans", use_textfsm=True)
    assert isinstance(rows, list) and rows[0]["vlan_id"] == "1", rows
    assert isinstance(net.send_command("show running-config", use_textfsm=True), str)  # there is no template
    with pytest.raises(ValueError, match="there is no template"):
        net.send_command("show running-config", use_textfsm=True, raise_parsing_error=True)


def test_long_text_isnt_paged_and_long_lines_arent_wrapped(
    net: integration.ConnetOSSSH, switch: Switch
) -> None:
    switch.apply_lines("set vlans vlan-id 1000:2999")
    text = str(net.send_command("show running-config", read_timeout=60))
    assert "--More--" not in text and text.count("vlan-id") > 2000
    port = "interface gigabit-ethernet te-1/1/1 family ethernet-switching"
    members = f"{port} vlan members"
    numbers = ",".join(str(n) for n in range(1000, 1400, 2))
    net.send_config_set([f"set {port} port-mode trunk", f"set {members} {numbers}"])
    net.commit()
    assert len(switch.config(members)) == 200


def test_a_change_is_committed_with_its_comment(net: integration.ConnetOSSSH, switch: Switch) -> None:
    net.send_config_set([WEB, "set vlans vlan-id 11"])
    assert net.check_config_mode() and 10 not in switch.vlans()
    net.commit(comment="from netmiko")
    assert not net.check_config_mode()
    assert {10, 11} <= set(switch.vlans()) and switch.revisions()[0].comment == "from netmiko"
    net.save_config()
    assert "10" in switch.config("vlans", source="startup")["vlan-id"]


def test_a_renamed_switch_has_another_prompt(net: integration.ConnetOSSSH) -> None:
    net.send_config_set(["set system hostname spine-7.lab"])
    net.commit()
    assert net.find_prompt() == "spine-7.lab>"
    assert str(net.send_command("show vlans")).startswith("Vlan ID")


def test_commit_confirmed(net: integration.ConnetOSSSH, switch: Switch) -> None:
    net.send_config_set([WEB])
    net.commit(confirm=True, confirm_delay=900, comment="careful")
    assert switch.system().confirm is not None
    net.commit()
    assert switch.system().confirm is None and 10 in switch.vlans()


def test_what_the_switch_refuses_is_raised_and_changes_nothing(
    net: integration.ConnetOSSSH, switch: Switch
) -> None:
    with pytest.raises(ConfigInvalidException, match=r'ERROR: path "vlans vlan-id 5000" is not valid'):
        net.send_config_set(["set vlans vlan-id 5000", WEB])
    net.discard()
    net.send_config_set([WEB, BROKEN])
    with pytest.raises(ValueError, match="vlans vlan-id 99 isn't configured") as caught:
        net.commit()
    assert "leaf1#" not in str(caught.value)
    with pytest.raises(ValueError, match="uncommitted changes"):
        net.exit_config_mode()
    assert 10 not in switch.vlans()
    net.send_config_set(["set vlans vlan-id 99"])  # the candidate is still there
    net.commit()
    assert {10, 99} <= set(switch.vlans())


@pytest.mark.parametrize(
    "arguments", [{"confirm_delay": 60}, {"comment": 'a "quoted" word'}, {"comment": "two\nlines"}]
)
def test_commits_that_make_no_sense(net: integration.ConnetOSSSH, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"confirm_delay|comment"):
        net.commit(**arguments)


def test_another_user_holds_the_configuration(net: integration.ConnetOSSSH, switch: Switch) -> None:
    with switch.configure(exclusive=True), pytest.raises(ValueError, match="can't be entered: ERROR:"):
        net.config_mode()


def test_a_dropped_connection_leaves_no_candidate(access: dict[str, Any], switch: Switch) -> None:
    with ConnectHandler(device_type="connetos_ssh", **access) as connection:
        connection.send_config_set([WEB])
    with switch.configure(exclusive=True):
        pass
    assert 10 not in switch.vlans()


def test_autodetection(access: dict[str, Any]) -> None:
    assert SSHDetect(device_type="autodetect", **access).autodetect() == "connetos"


def test_a_wrong_password(access: dict[str, Any]) -> None:
    with pytest.raises(NetmikoAuthenticationException):
        ConnectHandler(device_type="connetos", **{**access, "password": "wrong"})
