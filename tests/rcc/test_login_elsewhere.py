"""`ssh` and `telnet` in a shell over SSH: the next device is reached from the switch, at the user's own terminal."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk.lab import Lab
from connetos_sdk.lab.environment import import_path_variable
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology
from tests.rcc.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.ovs

LAB = """
name: login-{pid}
dataplane: openvswitch
switches:
  leaf1: {{ports: 2, ssh: true}}
  leaf2: {{ports: 2}}
hosts:
  h1: {{link: "leaf1:te-1/1/1", address: 198.18.0.9/24}}
"""

TELNET_SERVER = """
import socket
listening = socket.create_server(("198.18.0.9", 23))
print("ready", flush=True)
while True:
    client, (address, _) = listening.accept()
    client.sendall(f"{address} wants in\\r\\nlogin: ".encode())
    typed = b""
    while not typed.endswith((b"\\n", b"\\0")):
        typed += client.recv(1)
    client.sendall(b"hello " + typed.strip(b"\\r\\n\\0") + b"\\r\\n")
    client.close()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(topology(LAB.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        with connect(lab.switch("leaf1")) as leaf1:
            leaf1.apply_lines(
                [
                    "set vlans vlan-id 1 l3-interface vlan1",
                    "set vlan-interface interface vlan1 address 198.18.0.1 prefix-length 24",
                ]
            )
        yield lab


@pytest.fixture
def terminal(lab: Lab) -> Iterator[Terminal]:
    """The switch's shell over OpenSSH."""
    leaf1 = lab.switch("leaf1")
    assert leaf1.ssh is not None
    command = ["ssh", "-p", str(leaf1.ssh.port), "-o", f"UserKnownHostsFile={leaf1.ssh.known_hosts}"]
    with Terminal([*command, f"{leaf1.username}@127.0.0.1"], rows=33, columns=99) as terminal:
        terminal.match("[Pp]assword:")
        terminal.send(f"{leaf1.password}\n")
        terminal.expect("leaf1>")
        yield terminal


@pytest.fixture
def ssh_device(lab: Lab, tmp_path: Path) -> Iterator[LabSwitch]:
    """What answers SSH at host h1: the command line of leaf2."""
    leaf2 = lab.switch("leaf2")
    command = [
        sys.executable, "-m", "connetos_sshd", "--listen", "198.18.0.9:22",
        "--agent-socket", str(leaf2.agent.files.run / "cli.sock"), "--state-directory", str(tmp_path),
    ]  # fmt: skip
    process = lab.host("h1").start(["env", f"PYTHONPATH={import_path_variable()}", *command])
    assert process.stderr is not None
    while '"ready"' not in process.stderr.readline():
        assert process.poll() is None
    yield leaf2
    _end(process)


@pytest.fixture
def telnet_device(lab: Lab) -> Iterator[None]:
    process = lab.host("h1").start([sys.executable, "-c", TELNET_SERVER])
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    yield
    _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=20)


def test_ssh_to_the_next_device_and_back(terminal: Terminal, ssh_device: LabSwitch) -> None:
    terminal.send("ssh 198.18.0.9\n")
    terminal.expect("(yes/no/[fingerprint])?")
    terminal.send("yes\n")
    terminal.match("[Pp]assword:")
    terminal.send(f"{ssh_device.password}\n")
    terminal.expect("leaf2>")
    terminal.send("show cli information\n")
    assert "99 x 33" in terminal.expect("xterm")
    terminal.send("show vlan\x03")
    terminal.expect("^C")  # for the device at which the user is now
    terminal.send("exit\n")
    terminal.expect("leaf1>")
    terminal.send("show cli information\n")
    assert "99 x 33" in terminal.expect("xterm")


def test_what_runs_has_no_rights_of_the_server(terminal: Terminal, ssh_device: LabSwitch) -> None:
    terminal.send("ssh 198.18.0.9\n")
    terminal.expect("(yes/no/[fingerprint])?")
    (program,) = _clients()
    assert program.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert Path("/proc/self/ns/net").stat().st_ino != (program / "ns/net").stat().st_ino
    assert "HOME" not in (program / "environ").read_text()
    terminal.process.kill()  # the user's own client: what was lent to it ends with it
    until(lambda: not _clients())


def test_telnet_without_its_escape_to_a_shell(terminal: Terminal, telnet_device: None) -> None:
    terminal.send("telnet 198.18.0.9\n")
    assert "198.18.0.1 wants in" in terminal.expect("login: ")
    terminal.send("\x1d!id\r\n")
    assert "uid=" not in terminal.expect("hello")
    terminal.expect("leaf1>")


def test_nobody_answers(terminal: Terminal) -> None:
    terminal.send("telnet 198.18.0.9\n")
    assert "refused" in terminal.expect("leaf1>")


def _clients() -> list[Path]:
    """Processes that log in at h1."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"/ssh") and b"198.18.0.9" in words:
                found.append(process)
    return found
