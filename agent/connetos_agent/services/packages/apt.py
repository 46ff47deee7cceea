"""apt's argument vectors, its progress, and its reasons when it can't."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from connetos_agent.services.packages.root import ENVIRONMENT, Root
from connetos_sdk.errors import PackageError

LOCK_SECONDS = 60
"""How long dpkg's and apt's locks are waited for."""
GET = (
    "apt-get", "--assume-yes", "--quiet",
    "-o", "APT::Cmd::Pattern-Only=true",  # a name is a name: apt-get would take `li.c.` for a regular expression
    "-o", "APT::Get::Show-User-Simulation-Note=false",
    "-o", "APT::Color=false",
    "-o", "Acquire::Retries=2",
    "-o", "Acquire::http::Timeout=30",
    "-o", "Acquire::https::Timeout=30",
)  # fmt: skip
CHANGE = (
    "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}",
    "-o", "Dpkg::Options::=--force-confdef",
    "-o", "Dpkg::Options::=--force-confold",
    "-o", "Dpkg::Use-Pty=false",
)  # fmt: skip
SIMULATE = ("--simulate", "-o", "Dir::Log::Planner=/dev/null")
"""Asks what would be done; apt would write and compress a record of the question, which takes as long as the answer."""
FOREIGN = "/var/lib/dpkg/arch"
"""dpkg's architectures, if there are any beside its own."""
MAX_LINE = 400
MAX_REASONS = 8
_UNMET = "The following packages have unmet dependencies:"
_ERROR = re.compile(r"^(?:E|Err(?::[0-9]+)?|dpkg|W): ?(.*)")


def architectures(root: Root) -> list[str]:
    """Options for apt that tell it the architectures there are; it would run dpkg each time to ask."""
    with contextlib.suppress(OSError):
        listed = root.outside(FOREIGN).read_text("ascii").split()
        return ["-o", f"APT::Architectures={','.join(listed)}"]
    return ["-o", f"APT::Architectures={_native(root)}"]


@functools.cache
def _native(root: Root) -> str:
    return root.query(["dpkg", "--print-architecture"]).stdout.strip()


@dataclass(frozen=True)
class Status:
    """One report of apt: `kind` is dlstatus, pmstatus, pmerror or pmconffile; percent of that part."""

    kind: str
    about: str
    percent: float
    text: str


def parse_status(line: str) -> Status | None:
    """A line of APT::Status-Fd (`kind:about:percent:text`); None for anything else."""
    parts = line.split(":", 3)
    if len(parts) < 4 or parts[0] not in ("dlstatus", "pmstatus", "pmerror", "pmconffile"):
        return None
    about, rest = parts[1], parts[2:]
    if not _is_number(rest[0]):  # `name:architecture` has a colon of its own
        split = rest[1].split(":", 1)
        if len(split) < 2 or not _is_number(split[0]):
            return None
        about, rest = f"{about}:{rest[0]}", split
    return Status(parts[0], about[:MAX_LINE], min(100.0, max(0.0, float(rest[0]))), rest[1][:MAX_LINE])


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) is not None


def failure(output: str, what: str, reasons: Sequence[str] = ()) -> PackageError:
    """The error that apt's output tells of."""
    found = list(dict.fromkeys([*reasons, *_unmet(output), *_errors(output)]))
    hidden = (
        "Sub-process ",
        "Some index files failed",
        "Unable to correct problems",
        "error processing archive",
    )
    told = [reason for reason in found if not any(word in reason for word in hidden)] or found
    told = told or [line.strip() for line in output.splitlines() if line.strip()][-3:]
    text = "; ".join(reason[:MAX_LINE].rstrip(". ") for reason in told[:MAX_REASONS])
    return PackageError(f"{what}: {text or 'no reason was given'}", hint=_hint(output + text))


def _errors(output: str) -> Iterator[str]:
    fetching = ""
    for line in output.splitlines():
        if fetching and line.startswith("  "):
            yield f"{fetching}: {line.strip()}"
        fetching = ""
        if line.startswith("Err:"):
            fetching = line.partition(" ")[2].strip()
        elif line.startswith(("E: ", "dpkg: error", "dpkg-deb: error", "W: GPG")):
            yield re.sub(r"^(E|W|dpkg|dpkg-deb): (error: )?", "", line).strip()


def _unmet(output: str) -> Iterator[str]:
    """The lines below "unmet dependencies", each in one piece."""
    told = False
    for line in output.splitlines():
        if line.strip() == _UNMET:
            told = True
        elif told and line.startswith(" "):
            yield re.sub(r"\s+", " ", line).strip()
        else:
            told = False


def _hint(text: str) -> str:
    hints = {
        "Unable to locate package": "update the package lists, or look for its name with search",
        "is not signed": "give the repository's key with repositories/add",
        "NO_PUBKEY": "give the repository's key with repositories/add",
        "not valid yet": "is the switch's clock right?",
        "is expired": "the repository hasn't been renewed; is the switch's clock right?",
        "No space left": "remove packages, or old uploads",
        "Held packages": "unhold them first",
        "downgraded": "allow it with downgrade",
        "trying to overwrite": "two packages have the same file; remove the other one first",
        "but it is not": "a repository with that package is needed",
        "but it is not installable": "a repository with that package is needed",
    }
    return next((hint for words, hint in hints.items() if words in text), "")


