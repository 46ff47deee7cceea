"""Reboots, reports for support, files over TFTP, and from where one may log in: at a switch."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_agent.dataplane.access import AccessDriver
from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.states.system import LoginAcl
from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, ConnetosError, InvalidValue, NotFound, PermissionDenied
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.agent.conftest import VIEWER, add_user
from tests.cli.conftest import CommandLine, Open, cli, open_cli  # noqa: F401 - fixtures
from tests.conftest import connect
from tests.waiting import until


def at(machine: LabSwitch) -> CommandLine:
    return CommandLine(
        str(machine.files.run / "cli.sock"), {"user": "root", "authenticated": True, "via": "test"}
    )


# -- rebooting --------------------------------------------------------------------------------------------------


def test_a_reboot_asks_first(cli: CommandLine, switch: Switch) -> None:  # noqa: F811
    asked = cli("request system reboot")
    assert (asked.ok, asked.prompt) == (True, "Are you sure you want to reboot the switch (yes/no)? ")
    assert cli.words("") == []
    assert cli("no").prompt == "leaf1> "
    cli("request system reboot")
    odd = cli("show version")
    assert (odd.ok, odd.prompt) == (False, "leaf1> ")
    assert "neither yes nor no" in odd.text
    assert switch.state("system reboot") is None


def test_a_reboot_is_planned_and_cancelled(cli: CommandLine, switch: Switch) -> None:  # noqa: F811
    cli("request system reboot in 5")
    assert "The switch reboots at " in cli("yes").text
    plan = switch.state("system reboot")
    assert plan["user"] == "root"
    assert 280 < plan["at"] - time.time() <= 300
    assert cli("clear system reboot").text == "The planned reboot is cancelled.\n"
    assert cli("clear system reboot").text == "No reboot is planned.\n"
    assert switch.state("system reboot") is None
    cli("request system reboot at 25:00")
    assert not cli("yes").ok


def test_wrong_times_and_users_without_the_right_to_it(switch: Switch, open_cli: Open) -> None:  # noqa: F811
    with pytest.raises(BadRequest, match="two times"):
        switch.transport.call("reboot", {"at": "23:00", "delay": 5}, None)
    with pytest.raises(InvalidValue, match="is over"):
        switch.transport.call("reboot", {"at": "2018.02.09-09:41"}, None)
    add_user(switch, VIEWER, "read-only")
    viewer = open_cli(user=VIEWER[0], password=VIEWER[1], via="test")
    refused = viewer("request system reboot")
    assert not refused.ok
    assert "needs class super-user" in refused.text
    for line in ("clear log all", "set date 09:41", "clear system commit"):
        assert not viewer(line).ok or line == "clear system commit"


def without_77(machine: LabSwitch) -> bool:
    """Whether the switch answers and has the startup configuration."""
    try:
        with connect(machine) as again:
            return 77 not in again.vlans()
    except ConnetosError:
        return False


def test_a_reboot_loads_the_startup_configuration(machine: LabSwitch, box: Switch) -> None:
    pid = machine.agent_pid
    box.apply_lines("set vlans vlan-id 77")
    box.transport.call("reboot", {}, None)

    until(lambda: without_77(machine))
    assert machine.agent_pid == pid  # it began anew in its place, with its sockets
    assert machine.agent.ready


def test_the_plan_outlives_the_agent_but_no_boot(machine: LabSwitch, box: Switch) -> None:
    at = box.reboot(delay=3000)
    plan = box.state("system reboot")
    assert plan["at"] == at
    machine.restart_agent()
    with connect(machine) as again:
        assert again.state("system reboot") == plan
    machine.reboot()
    with connect(machine) as again:
        assert again.state("system reboot") is None


def test_a_reboot_that_was_due_while_the_agent_was_away_is_made_up_for(
    machine: LabSwitch, box: Switch
) -> None:
    box.apply_lines("set vlans vlan-id 77")
    machine.stop_agent()
    plan = machine.files.run / "reboot.json"
    plan.write_text(json.dumps({"at": time.time() - 5, "user": "root"}))
    machine.start_agent()
    until(lambda: without_77(machine))
    assert not plan.exists()


def test_a_damaged_plan_is_no_plan(machine: LabSwitch, box: Switch) -> None:
    machine.stop_agent()
    (machine.files.run / "reboot.json").write_text("{")
    machine.start_agent()
    with connect(machine) as again:
        assert again.state("system reboot") is None
    (machine.files.run / "reboot.json").unlink()


# -- report for support -----------------------------------------------------------------------------------------


def test_the_report_has_what_every_command_shows_and_no_secret(
    memory_lab: Lab,
    cli: CommandLine,  # noqa: F811
    switch: Switch,
) -> None:
    switch.apply_lines("set system login user carol authentication plain-text-password open-sesame-7")
    shown = cli("show tech-support").text
    found = re.fullmatch(
        r"Start to collect information \.\.\.\.\.\.\n\n"
        r"The information has been stored in (\S+/leaf1-\d{12}-techSupport\.log), please forward to your support\n",
        shown,
    )
    assert found
    file = Path(found[1])
    text = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    for section in ("log", "show version", "show vlans", "show running-config", "show system processes"):
        assert f"==================== {section} ====================" in text
    assert "user carol" in text
    hashed = switch.config("system login user carol authentication encrypted-password", secrets=True)
    assert "open-sesame" not in text
    assert hashed not in text
    assert "show running-config" in switch.tech_support()
    assert any("tech-support" in line for line in switch.log())


def test_only_the_newest_reports_are_kept(memory_lab: Lab, switch: Switch) -> None:
    directory = memory_lab.switch("leaf1").files.state / "tech-support"
    directory.mkdir(exist_ok=True)
    for number in range(8):
        old = directory / f"leaf1-20180205100{number}-techSupport.log"
        old.write_text("old")
        os.utime(old, (number, number))
    switch.transport.call("tech-support", {}, None)
    names = sorted(path.name for path in directory.iterdir())
    assert len(names) == 5
    assert names[0] >= "leaf1-201802051004"


# -- files over TFTP --------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A directory that Debian's TFTP server serves at 127.0.0.1 port 69, in this machine's own network."""
    if os.geteuid() != 0 or shutil.which("in.tftpd") is None:
        pytest.skip("needs root and tftpd-hpa")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("127.0.0.77", 69))
        except OSError:
            pytest.skip("somebody serves TFTP here")
    tmp_path.chmod(0o755)
    server = subprocess.Popen(
        ["in.tftpd", "-L", "-u", "root", "--address", "127.0.0.77:69", "--secure", str(tmp_path)]
    )
    until(lambda: "4D00007F:0045" in Path("/proc/net/udp").read_text())
    yield tmp_path
    server.terminate()
    server.wait(10)


