"""The command `rcc`: what it sends, prints and exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connetos_sdk.rcc_cli import file_commands, log_lines, shown, split_commands
from connetos_sdk.transports.rcc_client import Response
from connetos_sdk.wire.rcc import Message
from tests.rcc.process import Sshd
from tests.rcc.standin import PASSWORD, USER, StandIn


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("show a", ["show a"]),
        ("show a; set x", ["show a", " set x"]),
        ("show a;;show b", ["show a", ";show b"]),
        (";;show a", [";;show a"]),
        ("show a;", ["show a"]),
        ("", []),
    ],
)
def test_splitting(text: str, commands: list[str]) -> None:
    assert split_commands(text) == commands


def test_lines_of_a_file() -> None:
    assert file_commands("# comment\nshow a\r\n\n  set x\nlast") == ["show a\r", "  set x", "last"]


def message(text: bytes, success: int = 1, mode: int = 1) -> Message:
    return Message(text, success, mode)


@pytest.mark.parametrize(
    ("command", "messages", "printed"),
    [
        ("show a", [message(b"a\n")], b"a\n"),
        ("set x", [message(b"a\n")], b"a\n"),
        ("configure", [message(b"Entering\n", mode=2)], b""),
        ("configure private", [message(b"Entering\n")], b""),
        ("exit", [message(b"Leave\n", mode=1)], b"Leave\n"),
        ("exit", [message(b"a\n", mode=2)], b""),
        ("set x", [message(b"a\n", mode=2)], b""),
        (" set x", [message(b"a\n", mode=2)], b"a\n"),
        ("upgrade", [message(b"a\n", mode=2)], b""),
        ("commit", [message(b"Commit OK.\n", mode=3)], b"Commit OK.\n"),
        ("set x", [message(b"ERROR\n", 0, 2)], b">> set x\nERROR\n"),
        ("midfail", [message(b"good\n"), message(b"bad\n", 0)], b"good\nbad\n"),
    ],
)
def test_what_is_printed(command: str, messages: list[Message], printed: bytes) -> None:
    assert shown(Response(command, tuple(messages))) == printed


def test_the_log_has_changes_and_no_secrets() -> None:
    responses = [
        Response("show a", (message(b"", mode=2),)),
        Response("set x", (message(b"", mode=1),)),
        Response(
            'set system login user a authentication plain-text-password "my secret"', (message(b"", mode=2),)
        ),
        Response("commit", (message(b"", 0, 2),)),
    ]
    lines = [line.split("\t")[1:] for line in log_lines("ops", responses)]
    assert lines == [
        ["ops", "set system login user a authentication plain-text-password ***", "0\n"],
        ["ops", "commit", "-1\n"],
    ]


def rcc(
    sshd: Sshd, known_hosts: Path, *arguments: str, stdin: str = "", password: str | None = PASSWORD
) -> tuple[int, str, str]:
    environment = {**os.environ, "RCC_PASSWORD": password} if password else {**os.environ}
    options = ["-u", USER, "--port", str(sshd.port), "--known-hosts", str(known_hosts), *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "connetos_sdk.rcc_cli", *options],
        input=stdin, capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_run(sshd: Sshd, known_hosts: Path, tmp_path: Path) -> None:
    log = tmp_path / "remote_config.log"
    commands = "configure;set interface x;show;fail1;commit;exit"
    code, out, err = rcc(sshd, known_hosts, "-s", "127.0.0.1", "-c", commands, "--log", str(log))
    assert (code, err) == (0, "")
    assert out == (
        "out[show]\n"
        '>> fail1\nsyntax error, command "fail1" is not recognized.\n'
        "out[commit]\n"
        "Leave configuration mode.\n"
    )
    assert [line.split("\t")[1:] for line in log.read_text().splitlines()] == [
        [USER, "set interface x", "0"],
        [USER, "commit", "0"],
    ]


def test_a_file_and_standard_input(sshd: Sshd, known_hosts: Path, tmp_path: Path) -> None:
    file = tmp_path / "commands"
    file.write_text("# first\nshow a\n\nshow b")
    assert rcc(sshd, known_hosts, "-s", "127.0.0.1", "-f", str(file))[:2] == (0, "out[show a]\nout[show b]\n")
    assert rcc(sshd, known_hosts, "-s", "127.0.0.1", stdin="show a\n")[:2] == (0, "out[show a]\n")


def test_several_switches(sshd: Sshd, known_hosts: Path) -> None:
    known_hosts.write_text(
        known_hosts.read_text() + known_hosts.read_text().replace("127.0.0.1", "localhost")
    )
    both = "-s", "127.0.0.1", "-s", "localhost"
    assert rcc(sshd, known_hosts, *both, "-c", "show a")[:2] == (
        0,
        "== 127.0.0.1 ==\nout[show a]\n== localhost ==\nout[show a]\n",
    )
    code, out, _ = rcc(sshd, known_hosts, *both, "-s", "127.0.0.9", "-c", "show a;fail", "--json", "--strict")
    first, second, unknown = map(json.loads, out.splitlines())
    assert code == 255
    assert (first["switch"], second["switch"]) == ("127.0.0.1", "localhost")
    assert first["answers"][0] == {"command": "show a", "success": True, "mode": 1, "text": "out[show a]\n"}
    assert first["answers"][1]["success"] is False
    assert unknown["error"]["code"] == "unreachable"


def test_exit_codes(sshd: Sshd, known_hosts: Path, standin: StandIn) -> None:
    assert rcc(sshd, known_hosts, "-c", "show a")[0] == 255
    assert rcc(sshd, known_hosts, "-s", "127.0.0.1", "-c", "fail")[0] == 0
    assert rcc(sshd, known_hosts, "-s", "127.0.0.1", "-c", "fail", "--strict")[0] == 1
    code, out, err = rcc(sshd, known_hosts, "-s", "127.0.0.1", "-c", "show a", password="wrong-one")
    assert (code, out) == (255, "")
    assert "wrong-one" not in err
    standin.lines.clear()
    code, _, err = rcc(sshd, known_hosts, "-s", "127.0.0.1", "-c", f"show a;{'x' * 5000}")
    assert (code, err, standin.lines) == (255, "rcc: Command is too long!\n", [])
    assert rcc(sshd, known_hosts, "-s", "127.0.0.1", "-f", "/nonexistent")[0] == 255
    code, out, _ = rcc(sshd, known_hosts, "-h")
    assert code == 0
    assert PASSWORD not in out
    assert rcc(sshd, known_hosts, "-p", PASSWORD, "-s", "127.0.0.1", "-c", "show a", password=None)[0] == 0
