"""The `cli` program: on a terminal as a person uses it, and fed by a script."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_cli import editing, pager
from connetos_sdk import Switch
from connetos_sdk.lab import Lab


@pytest.fixture
def socket_path(memory_lab: Lab, switch: Switch) -> Path:
    return memory_lab.switch("leaf1").directory / "run" / "cli.sock"


def command(path: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "connetos_cli", "--socket", str(path), *arguments]


class Terminal:
    """The program on a pseudo-terminal."""

    def __init__(self, path: Path) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.execv(sys.executable, command(path))
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def until(self, text: str) -> str:
        end = time.monotonic() + 20
        while text not in self.plain():
            assert time.monotonic() < end, f"{text!r} never came; shown: {self.plain()[-2000:]!r}"
            if select.select([self.descriptor], [], [], 0.2)[0]:
                self.shown += os.read(self.descriptor, 65536).decode(errors="replace")
                if "\x1b[6n" in self.shown:  # the program asks where the cursor is
                    self.shown = self.shown.replace("\x1b[6n", "")
                    self.type("\x1b[1;1R")
        return self.plain()

    def plain(self) -> str:
        return re.sub(r"\x1b[\[(][0-9;?]*[A-Za-z]|\r", "", self.shown)

    def clear(self) -> None:
        self.shown = ""


@pytest.fixture
def terminal(socket_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(socket_path)
    yield terminal
    os.close(terminal.descriptor)
    os.waitpid(terminal.pid, 0)


def test_a_session_on_a_terminal(terminal: Terminal, switch: Switch) -> None:
    terminal.until("Welcome to switch CLI shell.")
    terminal.until("leaf1>")
    terminal.type("show ?")
    assert "  vlan-interface                VLAN interfaces" in terminal.until("VLANs and their ports")
    terminal.clear()
    terminal.type("vlans\r")
    terminal.until("untagged   te-1/1/1,")
    terminal.clear()
    terminal.type("conf\t")
    terminal.until("configure")
    terminal.type("\r")
    terminal.until("leaf1#")
    terminal.type("set vlans vlan-id 10 vlan-n web\r")  # the blank after vlan-n completes the word
    terminal.type("commit\r")
    terminal.until("Commit OK.")
    assert switch.config("vlans") == {"vlan-id": {"10": {"vlan-name": "web"}}}
    terminal.type("exit\r")
    terminal.until("Leave configuration mode.")


def test_the_terminal_is_known_and_lent_to_ssh(terminal: Terminal) -> None:
    terminal.until("leaf1>")
    terminal.type("show cli information\r")
    shown = terminal.until("Terminal type")
    assert "Screen size(w x h) : 100 x 30" in shown
    terminal.until("vt100")
    terminal.clear()
    terminal.type("ssh 127.0.0.253\r")
    terminal.until("host 127.0.0.253")  # ssh itself says that nobody is there, or asks about the key
    terminal.clear()
    terminal.type("\r")
    terminal.until("leaf1>")


def test_ssh_needs_a_terminal_and_an_address(socket_path: Path) -> None:
    for line, reason in (("ssh 127.0.0.253", "it needs a terminal"), ("telnet -l", "is no IP address")):
        done = subprocess.run(
            command(socket_path, "-c", line), capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 1
        assert reason in done.stderr


def test_lines_from_a_script(socket_path: Path) -> None:
    done = subprocess.run(
        command(socket_path), input="configure\nset vlans vlan-id 10\nshow vlans vlan-id 10\nexit discard\nexit\n",
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert 'vlan-name: "default"' in done.stdout
    done = subprocess.run(
        command(socket_path, "-c", "show nothing"), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not recognized" in done.stderr


def test_a_reader_that_has_enough(socket_path: Path) -> None:
    line = " ".join(command(socket_path, "-c", "'show vlans'", "-c", "'show version'"))
    done = subprocess.run(["sh", "-c", f"{line} | true"], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_no_agent_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path / "none.sock", "-c", "show version"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "is it running, and are you root or a user of the switch?" in done.stderr


def test_what_completion_adds() -> None:
    assert editing.addition("sh", [("show", "")]) == "ow "
    assert editing.addition("set vl", [("vlans", ""), ("vlan-interface", "")]) == "an"
    assert editing.addition("set x ", [("<name>", "a name")]) == ""
    assert editing.addition("te-1/1/1", [("te-1/1/1", ""), ("te-1/1/12", "")]) == ""


@pytest.mark.parametrize(
    ("keys", "last"),
    [
        ("q", 9),
        ("jq", 10),
        (" q", 18),
        ("dq", 13),
        ("N", 30),
        ("G", 30),
        ("  kq", 26),
        ("  gq", 9),
        ("hq", 9),
    ],
)
def test_the_pagers_documented_keys(keys: str, last: int) -> None:
    written: list[str] = []
    pressed = iter(keys)
    text = "".join(f"line {n}\n" for n in range(1, 31))
    pager.page(text, 10, write=written.append, read_key=lambda: next(pressed))
    numbers = [int(n) for n in re.findall(r"line (\d+)", "".join(written))]
    assert numbers[-1] == last
    assert numbers[:9] == list(range(1, 10))


def test_what_fits_is_not_paged() -> None:
    written: list[str] = []
    pager.page("a\nb\n", 10, write=written.append, read_key=lambda: pytest.fail("no key is needed"))
    assert "".join(written) == "a\nb\n"
