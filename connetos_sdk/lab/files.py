"""Where a lab keeps its files, who may read them, and who is working on it right now."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connetos_sdk.lab.errors import LabBusyError, LabError

# sockaddr_un holds 108 bytes; the longest name that is made below a switch's directory.
_UNIX_PATH_BYTES = 107
_LONGEST_SOCKET = "run/agent.sock.12345"
# How long to wait for a lock whose holder is dead or has not said who it is.
_LOCK_SECONDS = 1.0


@dataclass(frozen=True)
class SwitchFiles:
    """The files of one switch, all below `directory`."""

    directory: Path

    @property
    def state(self) -> Path:
        """What survives a reboot of the switch."""
        return self.directory / "state"

    @property
    def run(self) -> Path:
        """What a reboot of the switch deletes."""
        return self.directory / "run"

    @property
    def startup_config(self) -> Path:
        """The configuration the switch starts with."""
        return self.state / "config" / "connetos.boot"

    @property
    def certificate(self) -> Path:
        """The certificate that the agent made for itself."""
        return self.state / "tls" / "certificate.pem"

    @property
    def agent_config(self) -> Path:
        """The agent's own settings."""
        return self.directory / "agent.toml"

    @property
    def uts(self) -> Path:
        """The mount that keeps the switch's UTS namespace (its hostname)."""
        return self.directory / "uts"

    @property
    def ovs_database(self) -> Path:
        """Open vSwitch's database file."""
        return self.directory / "conf.db"

    @property
    def ovs_socket(self) -> Path:
        """The socket of ovsdb-server."""
        return self.directory / "db.sock"

    @property
    def ovs_control(self) -> Path:
        """The unixctl socket of ovs-vswitchd."""
        return self.directory / "vs.ctl"


def labs_root() -> Path:
    """Return the directory that holds this user's labs; it need not exist."""
    if os.geteuid() == 0:
        return Path("/run/connetos-lab")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "connetos-lab"
    return Path(f"/tmp/connetos-lab-{os.geteuid()}")  # noqa: S108 - owner and mode are checked


def private_directory(path: Path) -> None:
    """Create `path` with mode 0700, or check that the existing one is ours alone.

    Raises:
        LabError: somebody else owns it, or it is not a directory; using it would hand out passwords.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise LabError(f"{path} is not a directory", "remove it")
    if status.st_uid != os.geteuid():
        raise LabError(f"{path} belongs to user {status.st_uid}", "remove it, or set XDG_RUNTIME_DIR")
    if stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(0o700)


def check_socket_paths(directory: Path) -> None:
    """Make sure that unix sockets fit below a switch's directory.

    Raises:
        LabError: the directory's name is too long for a socket address.
    """
    longest = directory / _LONGEST_SOCKET
    if len(os.fsencode(longest)) > _UNIX_PATH_BYTES:
        raise LabError(
            f"{directory} is too long a path for unix sockets", "set XDG_RUNTIME_DIR to a shorter one"
        )


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that a reader sees either the old or the new text."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document with mode 0600, replacing the file in one step."""
    write_private(path, json.dumps(document, indent=2) + "\n")


def tail(path: Path, lines: int = 15) -> str:
    """Return the last `lines` lines of a log, or "" when there is none."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - 16384))
        return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
    return ""


@contextlib.contextmanager
def exclusive(path: Path, lab: str) -> Iterator[None]:
    """Hold a lab's lock. The file is removed by whoever leaves with no lab directory beside it.

    Raises:
        LabBusyError: another process (or thread) holds it.
    """
    descriptor = _locked(path, lab)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        # Removing the file while it is locked is safe: a waiting process notices that it locked a file
        # which is no longer the one in the directory.
        if not path.with_suffix("").exists():
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(path: Path, lab: str) -> int:
    patience = time.monotonic() + _LOCK_SECONDS
    while True:
        private_directory(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # another lab's `down` removed the empty directory just now
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            if _runs(holder) or time.monotonic() > patience:
                os.close(descriptor)
                reason = f"lab {lab} is being changed by process {holder or 'unknown'}"
                raise LabBusyError(reason, "wait until it has finished, then try again") from None
            # Its holder was killed while it forked, and the child lets go of the lock as soon as it becomes
            # another program; or the holder has not written its pid yet.
            time.sleep(0.01)
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _runs(pid: str) -> bool:
    """Tell whether a process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError, IndexError):
        return False
    return state not in ("Z", "X")
