"""OpenSSH's own `ssh`: one-shot commands, the subsystem, and a person at a terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.rcc.process import Sshd
from tests.rcc.standin import PASSWORD, USER, StandIn
from tests.rcc.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="needs Debian's openssh-client")


@pytest.fixture(scope="module")
def ssh(sshd: Sshd, known_hosts: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command line of an `ssh` that logs in with a key."""
    directory = tmp_path_factory.mktemp("client")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(directory / "id"))
    (directory / "id").chmod(0o600)
    trusted = sshd.state / "authorized_keys"
    trusted.mkdir(mode=0o700, exist_ok=True)
    (trusted / USER).touch(mode=0o600)
    (trusted / USER).write_bytes(key.export_public_key())
    return [
        "ssh", "-F", "none", "-o", f"UserKnownHostsFile={known_hosts}", "-o", "StrictHostKeyChecking=yes",
        "-o", "IdentitiesOnly=yes", "-i", str(directory / "id"), "-p", str(sshd.port), "-l", USER,
    ]  # fmt: skip


def run(ssh: list[str], *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [*ssh, *arguments], input=stdin, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_one_shot_commands(ssh: list[str], standin: StandIn) -> None:
    assert run(ssh, "127.0.0.1", "show vlans") == (0, "out[show vlans]\n", "")
    assert run(ssh, "127.0.0.1", "fail") == (1, 'syntax error, command "fail" is not recognized.\n', "")
    standin.lines.clear()
    code, out, _ = run(ssh, "127.0.0.1", "configure\nset x\nfail\nset y")
    assert (code, standin.lines) == (1, ["configure", "set x", "fail"])
    assert out.startswith("Entering configuration mode.\nout[set x]\n")


def test_commands_on_standard_input(ssh: list[str]) -> None:
    assert run(ssh, "-T", "127.0.0.1", stdin="show a\nshow b\n")[:2] == (0, "out[show a]\nout[show b]\n")
    assert run(ssh, "-T", "127.0.0.1", stdin="show a\nfail")[0] == 1
    assert run(ssh, "-T", "127.0.0.1", stdin="exit\nshow a\n")[:2] == (0, "")


def test_the_subsystem(ssh: list[str]) -> None:
    done = subprocess.run(
        [*ssh, "-s", "127.0.0.1", "remote_config"],
        input=b"show version\nconfigure\n",
        capture_output=True,
        timeout=30,
        check=False,
    )
    expected = bytes.fromhex("0000001e00000001000000016f75745b73686f772076657273696f6e5d0a")
    entering = bytes.fromhex(
        "000000290000000100000002456e746572696e6720636f6e66696775726174696f6e206d6f64652e0a"
    )
    assert done.stdout == expected + entering
    assert done.returncode == 0
    assert run(ssh, "-s", "127.0.0.1", "sftp")[0] != 0


def test_a_wrong_password(ssh: list[str], tmp_path: Path) -> None:
    helper = tmp_path / "askpass"
    helper.write_text("#!/bin/sh\necho wrong\n")
    helper.chmod(0o700)
    options = ["-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=2"]
    begin = time.monotonic()
    done = subprocess.run(
        [*ssh, *options, "127.0.0.1", "show a"], capture_output=True, timeout=30, check=False,
        env={**os.environ, "SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force"},
    )  # fmt: skip
    assert done.returncode == 255
    assert b"Permission denied" in done.stderr
    assert time.monotonic() - begin > 0.6


@pytest.fixture
def shell(ssh: list[str]) -> Iterator[Terminal]:
    with Terminal([*ssh, "127.0.0.1"]) as terminal:
        terminal.expect("Welcome to switch CLI shell.\r\n")
        terminal.expect("leaf1> ")
        yield terminal


def test_a_session_at_a_terminal(shell: Terminal) -> None:
    shell.send("show a\r")
    shell.expect("show a\r\nout[show a]\r\nleaf1> ")
    shell.send("configure\r")
    shell.expect("Entering configuration mode.\r\nleaf1# ")
    shell.send("exit\r")
    shell.expect("Leave configuration mode.\r\nleaf1> ")
    shell.send("fail\r")
    shell.expect('command "fail" is not recognized.\r\nleaf1> ')
    shell.send("quit\r")
    assert shell.end() == 0


def test_logging_in_with_a_password(ssh: list[str], sshd: Sshd) -> None:
    with Terminal([*ssh, "-o", "PubkeyAuthentication=no", "127.0.0.1"]) as terminal:
        terminal.expect("assword:")
        terminal.send("wrong\r")
        terminal.expect("assword:")
        terminal.send(f"{PASSWORD}\r")
        terminal.expect("leaf1> ")
        terminal.send("exit\r")
        assert terminal.end() == 0


def test_help_at_once_without_enter(shell: Terminal) -> None:
    shell.send("show ?")
    shell.expect(
        "Possible completions:\r\n"
        "  version                       About version\r\n"
        "  vlan-interface                About vlan-interface\r\n"
        "  vlans                         About vlans\r\n"
        "leaf1> show "
    )
    shell.send("x\r")
    shell.expect("x\r\nout[show x]")


def test_tab_and_space_complete(shell: Terminal, standin: StandIn) -> None:
    shell.send("sh\t")
    shell.expect("show ")
    shell.send("vl\t")
    shell.expect("vlan")
    shell.send("\t")
    shell.expect("Possible completions:\r\n  vlan-interface")
    shell.expect("leaf1> show vlan")
    shell.send("s\t\r")
    shell.expect("out[show vlans ]")
    shell.send("sh ver | match x\r")
    shell.expect("out[show version | match x]")
    assert standin.lines == ["show vlans ", "show version | match x"]


def test_space_never_changes_a_name(shell: Terminal, standin: StandIn) -> None:
    shell.send("configure\rset vlan-id 2 x\r")
    shell.expect("out[set vlan-id 2 x]")
    shell.send("set vlan-id 2\t\r")
    shell.expect("out[set vlan-id 20 ]")


def test_nothing_is_completed_within_quotes(shell: Terminal) -> None:
    shell.send('show "sh ?" x\r')
    shell.expect('out[show "sh ?" x]')


def test_editing_and_history(shell: Terminal) -> None:
    shell.send("xshow a\x01\x04\r")
    shell.expect("out[show a]")
    shell.send("show a b c\x1b\x7f\x1b\x7fd\r")
    shell.expect("out[show a d]")
    shell.send("\x1b[A\x1b[A\r")
    shell.expect("out[show a]")
    shell.send("show later\x15show b\r")
    shell.expect("out[show b]")
    shell.send("a \x02\x02show \x05\r")
    shell.expect("out[show a ]")


def test_a_line_longer_than_the_terminal(shell: Terminal) -> None:
    words = "show " + "x" * 100
    shell.send(f"{words}\x01\x06\x06\x06\x06\x06y\r")
    shell.expect(f"out[show y{'x' * 100}]")


def test_ctrl_c_drops_the_line_and_ctrl_d_leaves(shell: Terminal, standin: StandIn) -> None:
    shell.send("show a\x03")
    shell.expect("^C\r\nleaf1> ")
    shell.send("sleep 1\r")
    shell.expect("\r\n")
    shell.send("show b\r\x03")
    shell.expect("^C\r\nwoke\r\nleaf1> ")
    shell.send("\x04")
    assert shell.end() == 0
    assert standin.lines == ["sleep 1", "exit"]


def test_text_comes_while_the_line_runs_and_ctrl_c_interrupts_it(shell: Terminal) -> None:
    shell.send("drip\r")
    shell.expect("drop 1\r\ndrop 2\r\n")
    shell.send("\x03")
    shell.expect("^C\r\ndried up\r\nleaf1> ")


def test_typing_ahead(shell: Terminal) -> None:
    shell.send("configure\rset a\rexit\rshow vlans\r")
    for answer in (
        "Entering configuration mode.",
        "out[set a]",
        "Leave configuration mode.",
        "out[show vlans]",
    ):
        shell.expect(f"{answer}\r\n")
    shell.send("show a\r\nshow b\nquit\n")
    shell.expect("show a\r\nout[show a]\r\nleaf1> show b\r\nout[show b]\r\nleaf1> quit\r\n")
    assert shell.end() == 0


def test_the_pager(shell: Terminal) -> None:
    shell.send("rows 100\r")
    assert shell.expect("--More--").endswith("row 23\r\n")
    shell.send("\r")
    assert shell.expect("--More--").split()[-2:] == ["row", "24"]
    shell.send(" ")
    assert shell.expect("--More--").endswith("row 47\r\n")
    shell.send("h")
    shell.expect("SUMMARY OF MORE COMMANDS")
    shell.expect("--More--")
    shell.send(" ")
    assert shell.expect("--More--").endswith("row 47\r\n")
    shell.send("q")
    assert "row" not in shell.expect("leaf1> ")
    shell.send("rows 100 | no-more\r")
    assert "--More--" not in shell.expect("row 100\r\nleaf1> ")
    shell.send("rows 23\r")
    assert "--More--" not in shell.expect("row 23\r\nleaf1> ")


def test_the_end_of_the_connection_frees_the_session(shell: Terminal, standin: StandIn) -> None:
    shell.send("configure\r")
    shell.expect("leaf1# ")
    assert standin.sessions == 1
    shell.process.kill()
    until(lambda: standin.sessions == 0)


def test_an_agent_that_ends_the_session(shell: Terminal, standin: StandIn) -> None:
    standin.drop_all()
    shell.expect("The switch has ended the session.")
    assert shell.end() == 1


def test_the_host_key_is_kept(sshd: Sshd, standin: StandIn, ssh: list[str], tmp_path: Path) -> None:
    again = Sshd(standin.path, sshd.state, tmp_path / "again.log")
    try:
        assert (sshd.state / "ssh/host_ed25519_key").stat().st_mode & 0o777 == 0o600
        other = [str(again.port) if word == str(sshd.port) else word for word in ssh]
        options = ["-o", f"HostKeyAlias=[127.0.0.1]:{sshd.port}"]
        assert run(other, *options, "127.0.0.1", "show a")[:2] == (0, "out[show a]\n")
    finally:
        again.stop()