Told = Callable[[Status | str], None]
"""Gets each status and each line of output."""


def run(
    root: Root, argv: Sequence[str], told: Told, *, seconds: float, extra: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run apt-get or dpkg with its progress told; its exit code and the end of its output.

    It has no terminal and no input. After `seconds` it is killed with all that it started.

    Raises:
        PackageError: it can't be run, or took too long.
    """
    status_read, status_write = os.pipe()
    command = (
        [argv[0], "-o", f"APT::Status-Fd={status_write}", *argv[1:]] if argv[0] == "apt-get" else list(argv)
    )
    try:
        process = subprocess.Popen(
            root.command(command), env={**ENVIRONMENT, **(extra or {})}, stdin=subprocess.DEVNULL, cwd="/",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[status_write], start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        os.close(status_read)
        raise PackageError(f"{argv[0]} can't be run in {root.path}: {error.strerror}") from error
    finally:
        os.close(status_write)
    with os.fdopen(status_read, "rb") as status:
        return _follow(process, status, told, seconds, argv[0])


MAX_TAIL = 64 * 1024
EXIT_SECONDS = 2.0


def _follow(
    process: subprocess.Popen[bytes], status: IO[bytes], told: Told, seconds: float, name: str
) -> tuple[int, str]:
    """Read output and status until the program has ended, even where a daemon it started keeps them open."""
    deadline = time.monotonic() + seconds
    tail = ""
    ended = os.pidfd_open(process.pid)
    assert process.stdout is not None  # noqa: S101 - asked for above
    streams: dict[int, tuple[bool, bytearray]] = {
        process.stdout.fileno(): (False, bytearray()), status.fileno(): (True, bytearray())
    }  # fmt: skip
    try:
        with selectors.DefaultSelector() as selector:
            for descriptor in (*streams, ended):
                selector.register(descriptor, selectors.EVENT_READ)
            over = False
            while not over:
                ready = _ready(selector, deadline)
                over = ready == {ended} or not selector.get_map()
                for descriptor in ready - {ended}:
                    data = os.read(descriptor, 65536)
                    if not data:
                        selector.unregister(descriptor)
                    for line in _lines(streams[descriptor][1], data):
                        if not streams[descriptor][0]:
                            tail = (tail + line + "\n")[-MAX_TAIL:]
                            told(line[:MAX_LINE])
                        elif (parsed := parse_status(line)) is not None:
                            told(parsed)
        return process.wait(), tail
    except TimeoutError:
        _kill(process)
        raise PackageError(f"{name} took longer than {seconds:.0f} s and was ended") from None
    except BaseException:
        _kill(process)
        raise
    finally:
        os.close(ended)
        process.stdout.close()


def _ready(selector: selectors.BaseSelector, deadline: float) -> set[int]:
    ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
    if not ready:
        raise TimeoutError
    return ready


def _lines(pending: bytearray, data: bytes) -> list[str]:
    pending += data
    *whole, rest = re.split(rb"[\r\n]+", bytes(pending))
    pending[:] = rest[:MAX_TAIL] if data else b""
    return [line.decode("utf-8", "replace") for line in (whole if data else [*whole, rest]) if line.strip()]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def deb822(text: str) -> list[dict[str, str]]:
    """All paragraphs of control data."""
    from connetos_agent.services.packages.dpkg import paragraph

    return [paragraph(part) for part in re.split(r"\n[ \t]*\n", text) if part.strip()]


def search(root: Root, words: str, limit: int) -> list[dict[str, str]]:
    """Packages whose name or description has `words`."""
    pattern = re.sub(r"([.+*?^$()\[\]{}|\\])", r"\\\1", words)
    done = root.query(["apt-cache", "search", "--", pattern])
    if done.returncode:
        raise failure(done.stdout + done.stderr, "apt can't search")
    rows = (line.partition(" - ") for line in done.stdout.splitlines())
    return [{"name": name, "description": text} for name, _, text in rows][:limit]


def show(root: Root, name: str) -> dict[str, Any]:
    """What repositories and dpkg say about one package."""
    policy = root.query(["apt-cache", "policy", "--", name]).stdout
    records = deb822(root.query(["apt-cache", "show", "--no-all-versions", "--", name]).stdout)
    record = records[0] if records else {}
    if not record and "Installed:" not in policy:
        raise PackageError(f"there is no package {name}", hint=_hint("Unable to locate package"))
    versions = re.findall(r"^ (?:\*\*\*|   ) (\S+) -?[0-9]+$", policy, re.MULTILINE)
    size = record.get("Installed-Size", "0")
    return {
        "name": name,
        "installed": _policy(policy, "Installed"),
        "candidate": _policy(policy, "Candidate"),
        "versions": versions[:100],
        "section": record.get("Section", ""),
        "maintainer": record.get("Maintainer", ""),
        "homepage": record.get("Homepage", ""),
        "depends": record.get("Depends", ""),
        "installed_bytes": int(size) * 1024 if size.isdigit() else 0,
        "description": (record.get("Description-en") or record.get("Description", ""))[:4000],
    }


def _policy(text: str, label: str) -> str | None:
    found = re.search(rf"^  {label}: (\S+)$", text, re.MULTILINE)
    return None if found is None or found[1] == "(none)" else found[1]
