"""Time, log and logins of a switch with real servers and clients on a host of the lab: chronyd, rsyslogd, SSH."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connetos_agent.services.system import chrony
from connetos_sdk import Switch
from connetos_sdk.errors import ConfigError, ConnetosError, NotFound
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.cli.conftest import CommandLine
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

SERVER = "198.18.10.1"
LAB = """\
name: {name}
dataplane: openvswitch
switches:
  leaf1:
    ports: 2
    config:
      vlans: {{vlan-id: {{"10": {{l3-interface: vlan10}}}}}}
      vlan-interface: {{interface: {{vlan10: {{address: {{198.18.10.254: {{prefix-length: 24}}}}}}}}}}
      interface: {{gigabit-ethernet: {{te-1/1/1: {{family: {{ethernet-switching: {{native-vlan-id: 10}}}}}}}}}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.10.1/24}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("lab")
    with Lab(topology(LAB.format(name=f"time-{os.getpid()}"), directory)) as lab:
        yield lab


@pytest.fixture(scope="module")
def leaf(lab: Lab) -> LabSwitch:
    return lab.switch("leaf1")


@pytest.fixture
def switch(leaf: LabSwitch) -> Iterator[Switch]:
    with connect(leaf) as switch:
        before = switch.revision()
        yield switch
        switch.rollback(revision=before)


@pytest.fixture
def cli(leaf: LabSwitch, switch: Switch) -> Iterator[CommandLine]:
    cli = CommandLine(
        str(leaf.directory / "run/cli.sock"), {"user": "root", "authenticated": True, "via": "test"}
    )
    yield cli
    cli.close()


