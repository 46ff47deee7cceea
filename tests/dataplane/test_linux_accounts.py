"""The switch's users as Linux accounts: the real tools, in a mount namespace with an /etc of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.root

AT_HOME = """\
set -e
mount --bind "$1/etc" /etc
mount --bind "$1/home" /home
mount -t tmpfs none /var/mail
shift
exec "$@"
"""

PRELUDE = """\
import json, sys, os, subprocess
from pathlib import Path
from connetos_agent.config.secrets import hash_password
from connetos_agent.dataplane import linux_accounts
from connetos_agent.dataplane.base import DriverError, ObjectKey, Step
from connetos_agent.dataplane.linux_accounts import LinuxAccountsDriver
from connetos_agent.dataplane.states.host import Account

driver = LinuxAccountsDriver()
driver.open()

def account(user, want):
    target = ObjectKey("account", user)
    have = driver.observe([target])[target]
    driver.apply([Step("accounts", target, have, want)])
    return driver.observe([target])[target]

def lines(name, user):
    return [line for line in Path("/etc", name).read_text().splitlines() if line.startswith(user + ":")]

def groups(user):
    return sorted(subprocess.run(["id", "-nG", user], capture_output=True, text=True).stdout.split())

told = {}
"""

Run = Callable[[str], Any]


@pytest.fixture
def at_home(tmp_path: Path) -> Run:
    """Runs Python where /etc and /home are copies; what it leaves in `told` is returned."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "home").mkdir()
    subprocess.run(["cp", "-a", "/etc/.", str(tmp_path / "etc")], check=True, timeout=60)
    before = {name: Path("/etc", name).read_bytes() for name in ("passwd", "shadow", "group")}

    def run(code: str) -> Any:
        script = f"{PRELUDE}{code}\nprint(json.dumps(told))\n"
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", AT_HOME, "sh", str(tmp_path),
             sys.executable, "-"],
            input=script, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert before == {name: Path("/etc", name).read_bytes() for name in before}
        return json.loads(done.stdout)

    return run


def test_a_user_gets_an_account_with_groups_of_its_class_and_its_password(at_home: Run) -> None:
    told = at_home("""
hashed = hash_password("open sesame")
told["same"] = account("netops", Account("super-user", hashed)) == Account("super-user", hashed)
told["groups"], told["home"] = groups("netops"), os.path.isdir("/home/netops")
told["shadow"] = lines("shadow", "netops")[0].split(":")[1] == hashed
told["passwd"] = lines("passwd", "netops")[0].split(":")[4:]
told["viewer"] = account("netops", Account("read-only", "")) == Account("read-only", "")
told["viewer groups"], told["locked"] = groups("netops"), lines("shadow", "netops")[0].split(":")[1]
""")
    assert told["same"]
    assert told["viewer"]
    assert told["shadow"]
    assert told["home"]
    assert told["groups"] == ["connetos", "connetos-admin"]
    assert told["passwd"] == ["ConnetOS switch user", "/home/netops", "/bin/bash"]
    assert told["viewer groups"] == ["connetos"]
    assert told["locked"] == "!"


def test_a_user_that_is_deleted_has_no_account_any_more_but_its_files(at_home: Run) -> None:
    told = at_home("""
account("netops", Account("super-user", hash_password("x")))
Path("/home/netops/notes").write_text("kept")
told["gone"] = account("netops", None) is None
told["left"] = [lines(name, "netops") for name in ("passwd", "shadow")]
told["files"] = os.path.exists("/home/netops/notes")
told["known"] = driver.find("netops") is not None
""")
    assert told == {"gone": True, "left": [[], []], "files": True, "known": False}


@pytest.mark.parametrize("user", ["root", "daemon", "sshd-like"])
def test_accounts_of_the_machine_are_never_touched(at_home: Run, user: str) -> None:
    told = at_home(f"""
user = {user!r}
if user == "sshd-like":
    subprocess.run(["useradd", "--system", user], check=True)
before = [Path("/etc", name).read_bytes() for name in ("passwd", "shadow", "group")]
target = ObjectKey("account", user)
told["refused"] = driver.refuse({{target: Account("super-user", "")}}).get(target)
for want in (Account("super-user", hash_password("x")), None):
    try:
        driver.apply([Step("accounts", target, None, want)])
        told["done"] = True
    except DriverError as error:
        told["error"] = str(error)
told["same"] = before == [Path("/etc", name).read_bytes() for name in ("passwd", "shadow", "group")]
told["present"] = target in driver.present()
""")
    reason = f"{user} is an account of the machine itself: choose another name"
    assert told == {"refused": reason, "error": reason, "same": True, "present": False}


