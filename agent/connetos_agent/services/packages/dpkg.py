"""What dpkg knows: which packages there are, who holds dpkg's lock."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connetos_agent.services.packages.root import Root
from connetos_sdk.errors import Locked, PackageError

ADMIN = "/var/lib/dpkg"
FRONTEND_LOCK = f"{ADMIN}/lock-frontend"
ADMIN_LOCK = f"{ADMIN}/lock"
ABSENT = ("not-installed", "config-files")
_FLOCK = "hhqqi4x"
"""struct flock of a 64-bit Linux."""
_STATUS_FIELD = re.compile(r"^(Package|Status|Version|Architecture): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """One package as dpkg knows it; `want` and `status` are dpkg's words (`hold`, `half-configured`)."""

    version: str
    status: str
    want: str = "install"

    @property
    def installed(self) -> bool:
        """Whether any of its files but configuration files may be there."""
        return self.status not in ABSENT


Packages = Mapping[str, Package]


def installed(root: Root) -> dict[str, Package]:
    """All packages by name; those of a foreign architecture as `name:architecture`.

    Raises:
        PackageError: dpkg's database can't be read.
    """
    form = "${Package}\t${Architecture}\t${Version}\t${db:Status-Want}\t${db:Status-Status}\n"
    argv = ["dpkg-query", f"--admindir={root.outside(ADMIN)}", "-W", "-f", form]
    done = Root(Path("/")).query(argv)
    if done.returncode not in (0, 1):
        raise PackageError(f"dpkg's database can't be read: {done.stderr.strip()[-300:]}")
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return _by_name([(row[0], row[1], Package(row[2], row[4], row[3])) for row in rows])


def read_status(text: str) -> dict[str, Package]:
    """The same from the text of dpkg's status file, without a process; it may be a moment old."""
    rows = []
    for part in text.split("\n\n"):
        found = dict(_STATUS_FIELD.findall(part))
        words = found.get("Status", "").split()
        if "Package" in found and len(words) == 3:
            package = Package(found.get("Version", ""), words[2], words[0])
            rows.append((found["Package"], found.get("Architecture", ""), package))
    return _by_name(rows)


def _by_name(rows: Sequence[tuple[str, str, Package]]) -> dict[str, Package]:
    """Packages by name; dpkg itself is of the native architecture."""
    native = next((architecture for name, architecture, _ in rows if name == "dpkg"), "")
    return {
        name if architecture in (native, "all", "") else f"{name}:{architecture}": package
        for name, architecture, package in rows
    }


def to_data(packages: Packages) -> dict[str, Any]:
    """JSON form."""
    return {name: asdict(package) for name, package in packages.items()}


def from_data(data: Mapping[str, Any]) -> dict[str, Package]:
    """The opposite of `to_data`."""
    return {name: Package(**package) for name, package in data.items()}


def unfinished(packages: Packages) -> list[str]:
    """Packages whose installation was cut off."""
    return sorted(
        name
        for name, package in packages.items()
        if package.status not in (*ABSENT, "installed", "triggers-awaited", "triggers-pending")
    )


def paragraph(text: str) -> dict[str, str]:
    """The first paragraph of control data; lines that go on are joined with newlines."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if not line.strip():
            if fields:
                break
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line[1:]
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


def newer(root: Root, version: str, than: str) -> bool:
    """Whether `version` is later than `than`, as dpkg orders versions."""
    return root.query(["dpkg", "--compare-versions", version, "gt", than]).returncode == 0


def holder(path: Path) -> str:
    """Who holds a lock file, such as `apt-get (process 812)`; empty if nobody does."""
    try:
        with path.open("r+b") as file:
            told = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except FileNotFoundError:
        return ""
    kind, _, _, _, pid = struct.unpack(_FLOCK, told)
    if kind == fcntl.F_UNLCK:
        return ""
    try:
        name = Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        name = "a process"
    return f"{name} (process {pid})"


@contextmanager
def locked(root: Root, seconds: int) -> Iterator[None]:
    """Hold dpkg's frontend lock; dpkg runs below it with `DPKG_FRONTEND_LOCKED` set. Main thread only.

    Raises:
        Locked: somebody else still holds it, or dpkg's own, after `seconds`; the error says who.
    """
    with root.outside(FRONTEND_LOCK).open("w+b") as frontend:
        _lock(frontend, root.outside(FRONTEND_LOCK), seconds)
        with root.outside(ADMIN_LOCK).open("w+b") as admin:
            _lock(admin, root.outside(ADMIN_LOCK), seconds)
        yield


def _lock(file: Any, path: Path, seconds: int) -> None:
    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(max(1, seconds))
    try:
        fcntl.lockf(file, fcntl.LOCK_EX)
    except TimeoutError:
        raise Locked(
            f"dpkg is in use by {holder(path) or 'somebody'}, for more than {seconds} s",
            hint="try again when that has ended",
        ) from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
