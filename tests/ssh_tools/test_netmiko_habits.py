"""What netmiko's users do besides, at a live switch."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netmiko import ConnectHandler, ConnLogOnly, SSHDetect, file_transfer
from netmiko.exceptions import ConfigInvalidException, ReadTimeout

import connetos_sdk.integrations.netmiko as integration
from connetos_sdk import Switch

WEB = "set vlans vlan-id 10 vlan-name web"
SECRET, OTHER = "Only-for-this-test-9", "Another (1) of [them]"
USER = "set system login user second authentication plain-text-password"


@pytest.fixture
def net(access: dict[str, Any], switch: Switch) -> Iterator[integration.ConnetOSSSH]:
    with ConnectHandler(device_type="connetos", **access) as connection:
        yield connection


def test_commands_that_wait_or_ask(net: integration.ConnetOSSSH) -> None:
    assert net.send_command_timing("show vlans").startswith("Vlan ID   Tag")
    assert "Entering configuration mode." in str(net.send_command("configure", expect_string=r"leaf1#"))
    assert net.check_config_mode() and net.is_alive()
    assert net.discard() and not net.check_config_mode()
    with pytest.raises(ReadTimeout):
        net.send_command("show vlans", expect_string="never", read_timeout=1)
    assert net.find_prompt() == "leaf1>"


def test_several_lines_of_a_dialogue(net: integration.ConnetOSSSH) -> None:
    text = net.send_multiline([
        ["configure", r"leaf1#"],
        ["edit vlans vlan-id 10", r"leaf1#"],
        ["set vlan-name web", r"leaf1#"],
        ["top", r"leaf1#"],
        ["exit", r"leaf1#"],
        ["exit discard", r"leaf1>"],
    ])  # fmt: skip
    assert "[edit vlans vlan-id 10]" in text and "ERROR: There are uncommitted changes." in text
    assert "leaf1>" in net.send_multiline_timing(["configure", "exit discard"])


def test_a_question_is_answered(net: integration.ConnetOSSSH, switch: Switch) -> None:
    text = net.send_multiline([["request system reboot", r"(?i)yes"], ["no", r"leaf1>"]])
    assert "reboot" in text and switch.revision() > 0


def test_levels_and_files_of_lines(net: integration.ConnetOSSSH, switch: Switch, tmp_path: Path) -> None:
    lines = tmp_path / "web.txt"
    lines.write_text("edit vlans vlan-id 10\nset vlan-name web\ntop\nset vlans vlan-id 11\n")
    net.send_config_from_file(str(lines))
    net.commit()
    assert switch.vlans()[10].name == "web" and 11 in switch.vlans()


def test_lines_whose_echo_isnt_checked(net: integration.ConnetOSSSH, switch: Switch) -> None:
    net.send_config_set([WEB, "set vlans vlan-id 11"], cmd_verify=False)
    net.commit()
    assert {10, 11} <= set(switch.vlans())


def test_secrets_stay_out_of_logs_and_errors(
    access: dict[str, Any], switch: Switch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "session.log"
    options = {"session_log": str(log), "session_log_record_writes": True}
    with (
        caplog.at_level(logging.DEBUG, "netmiko"),
        ConnectHandler(device_type="connetos", **access, **options) as net,
    ):
        net.send_config_set([f"{USER} {SECRET}"])
        with pytest.raises(ConfigInvalidException, match="is not recognized") as caught:
            net.send_config_set([f'set system login usr second authentication plain-text-password "{OTHER}"'])
        net.commit()
    assert "second" in switch.config("system login user")
    for text in (log.read_text(), caplog.text, str(caught.value)):
        assert "plain-text-password ********" in text
        for secret in (SECRET, OTHER, access["password"]):
            assert secret not in text and re.escape(secret) not in text


def test_templates_of_other_kinds(net: integration.ConnetOSSSH, tmp_path: Path) -> None:
    template = tmp_path / "version.ttp"
    template.write_text("Version ID     : {{ version }}\n")
    parsed = net.send_command("show version", use_ttp=True, ttp_template=str(template))
    assert "version" in str(parsed) and isinstance(parsed, list)
    own = tmp_path / "version.textfsm"
    own.write_text("Value VERSION (\\S+)\n\nStart\n  ^Version ID\\s+: ${VERSION} -> Record\n")
    rows = net.send_command("show version", use_textfsm=True, textfsm_template=str(own))
    assert rows == [{"version": net.send_command("show version", use_textfsm=True)[0]["version"]}]  # type: ignore[index]


def test_a_terminal_of_few_rows_is_paged_and_read_whole(access: dict[str, Any], switch: Switch) -> None:
    class Small(integration.ConnetOSSSH):
        def establish_connection(self, width: int = 80, height: int = 10) -> None:
            super().establish_connection(width=200, height=10)

    switch.apply_lines("set vlans vlan-id 100:160")
    with Small(**access) as net:
        text = str(net.send_command("show running-config"))
        assert "--More--" not in text and text.count("vlan-id") >= 61
        plain = str(net.send_command("show running-config | no-more"))
    assert [line for line in text.splitlines() if line.strip()] == plain.splitlines()


def test_detected_and_connected(access: dict[str, Any], switch: Switch) -> None:
    found = SSHDetect(device_type="autodetect", **access).autodetect()
    assert found == "connetos"
    with ConnectHandler(device_type=f"{found}_ssh", **access) as net:
        assert net.find_prompt() == "leaf1>"


def test_failures_are_logged_only(access: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    wrong = {**access, "password": "wrong-password-7"}
    assert ConnLogOnly(device_type="connetos", **wrong) is None
    assert "Authentication failure" in caplog.text and "wrong-password-7" not in caplog.text


def test_files_arent_transferred(net: integration.ConnetOSSSH, tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(WEB)
    with pytest.raises(ValueError, match=r"(?i)unsupported|not supported"):
        file_transfer(net, source_file=str(tmp_path / "a.conf"), dest_file="a.conf", file_system="/tmp")