@pytest.fixture(scope="module")
def time_server(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    directory = tmp_path_factory.mktemp("server")
    config = directory / "chrony.conf"
    config.write_text(
        f"local stratum 3\nallow 198.18.0.0/16\ncmdport 0\nbindcmdaddress /\npidfile {directory}/pid\n"
    )
    server = lab.host("h1").start(["/usr/sbin/chronyd", "-n", "-4", "-x", "-u", "root", "-f", str(config)])
    yield
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def collected(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file to which a collector on h1 writes what it gets, facility and level first."""
    directory = tmp_path_factory.mktemp("collector")
    config, file = directory / "rsyslog.conf", directory / "collected"
    config.write_text(
        'module(load="imudp")\ninput(type="imudp" port="514")\n'
        'template(name="t" type="string" string="%syslogfacility-text%.%syslogseverity-text% %HOSTNAME% '
        '%APP-NAME% %msg%\\n")\n'
        f'action(type="omfile" file="{file}" template="t")\n'
    )
    host = lab.host("h1")
    server = host.start(["/usr/sbin/rsyslogd", "-n", "-f", str(config), "-i", str(directory / "pid")])
    until(lambda: ":514" in host.run(["ss", "-uln"]).stdout)
    yield file
    server.terminate()
    server.wait(20)


def test_the_clock_follows_a_server(
    leaf: LabSwitch, switch: Switch, cli: CommandLine, time_server: None
) -> None:
    assert cli("show system ntp-status").text.startswith("unsynchronised\n")
    switch.apply_lines(f"set system ntp-server-ip {SERVER}")
    until(lambda: switch.state("system ntp-status").get("synchronised"))
    status = switch.state("system ntp-status")
    assert (status["server"], status["stratum"]) == (SERVER, 4)
    assert 0 <= status["within_s"] < 5
    assert re.fullmatch(
        rf"synchronised to NTP server \({SERVER}\) at stratum 4\n"
        r"   time correct to within \d+ ms\n    polling server every \d+ s\n",
        cli("show system ntp-status").text,
    )
    switch.delete("system ntp-server-ip")
    assert switch.state("system ntp-status") == {"configured": False, "synchronised": False}
    assert "chronyd" not in switch.state("daemons")


def test_a_server_that_is_silent_leaves_the_clock_alone(switch: Switch, cli: CommandLine) -> None:
    switch.apply_lines("set system ntp-server-ip 198.18.10.99")
    assert switch.state("system ntp-status")["synchronised"] is False
    assert cli("show system ntp-status").text.startswith("unsynchronised\n")


def test_a_lab_switch_never_sets_the_clock_of_its_machine(
    leaf: LabSwitch, switch: Switch, cli: CommandLine
) -> None:
    switch.apply_lines(f"set system ntp-server-ip {SERVER}")
    pid = switch.state("daemons")["chronyd"]["pid"]
    assert b"-x" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    refused = cli("set date 09:41:30")
    assert not refused.ok
    assert "no clock of its own" in refused.text


def test_the_next_agent_goes_on_with_the_same_daemons(leaf: LabSwitch, switch: Switch) -> None:
    switch.apply_lines(f"set system ntp-server-ip {SERVER}\nset system syslog host server-ip {SERVER}")
    before = {name: switch.state("daemons")[name]["pid"] for name in ("chronyd", "rsyslogd")}
    leaf.restart_agent()
    with connect(leaf) as again:
        assert {name: again.state("daemons")[name]["pid"] for name in before} == before
        assert not again.system().troubles


def test_what_asks_chronyd_is_not_fooled(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        chrony.status(tmp_path / "nobody.sock")
    assert not list(tmp_path.iterdir())


def test_the_log_is_sent_on(switch: Switch, cli: CommandLine, collected: Path) -> None:
    switch.apply_lines(
        f"set system syslog host server-ip {SERVER}\nset system syslog log-facility 4\nset system hostname leaf-17"
    )
    cli("show vlans")
    wanted = 'local4.warning leaf-17 connetos [1][cli_sh] Executing command by root: "show vlans"'
    until(lambda: collected.exists() and wanted in collected.read_text())
    switch.delete("system syslog host")
    until(lambda: "rsyslogd" not in switch.state("daemons"))
    cli("show vlans vlan-id 1")
    assert "vlan-id 1" not in collected.read_text()


def test_only_what_is_severe_enough_is_sent(switch: Switch, cli: CommandLine, collected: Path) -> None:
    switch.apply_lines(f"set system syslog host server-ip {SERVER}\nset system syslog log-level error")
    cli("show system temperature")
    switch.apply_lines("set system syslog log-level warning")
    cli("show system fan")
    until(lambda: '"show system fan"' in collected.read_text())
    assert '"show system temperature"' not in collected.read_text()


def test_a_forwarder_that_dies_is_started_again(switch: Switch, cli: CommandLine, collected: Path) -> None:
    switch.apply_lines(f"set system syslog host server-ip {SERVER}")
    pid = switch.state("daemons")["rsyslogd"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: switch.state("daemons").get("rsyslogd", {}).get("pid") not in (pid, None))

    def arrives() -> bool:
        cli("show system rpsu")
        return '"show system rpsu"' in collected.read_text()

    until(arrives)


def test_several_servers_and_their_order_are_one_state(switch: Switch) -> None:
    switch.apply_lines(
        "set system syslog host server-ip 198.18.10.7\nset system syslog host server-ip 198.18.10.3"
    )
    assert switch.apply_lines("set system syslog host server-ip 198.18.10.3").changed is False
    assert not switch.system().troubles
    switch.delete("system syslog host")


def test_the_time_zone_is_that_of_what_is_shown(switch: Switch, cli: CommandLine) -> None:
    assert " UTC " in cli("show host date").text
    switch.apply_lines("set system timezone Asia/Tokyo")
    assert " JST " in cli("show host date").text
    assert Path("/etc/localtime").resolve().name in ("UTC", "Universal", "Zulu")  # the machine's own stays
    with pytest.raises(ConfigError, match="clock: there is no time zone Mars/Base"):
        switch.apply_lines("set system timezone Mars/Base")
    assert " JST " in cli("show host date").text


@pytest.mark.parametrize("line", ["enable true", "connection-limit 5"])
def test_telnet_is_refused_with_the_reason(switch: Switch, line: str) -> None:
    with pytest.raises(ConnetosError, match="access: this switch has no Telnet server"):
        switch.apply_lines(f"set system services telnet {line}")
    switch.apply_lines("set system services telnet enable false")


COME_IN = """\
import asyncio, sys
import asyncssh

async def main():
    try:
        async with asyncssh.connect("198.18.10.254", 2222, username="admin", password=sys.argv[1], known_hosts=None,
                                    client_keys=None, config=None) as connection:
            done = await connection.run("show vlans")
            print("in", done.exit_status)
    except (OSError, asyncssh.Error) as error:
        print("out", type(error).__name__)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def come_in(
    lab: Lab, leaf: LabSwitch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Logs in from h1 at an SSH server of the switch; says whether it got in."""
    path = ":".join(filter(None, sys.path))
    state = tmp_path_factory.mktemp("ssh")
    server = leaf.node.start(
        ["env", f"PYTHONPATH={path}", sys.executable, "-m", "connetos_sshd", "--listen", "198.18.10.254:2222",
         "--agent-socket", str(leaf.files.run / "cli.sock"), "--state-directory", str(state)]
    )  # fmt: skip
    until(lambda: "198.18.10.254:2222" in leaf.run(["ss", "-tln"]).stdout)

    def log_in() -> str:
        done = lab.host("h1").run([sys.executable, "-c", COME_IN, leaf.password])
        assert done.stdout, done.stderr
        return done.stdout.strip()

    yield log_in
    server.terminate()
    server.wait(20)


def test_one_may_log_in_from_permitted_networks_only(switch: Switch, come_in: Callable[[], str]) -> None:
    assert come_in() == "in 0"
    switch.apply_lines("set system login-acl network 198.18.99.0/24")
    assert come_in() == "out PermissionDenied"
    switch.apply_lines("set system login-acl network 198.18.10.1/24")  # a network by one of its addresses
    assert come_in() == "in 0"


def test_ssh_that_is_switched_off_refuses_connections(switch: Switch, come_in: Callable[[], str]) -> None:
    switch.apply_lines("set system services ssh enable false")
    assert come_in() == "out ConnectionRefusedError"
    switch.apply_lines("set system services ssh enable true")
    assert come_in() == "in 0"


def test_a_reboot_of_a_lab_switch_is_a_boot(leaf: LabSwitch, switch: Switch, cli: CommandLine) -> None:
    pid = leaf.agent_pid
    switch.apply_lines("set vlans vlan-id 77")
    cli("request system reboot")
    assert cli("yes").text == "The switch reboots now.\n"

    def booted() -> bool:
        try:
            with connect(leaf) as again:
                return 77 not in again.vlans() and leaf.agent_pid == pid
        except ConnetosError:
            return False

    until(booted)
    with connect(leaf) as again:
        assert 10 in again.vlans()
        assert not again.system().troubles
        with pytest.raises(NotFound):
            again.transport.call("clear/reboot", {}, None)
