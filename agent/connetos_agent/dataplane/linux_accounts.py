"""The switch's users as Linux accounts, on a machine that is the switch's own.

Made and changed with the system's tools (useradd, usermod, chpasswd, userdel), which keep the locks and the order of
passwd(5), shadow(5) and group(5); read back from those files. An account is the switch's when its primary group is
`connetos`; no other is ever touched.
"""

from __future__ import annotations

import pwd
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from connetos_agent.dataplane.accounts import AccountsDriver
from connetos_agent.dataplane.base import TIMEOUT, DriverError, ObjectKey, Step
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.host import Account

GROUP = "connetos"
"""Primary group of the switch's users: says that an account is ours."""
ADMINISTRATORS = "connetos-admin"
"""Also the group of those of class super-user."""
COMMENT = "ConnetOS switch user"
SHELLS = ("/usr/lib/connetos/shell", "/bin/bash")
"""Login shell: that of the Debian package, which is the command line; else the machine's."""
TOOLS = ("useradd", "usermod", "userdel", "chpasswd", "groupadd")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_ETC = Path("/etc")


class LinuxAccountsDriver(AccountsDriver):
    """The table of users that logins are checked against, and a Linux account for each."""

    def open(self) -> None:
        """See `Driver.open`: the groups are made once."""
        missing = [tool for tool in TOOLS if shutil.which(tool, path=_PATH) is None]
        if missing:
            raise DriverError(f"{', '.join(missing)} isn't installed (Debian package passwd)")
        for group in (GROUP, ADMINISTRATORS):
            if group not in _table("group"):  # the Debian package has made the first
                _run("groupadd", "--system", group)

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`."""
        passwd = _table("passwd")
        return {target: reason for target in wanted if (reason := _foreign(target.key, passwd))}

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`."""
        ours = [name for name, fields in _table("passwd").items() if _is_ours(fields)]
        return list({*super().present(), *(ObjectKey("account", name) for name in ours)})

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`: what both the table and Linux have; where they differ, what Linux has."""
        known = super().observe(targets)
        passwd, shadow, groups = _table("passwd"), _table("shadow"), _table("group")
        found: dict[ObjectKey, State | None] = {}
        for target in targets:
            real = _account(target.key, passwd, shadow, groups)
            found[target] = real if known[target] is not None else None
            if known[target] is None and real is not None:
                found[target] = Account("", "")  # there, but unknown to the table
        return found

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`."""
        for step in steps:
            user = step.target.key
            entry = _table("passwd").get(user)
            if entry is not None and not _is_ours(entry):
                raise DriverError(_foreign(user, {user: entry}))
            if isinstance(step.want, Account):
                self._bring(user, step.want, exists=entry is not None)
            elif entry is not None:
                _run("userdel", "--force", user)
            super().apply([step])

    @staticmethod
    def _bring(user: str, want: Account, *, exists: bool) -> None:
        shell = next((shell for shell in SHELLS if Path(shell).exists()), "/bin/sh")
        groups = ADMINISTRATORS if want.user_class == "super-user" else ""
        if exists:
            _run("usermod", "--groups", groups, user)
        else:
            _run(
                "useradd", "--no-user-group", "--gid", GROUP, "--groups", groups, "--comment", COMMENT,
                "--create-home", "--shell", shell, user,
            )  # fmt: skip
        # On standard input: an argument can be read by everybody on the machine.
        _run("chpasswd", "--encrypted", stdin=f"{user}:{want.password_hash or '!'}\n")


def _account(
    user: str,
    passwd: Mapping[str, list[str]],
    shadow: Mapping[str, list[str]],
    groups: Mapping[str, list[str]],
) -> Account | None:
    entry = passwd.get(user)
    if entry is None or not _is_ours(entry):
        return None
    members = groups.get(ADMINISTRATORS, ["", "", "", ""])[3].split(",")
    hashed = shadow.get(user, ["", "!"])[1]
    return Account("super-user" if user in members else "read-only", hashed if hashed.startswith("$") else "")


def _is_ours(entry: Sequence[str]) -> bool:
    return entry[3] == _table("group").get(GROUP, ["", "", "no group"])[2]


def _foreign(user: str, passwd: Mapping[str, list[str]]) -> str:
    """Why `user` can't be an account of the switch; empty if it can."""
    if user in passwd:
        return (
            ""
            if _is_ours(passwd[user])
            else f"{user} is an account of the machine itself: choose another name"
        )
    try:
        pwd.getpwnam(user)
    except KeyError:
        return ""
    return f"{user} is an account that the machine knows from elsewhere: choose another name"


def _table(name: str) -> dict[str, list[str]]:
    """The entries of /etc/`name` by their first field."""
    try:
        lines = (_ETC / name).read_text("utf-8", "surrogateescape").splitlines()
    except OSError as error:
        raise DriverError(f"/etc/{name} can't be read: {error.strerror}") from error
    entries = (line.split(":") for line in lines)
    return {fields[0]: fields for fields in entries if len(fields) >= 4}


def _run(*command: str, stdin: str = "") -> None:
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, errors="replace", timeout=TIMEOUT,
            env={"PATH": _PATH, "LC_ALL": "C.UTF-8"}, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DriverError(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DriverError(f"{command[0]} failed: {said[-1] if said else f'code {done.returncode}'}")
