"""OpenSSH on an installed switch: users of the switch get its command line and RCC, root keeps a Linux machine."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.rcc.terminal import Terminal
from tools.debian_machine import Machine
from tools.debian_switch import PackagedSwitch

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(300)]

OPTIONS = ["-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "-i", "/root/.ssh/id_ed25519"]
SHELL = "/usr/lib/connetos/shell"
HELLO = """\
import json, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect("/run/connetos/cli.sock")
sock.sendall(sys.argv[1].encode() + b"\\n")
print(sock.makefile().readline())
"""

Ssh = Callable[..., tuple[int, str, str]]


def add_account(machine: Machine, name: str, *options: str) -> None:
    machine.run(["useradd", "--create-home", "--shell", SHELL, *options, name])
    add_key(machine, name)


def add_key(machine: Machine, name: str) -> None:
    machine.run(["sh", "-c", f"install -d -o {name} -m 700 ~{name}/.ssh"])
    machine.run(
        ["sh", "-c", f"install -o {name} -m 600 /root/.ssh/id_ed25519.pub ~{name}/.ssh/authorized_keys"]
    )


@pytest.fixture(scope="module")
def machine(installed: PackagedSwitch) -> Machine:
    machine = installed.machine
    machine.run(
        ["sh", "-c", "mkdir -p -m 700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519"]
    )
    machine.run(["cp", "/root/.ssh/id_ed25519.pub", "/root/.ssh/authorized_keys"])
    installed.cli(
        "configure",
        "set system login user ops class super-user",
        "set system login user eve class read-only",
        "commit",
        "exit",
    )
    add_key(machine, "ops")  # the agent has made the accounts
    add_key(machine, "eve")
    add_account(machine, "stranger", "--groups", "connetos")
    add_account(machine, "outsider")
    return machine


@pytest.fixture(scope="module")
def ssh(machine: Machine) -> Ssh:
    """Run `ssh NAME@switch ARGUMENT...`: exit status, output, error output."""

    def run(name: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        done = machine.run(["ssh", "-q", *OPTIONS, f"{name}@127.0.0.1", *arguments], stdin=stdin, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def test_one_shot_commands(ssh: Ssh) -> None:
    code, out, _ = ssh("ops", "show version")
    assert code == 0
    assert "test" in out
    code, out, _ = ssh("ops", "show nothing")
    assert (code, "is not recognized" in out) == (1, True)
    code, out, _ = ssh("ops", "configure\nset vlans vlan-id 30\ncommit\nexit")
    assert (code, "Commit OK." in out) == (0, True)
    code, out, _ = ssh("ops", "-T", stdin="show vlans vlan-id 30\n")
    assert (code, "VLAN ID: 30" in out) == (0, True)


def test_the_class_is_the_configurations(ssh: Ssh) -> None:
    assert ssh("eve", "show version")[0] == 0
    assert ssh("eve", "configure")[0] == 1


def test_only_users_of_the_switch_get_in(ssh: Ssh) -> None:
    code, _, error = ssh("stranger", "show version")
    assert (code, error) == (1, "ERROR: stranger is not a user of this switch\n")
    code, _, error = ssh("outsider", "show version")
    assert (code, "Permission denied" in error) == (1, True)


def test_nobody_says_who_they_are_but_root(machine: Machine) -> None:
    for name in ("root", "ops"):
        hello = json.dumps({"hello": {"user": name, "authenticated": True, "via": "ssh"}})
        answer = machine.run(["runuser", "-u", "eve", "--", "python3", "-c", HELLO, hello]).stdout
        assert json.loads(answer) == {"ok": False, "error": f"eve may not log in as {name}"}
    answer = machine.run(["runuser", "-u", "eve", "--", "python3", "-c", HELLO, '{"hello": {}}']).stdout
    assert json.loads(answer)["class"] == "read-only"


def test_a_shell_of_the_switch_is_no_shell_of_the_machine(machine: Machine, ssh: Ssh) -> None:
    for attempt in ("bash", "/bin/sh -c id", "/usr/lib/openssh/sftp-server", "$(id)"):
        code, out, _ = ssh("ops", attempt)
        assert (code, "uid=" in out) == (1, False)
    copy = ["scp", "-q", *OPTIONS, "/etc/hostname", "ops@127.0.0.1:"]
    assert machine.run(copy, check=False).returncode != 0
    assert machine.run(["sh", "-c", "ls ~ops"]).stdout == ""
    through = machine.run(["ssh", *OPTIONS, "-W", "127.0.0.1:443", "ops@127.0.0.1"], check=False)
    assert "administratively prohibited" in through.stderr


def test_a_person_at_a_terminal(machine: Machine) -> None:
    with Terminal(machine.command(["ssh", "-tt", "-q", *OPTIONS, "ops@127.0.0.1"])) as person:
        person.expect("Welcome to switch CLI shell.")
        person.expect("debian>")
        person.send("show ?")
        person.expect("Possible completions:")
        person.send("vlans vlan-id 1\r")
        person.expect("VLAN Name: default")
        person.expect("debian>")
        person.send("exit\r")
        assert person.end() == 0


def test_rcc_through_the_subsystem(machine: Machine) -> None:
    rcc = ["rcc", "-s", "127.0.0.1", "-u", "ops", "--key", "/root/.ssh/id_ed25519", "--no-verify"]
    done = machine.run([*rcc, "--json", "-c", "show version;configure;set vlans vlan-id 31;commit;exit"])
    assert "Commit OK." in done.stdout
    for user in ("ops", "root"):
        raw = ["ssh", "-q", *OPTIONS, "-s", f"{user}@127.0.0.1", "remote_config"]
        answer = machine.run(raw, stdin="show vlans vlan-id 31\n").stdout
        assert answer[:3] == "\0\0\0"
        assert "VLAN ID: 31" in answer


def test_roots_machine_stays_a_linux_machine(machine: Machine, ssh: Ssh) -> None:
    assert ssh("root", "id -u")[:2] == (0, "0\n")
    machine.run(["scp", "-q", *OPTIONS, "/etc/hostname", "root@127.0.0.1:/root/copied"])
    machine.run(["cmp", "/etc/hostname", "/root/copied"])
    assert "test" in ssh("root", "cli -c 'show version'")[1]