def put(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text)
    (directory / name).chmod(0o644)


def test_a_startup_configuration_comes_over_tftp(served: Path, machine: LabSwitch, box: Switch) -> None:
    before = machine.files.startup_config.read_text()
    command = "file tftp get remote-file lab.cfg local-file connetos.boot ip-address 127.0.0.77"
    cli = at(machine)  # noqa: F811
    put(served, "lab.cfg", "vlans { vlan-id many { } }")
    refused = cli(command)
    assert not refused.ok
    assert "no startup configuration" in refused.text
    assert machine.files.startup_config.read_text() == before
    lines = box.config_text(form="set", secrets=True)
    put(served, "lab.cfg", f"{lines}set vlans vlan-id 99\n")
    assert re.fullmatch(r"\d+ bytes received, stored as connetos.boot\.\n", cli(command).text)
    cli.close()
    try:
        machine.reboot()
        with connect(machine) as again:
            assert 99 in again.vlans()
    finally:
        machine.files.startup_config.write_text(before)


def test_other_files_come_to_the_directory_of_configurations(
    served: Path, machine: LabSwitch, box: Switch
) -> None:
    put(served, "more.cfg", "vlans { vlan-id 88 { } }")
    cli = at(machine)  # noqa: F811
    assert cli("file tftp get remote-file more.cfg local-file more.cfg ip-address 127.0.0.77").ok
    cli("configure")
    assert cli("load more.cfg").ok
    assert 88 in box.vlans()
    cli.close()
    for name in ("../more", "/etc/passwd", "connetos.conf.01", ".hidden"):
        with pytest.raises(BadRequest):
            box.transport.call(
                "tftp/get", {"remote-file": "more.cfg", "local-file": name, "server": "127.0.0.77"}, None
            )
    with pytest.raises(NotFound):
        box.transport.call("tftp/get", {"remote-file": "no", "local-file": "x", "server": "127.0.0.77"}, None)


# -- from where one may log in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "may"),
    [
        ("198.51.100.9", True), ("198.51.101.9", False), ("::ffff:198.51.100.9", True), ("2001:db8::1", False),
        ("fe80::1%eth0", False), ("127.0.0.1", True), ("::1", True), ("tty", True), ("", True), ("uid:0", True),
        ("203.0.113.5", True),
    ],
)  # fmt: skip
def test_the_networks_that_may(source: str, may: bool) -> None:
    driver = AccessDriver()
    assert driver.may_come(source)
    networks = ("198.51.100.0/24", "203.0.113.5/32")
    driver.apply([Step("access", ObjectKey("login-acl", "system"), None, LoginAcl(networks))])
    assert driver.may_come(source) == may


def test_a_login_from_elsewhere_is_refused_whatever_the_password(switch: Switch, open_cli: Open) -> None:  # noqa: F811
    switch.apply_lines("set system login-acl network 198.51.100.0/24")
    elsewhere = {"user": "root", "authenticated": True, "via": "ssh", "source": "198.18.0.9"}
    refused = open_cli(**elsewhere).greeting
    assert refused == {"ok": False, "error": "logins from 198.18.0.9 are not permitted (system login-acl)"}
    assert open_cli(**{**elsewhere, "source": "198.51.100.20"}).greeting["ok"]
    assert open_cli(user="root", authenticated=True, via="cli", source="tty").greeting["ok"]
    switch.delete("system login-acl")
    assert open_cli(**elsewhere).greeting["ok"]


def test_the_announcement_is_shown_at_the_console(switch: Switch, open_cli: Open) -> None:  # noqa: F811
    switch.apply_lines('set system login announcement "Authorised staff only"')
    console = open_cli(user="root", authenticated=True, via="cli", source="tty")
    assert console.greeting["banner"] == "Authorised staff only\nWelcome to switch CLI shell."


def test_a_viewer_may_not_download(memory_lab: Lab, switch: Switch) -> None:
    add_user(switch, VIEWER, "read-only")
    asked = {"remote-file": "x", "local-file": "x", "server": "127.0.0.77"}
    with (
        connect(memory_lab.switch("leaf1"), username=VIEWER[0], password=VIEWER[1]) as viewer,
        pytest.raises(PermissionDenied),
    ):
        viewer.transport.call("tftp/get", asked, None)
