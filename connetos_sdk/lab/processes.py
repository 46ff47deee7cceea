"""Start programs that belong to a lab, recognise them later, and end them.

A lab's processes are known by two environment variables, its name and its directory, never by what they are
called. The environment of a process cannot be mistaken for another one's after a pid was reused, and children
inherit it, so that `down` finds what a crash left behind.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connetos_sdk.lab.errors import CommandError, LabError

LAB_VARIABLE = "CONNETOS_LAB"
DIRECTORY_VARIABLE = "CONNETOS_LAB_DIRECTORY"
ROLE_VARIABLE = "CONNETOS_LAB_ROLE"

# Daemons outlive the shell that started them; of its environment they get only what they need.
_KEPT = ("HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_KEPT_PREFIXES = ("PYTHON", "COVERAGE_", "CONNETOS_AGENT_")
_SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Marker:
    """The sign that every process of a lab carries in its environment."""

    lab: str
    directory: Path

    def variables(self, role: str = "") -> dict[str, str]:
        """Return the variables to set; `role` says what the process is, such as "leaf1/agent"."""
        variables = {LAB_VARIABLE: self.lab, DIRECTORY_VARIABLE: str(self.directory)}
        return {**variables, ROLE_VARIABLE: role} if role else variables

    def daemon_environment(self, role: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the small environment for a process that stays."""
        kept = {
            key: value for key, value in os.environ.items() if key in _KEPT or key.startswith(_KEPT_PREFIXES)
        }
        return {**kept, "PATH": search_path(), **(extra or {}), **self.variables(role)}

    def user_environment(self, role: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the caller's environment with the mark added, for commands that a person runs in a node."""
        return {**os.environ, "PATH": search_path(), **(extra or {}), **self.variables(role)}

    def carried_by(self, pid: int, role: str = "") -> bool:
        """Tell whether a living process carries the mark (and the role, when one is given)."""
        try:
            # A zombie has no environment any more, so it counts as gone.
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        wanted = (f"{key}={value}".encode() for key, value in self.variables(role).items())
        return all(variable in environment for variable in wanted)

    def find(self) -> set[int]:
        """Return every living process that carries the mark."""
        return {pid for pid in all_pids() if self.carried_by(pid)}


def search_path() -> str:
    """Return PATH with the system's directories at the end: `ip` and Open vSwitch live in /usr/sbin."""
    given = [entry for entry in os.environ.get("PATH", "").split(":") if entry]
    return ":".join(dict.fromkeys([*given, *_SYSTEM_PATH]))


def all_pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal()]  # noqa: PTH208 - much faster


def read_pid(path: Path) -> int | None:
    """Return the pid in a pidfile, or None when there is no usable one."""
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None


def run(
    argv: Sequence[str], environment: Mapping[str, str], *, stdin: str = "", timeout: float = 120.0
) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        CommandError: it is not installed, failed, or took longer than `timeout` seconds.
    """
    try:
        result = subprocess.run(
            argv,
            input=stdin,
            env=dict(environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{argv[0]} did not finish within {timeout:g} s") from error
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip() or "it said nothing")[-2000:]
        raise CommandError(f"{' '.join(argv)} failed with code {result.returncode}: {said}")
    return result.stdout


def launch(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    pidfile: Path,
    log: Path,
    directory: Path,
    listen: int,
) -> int:
    """Start a daemon that is nobody's child here, and return its pid.

    The daemon gets the listening socket `listen` as descriptor 3 in the way systemd passes one, its log on
    standard output and error, and `directory` as working directory. The pidfile is there before it runs.

    Raises:
        CommandError: it could not be started.
    """
    launcher = Path(__file__).with_name("_launch.py")
    try:
        result = subprocess.run(
            [sys.executable, "-I", "-S", str(launcher), str(pidfile), str(log), str(listen), *argv],
            env=dict(environment),
            pass_fds=(listen,),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"cannot start {argv[0]}: {error}") from error
    if result.returncode != 0:
        raise CommandError(f"cannot start {argv[0]}: {result.stderr.strip()}")
    return int(result.stdout)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_gone(pid: int, timeout: float) -> bool:
    """Wait until a process has exited, at most `timeout` seconds; it need not be a child of this one."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(max(0, timeout) * 1000))
    finally:
        os.close(descriptor)


def end_all(find: Callable[[], set[int]], *, grace: float) -> int:
    """End every process that `find` returns: SIGTERM, `grace` seconds, SIGKILL. Return how many there were.

    `find` is asked again until it finds nothing, because a process may be starting another one meanwhile.

    Raises:
        LabError: a process survives even SIGKILL.
    """
    spared = ancestors(os.getpid())
    ended: set[int] = set()
    deadline = time.monotonic() + grace
    give_up = deadline + 20
    while found := find() - spared:
        patient = time.monotonic() < deadline
        for pid in found:
            if not patient:
                send_signal(pid, signal.SIGKILL)
            elif pid not in ended:
                send_signal(pid, signal.SIGTERM)
                # A stopped process does not see SIGTERM before it is continued.
                send_signal(pid, signal.SIGCONT)
        ended |= found
        if time.monotonic() > give_up:
            raise LabError(
                f"processes {sorted(found)} do not end", "look at them with ps; run `down` again later"
            )
        for pid in found:
            wait_gone(pid, min(0.2, max(0.02, deadline - time.monotonic())))
    return len(ended)


def ancestors(pid: int) -> set[int]:
    """Return `pid` and the pids of its parents up to the first process."""
    chain: set[int] = set()
    while pid and pid not in chain:
        chain.add(pid)
        try:
            # The name is in parentheses and may contain blanks; the parent is the second word after it.
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return chain


def resident_bytes(pids: Iterable[int | None]) -> int:
    """Return the memory that processes hold in RAM, in bytes; shared pages count for each."""
    total_pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total_pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) if pid else 0
    return total_pages * os.sysconf("SC_PAGE_SIZE")
