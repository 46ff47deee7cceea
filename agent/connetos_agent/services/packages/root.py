"""The Debian system whose packages are managed: the switch itself, or a directory that holds one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.errors import PackageError

QUERY_SECONDS = 120.0
MAX_OUTPUT_BYTES = 8 * 1024 * 1024
WORK = "/var/cache/connetos/packages"
"""Where files for apt lie, inside the root: uploads, and packages from before a transaction."""
SYSTEMD = Path("/run/systemd/system")
"""There where systemd runs (sd_booted(3))."""
BEFORE = "before"
UPLOADS = "uploads"
BUNDLES = "bundles"
"""Directories below `WORK`."""
IMAGES = "/var/upgrade"
"""Where switch packages (`switch_*.deb`) lie."""
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
    "NEEDRESTART_SUSPEND": "1",
}
"""All that programs are given: nothing of the agent's own environment, and nobody is asked anything."""


@dataclass(frozen=True)
class Root:
    """`path` is `/` on a switch; elsewhere programs run in it with chroot(8)."""

    path: Path

    @property
    def whole_system(self) -> bool:
        """Whether it is the system that the agent itself runs on."""
        return self.path == Path("/")

    def outside(self, inside: str) -> Path:
        """Where the absolute path `inside` is for this process."""
        return self.path / inside.lstrip("/")

    def command(self, argv: Sequence[str]) -> list[str]:
        """The argument vector that runs `argv` in the root."""
        return list(argv) if self.whole_system else ["chroot", str(self.path), *argv]

    def directory(self, *parts: str) -> Path:
        """A directory below `WORK`, made if it isn't there; apt's user may read it."""
        found = self.outside("/".join((WORK, *parts)))
        found.mkdir(mode=0o755, parents=True, exist_ok=True)
        return found

    def free_bytes(self, inside: str = "/") -> int:
        """Free space of the file system that holds `inside`."""
        place = os.statvfs(self.outside(inside))
        return place.f_bavail * place.f_frsize

    def query(
        self, argv: Sequence[str], *, seconds: float = QUERY_SECONDS, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the root to its end; what it prints is bounded.

        Raises:
            PackageError: it isn't there, or takes too long.
        """
        try:
            done = subprocess.run(
                self.command(argv), env={**ENVIRONMENT, **(extra or {})}, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=seconds, check=False, cwd="/",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise PackageError(f"{argv[0]} took longer than {seconds:.0f} s") from None
        except OSError as error:
            raise PackageError(f"{argv[0]} can't be run in {self.path}: {error.strerror}") from error
        out, err = (data[:MAX_OUTPUT_BYTES].decode("utf-8", "replace") for data in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)
