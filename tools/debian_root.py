"""Debian 12 trees for tests and benchmarks, made with mmdebstrap(1) once and kept: `tree()` and `tree(["python3"])`.

Nobody changes a tree; whoever needs one lays an overlay over it. They are in `CONNETOS_DEBIAN_CACHE`, by default
/var/cache/connetos-debian.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(os.environ.get("CONNETOS_DEBIAN_CACHE", "/var/cache/connetos-debian"))
SUITE = "bookworm"
_FORM = b"2"
"""Part of the name, so that trees made otherwise are made anew."""


class DebianError(Exception):
    """A tree can't be made."""


def tree(packages: Sequence[str] = ()) -> Path:
    """A minimal Debian with `packages`, without repositories; made now if it isn't kept.

    Raises:
        DebianError: mmdebstrap failed.
    """
    key = hashlib.sha256("\n".join(packages).encode() + _FORM).hexdigest()[:12]
    made = CACHE / f"{SUITE}-{key}"
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return made
        draft = CACHE / f"{made.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        done = subprocess.run(
            [
                "mmdebstrap", "--variant=minbase", "--mode=root", *([f"--include={','.join(packages)}"] if packages else []),
                '--aptopt=Acquire::Languages "none"', "--dpkgopt=path-exclude=/usr/share/locale/*", SUITE, str(draft),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise DebianError(f"mmdebstrap failed: {done.stderr.strip()[-2000:]}")
        (draft / "etc/apt/sources.list").write_text("")  # tests have repositories of their own
        draft.rename(made)
    return made