def test_what_somebody_else_changed_is_seen_and_put_right(at_home: Run) -> None:
    told = at_home("""
want = Account("super-user", hash_password("x"))
account("netops", want)
target = ObjectKey("account", "netops")
subprocess.run(["usermod", "--groups", "", "--lock", "netops"], check=True)
told["seen"] = driver.observe([target])[target] != want
told["right"] = account("netops", want) == want
subprocess.run(["userdel", "netops"], check=True)
told["missing"] = driver.observe([target])[target] is None
told["back"] = account("netops", want) == want
""")
    assert told == {"seen": True, "right": True, "missing": True, "back": True}


def test_another_agent_finds_the_accounts_of_the_one_before(at_home: Run) -> None:
    told = at_home("""
account("netops", Account("super-user", hash_password("x")))
account("old", Account("read-only", ""))
driver = LinuxAccountsDriver()
driver.open()
told["present"] = sorted(target.key for target in driver.present())
want = Account("read-only", hash_password("y"))
told["taken"] = account("netops", want) == want
told["gone"] = account("old", None) is None and not lines("passwd", "old")
""")
    assert told == {"present": ["netops", "old"], "taken": True, "gone": True}


def test_no_hash_is_ever_an_argument(at_home: Run) -> None:
    told = at_home("""
real, seen = subprocess.run, []
def watched(command, *args, **kwargs):
    seen.append(list(command))
    return real(command, *args, **kwargs)
linux_accounts.subprocess.run = watched
hashed = hash_password("open sesame")
account("netops", Account("super-user", hashed))
told["programs"] = [command[0] for command in seen]
told["in arguments"] = any(hashed in word for command in seen for word in command)
""")
    assert told == {"programs": ["useradd", "chpasswd"], "in arguments": False}


def test_what_a_tool_refuses_is_told(at_home: Run) -> None:
    told = at_home("""
os.rename("/etc/shadow", "/etc/shadow.away")
try:
    account("netops", Account("super-user", ""))
except DriverError as error:
    told["error"] = str(error)
""")
    assert "shadow" in told["error"]


def test_a_whole_agent_on_a_dedicated_machine(at_home: Run, tmp_path: Path) -> None:
    told = at_home(f"""
import asyncio
from connetos_agent import settings
from connetos_agent.config.commit import CommitOptions
from connetos_agent.config.sessions import Caller
from connetos_agent.daemon import Agent
from connetos_sdk.errors import ConnetosError
from connetos_sdk.model import setlines

file = Path({str(tmp_path / "agent.toml")!r})
file.write_text('state-directory = "{tmp_path}/state"\\nrun-directory = "{tmp_path}/run"\\ndataplane = "memory"\\n'
                '[host]\\ndedicated = true\\nreboot-command = ["touch", "{tmp_path}/rebooted"]\\n')

async def main():
    agent = Agent(settings.load(file))
    await agent.start()
    caller = Caller("root", "super-user", "test")
    async def commit(*lines):
        edits = [edit for line in lines for edit in setlines.parse_line(line)]
        await agent.manager.change(caller, lambda d: setlines.apply_edits(d, edits), CommitOptions())
    await commit("set system login user netops authentication plain-text-password sesame-1",
                 "set system timezone Europe/Oslo")
    told["netops"], told["zone"] = groups("netops"), [os.readlink("/etc/localtime"), Path("/etc/timezone").read_text()]
    try:
        await commit("set system login user root class read-only")
    except ConnetosError as error:
        told["root"] = error.reason
    await commit("delete system login user netops")
    told["after"] = lines("passwd", "netops")
    await agent.operations.call(caller, "reboot", {{}})
    for _ in range(500):
        if Path({str(tmp_path / "rebooted")!r}).exists():
            told["rebooted"] = True
            break
        await asyncio.sleep(0.02)
    await agent.stop()

asyncio.run(main())
""")
    assert told["netops"] == ["connetos", "connetos-admin"]
    assert told["zone"] == ["/usr/share/zoneinfo/Europe/Oslo", "Europe/Oslo\n"]
    assert told["root"] == "accounts: root is an account of the machine itself: choose another name"
    assert told["after"] == []
    assert told["rebooted"]
