"""What the agent keeps on disk: revisions, the startup configuration, a pending confirmation.

    <state>/revisions/00000012.json      a committed revision: a line each of facts, difference, document
    <state>/revisions/00000013.pending   laid down before the data plane is touched; renaming it commits
    <state>/confirm.json                 until when revision 13 must be confirmed, and what to go back to
    <state>/scheduled.json               a commit that waits for its time
    <state>/config/connetos.boot         the startup configuration

Every file is written beside its place, flushed to the disk and renamed, so a power cut leaves the old one or
the new one, never half of one. A `.pending` file found at start belongs to a commit that didn't end: the
data plane is brought back to the last committed revision.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from connetos_agent import durable
from connetos_sdk.errors import NotFound, StorageFailed
from connetos_sdk.model.tree import Document

log = logging.getLogger(__name__)

KEPT_BEFORE = 49
"""Revisions kept before the running one (spec/cli/limits.yaml: rollback archive entries)."""

STARTUP_NAME = "connetos.boot"


@dataclass(frozen=True)
class Facts:
    """Who made a revision, when, and how. `time` is seconds since 1970, UTC."""

    id: int
    parent: int
    time: float
    user: str
    via: str
    comment: str = ""


@dataclass(frozen=True)
class Confirmation:
    """A commit that rolls back by itself: `revision` at `deadline` (seconds since 1970) to `revert_to`."""

    revision: int
    deadline: float
    revert_to: int
    user: str


@dataclass
class Store:
    """The agent's files below one directory, which it has for itself.

    Args:
        directory: made (mode 0700) when it isn't there.
    """

    directory: Path
    facts: dict[int, Facts] = field(default_factory=dict)
    """Facts of all committed revisions, oldest first."""
    interrupted: list[int] = field(default_factory=list)
    """Ids of commits that didn't end, found at start."""

    def __post_init__(self) -> None:
        self._revisions = self.directory / "revisions"
        self._confirm = self.directory / "confirm.json"
        self._scheduled = self.directory / "scheduled.json"
        self.startup_file = self.directory / "config" / STARTUP_NAME
        self._lock = -1
        self._needed = 0  # the revision to roll back to, which must be kept however many come after it

    def open(self) -> None:
        """Make the directories, take the lock, read the facts of all revisions.

        Raises:
            StorageFailed: another agent uses the directory, or it can't be used.
        """
        with _failing("using the state directory", self.directory):
            for directory in (self.directory, self._revisions, self.startup_file.parent):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StorageFailed(
                    f"another agent uses {self.directory}", hint="stop it, or use another state-directory"
                ) from None
            for path in sorted(self._revisions.iterdir()):
                self._take_in(path)

    def _take_in(self, path: Path) -> None:
        if path.suffix == ".pending" and path.stem.isdecimal():
            self.interrupted.append(int(path.stem))
            path.unlink()
        elif path.suffix == ".json":
            try:
                with path.open("rb") as file:
                    head = orjson.loads(file.readline())
                head.pop("sha256")
                facts = Facts(**head)
            except (OSError, ValueError, TypeError, KeyError) as error:
                log.error("revision file %s can't be read and is ignored: %s", path, error)
                return
            self.facts[facts.id] = facts
        else:
            path.unlink()

    def close(self) -> None:
        """Give the directory free."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # -- revisions ------------------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """Id of the last committed revision; 0 if there is none."""
        return max(self.facts, default=0)

    def _path(self, revision: int, suffix: str) -> Path:
        return self._revisions / f"{revision:08d}{suffix}"

    def read(self, revision: int) -> Document:
        """The document of a committed revision.

        Raises:
            NotFound: there is none with this id.
            StorageFailed: its file is damaged.
        """
        document: Document = orjson.loads(self._lines(revision)[2])
        return document

    def difference(self, revision: int) -> str:
        """What a revision changed, as `set` and `delete` lines with secrets masked. Raises as `read` does."""
        text: str = orjson.loads(self._lines(revision)[1])
        return text

    def _lines(self, revision: int) -> list[bytes]:
        if revision not in self.facts:
            raise NotFound(f"there is no revision {revision}", hint=self._range_hint())
        path = self._path(revision, ".json")
        with _failing("reading", path):
            head, _, body = path.read_bytes().partition(b"\n")
        if orjson.loads(head)["sha256"] != hashlib.sha256(body).hexdigest():
            raise StorageFailed(f"revision file {path} is damaged", hint="use another revision")
        return [head, *body.split(b"\n")]

    def _range_hint(self) -> str:
        return (
            f"revisions {min(self.facts)} to {max(self.facts)} are kept" if self.facts else "none is kept yet"
        )

    def prepare(self, facts: Facts, difference: str, document: Document) -> None:
        """Lay down a revision before it is applied.

        Raises:
            StorageFailed: it can't be written (disk full, read-only); nothing is left behind.
        """
        body = orjson.dumps(difference) + b"\n" + orjson.dumps(document) + b"\n"
        head = orjson.dumps({**asdict(facts), "sha256": hashlib.sha256(body).hexdigest()})
        path = self._path(facts.id, ".pending")
        with _failing("recording the change", self._revisions):
            durable.write(path, head + b"\n" + body)

    def commit(self, facts: Facts) -> None:
        """Make the prepared revision the last committed one. This is the moment of the commit."""
        with _failing("recording the change", self._revisions):
            pending, committed = self._path(facts.id, ".pending"), self._path(facts.id, ".json")
            pending.rename(committed)
            try:
                durable.sync_directory(self._revisions)
            except OSError:
                committed.rename(pending)  # what isn't surely on the disk isn't committed
                raise
        self.facts[facts.id] = facts
        self._prune()

    def abort(self, facts: Facts) -> None:
        """Forget the prepared revision."""
        with contextlib.suppress(OSError):
            self._path(facts.id, ".pending").unlink(missing_ok=True)

    def _prune(self) -> None:
        for revision in sorted(self.facts)[: -(KEPT_BEFORE + 1)]:
            if revision == self._needed:
                continue
            del self.facts[revision]
            with contextlib.suppress(OSError):
                self._path(revision, ".json").unlink()

    # -- confirmation ---------------------------------------------------------------------------------

    def read_confirmation(self) -> Confirmation | None:
        """The pending confirmation, or None; a damaged file counts as none and is told in the log."""
        try:
            confirmation = Confirmation(**orjson.loads(self._confirm.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            log.error("%s can't be read and is ignored: %s", self._confirm, error)
            return None
        self._needed = confirmation.revert_to
        return confirmation

    def write_confirmation(self, confirmation: Confirmation | None) -> None:
        """Keep the pending confirmation; None: there is none any more."""
        self._needed = 0 if confirmation is None else confirmation.revert_to
        with _failing("recording the confirmation", self._confirm):
            if confirmation is None:
                self._confirm.unlink(missing_ok=True)
                durable.sync_directory(self.directory)
            else:
                durable.replace(self._confirm, orjson.dumps(asdict(confirmation)))

    # -- scheduled commit -----------------------------------------------------------------------------

    def read_scheduled(self) -> dict[str, Any] | None:
        """What `write_scheduled` kept; a damaged file counts as nothing and is told in the log."""
        try:
            kept: dict[str, Any] = orjson.loads(self._scheduled.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.error("%s can't be read and is ignored: %s", self._scheduled, error)
            return None
        return kept

    def write_scheduled(self, scheduled: dict[str, Any] | None) -> None:
        """Keep a commit that waits for its time; None: there is none any more."""
        with _failing("recording the scheduled commit", self._scheduled):
            if scheduled is None:
                self._scheduled.unlink(missing_ok=True)
                durable.sync_directory(self.directory)
            else:
                durable.replace(self._scheduled, orjson.dumps(scheduled))

    # -- startup --------------------------------------------------------------------------------------

    def read_startup(self) -> str | None:
        """Text of the startup configuration, or None if there is none.

        Raises:
            StorageFailed: it is there but can't be read.
        """
        with _failing("reading", self.startup_file):
            try:
                return self.startup_file.read_text("utf-8")
            except FileNotFoundError:
                return None
            except UnicodeDecodeError as error:
                raise StorageFailed(f"{self.startup_file} isn't UTF-8 text: {error.reason}") from None

    def write_startup(self, text: str) -> None:
        """Replace the startup configuration."""
        self.write_file(self.startup_file, text)

    @staticmethod
    def write_file(path: Path, text: str) -> None:
        """Replace the file at `path`, wholly or not at all."""
        with _failing("saving the configuration", path):
            durable.replace(path, text.encode())


@contextlib.contextmanager
def _failing(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"{what} failed: {os.strerror(error.errno or 0)}: {path}", hint=_HINTS.get(error.errno or 0, "")
        ) from error


_HINTS = {
    errno.ENOSPC: "free some space on this file system",
    errno.EDQUOT: "the quota of this file system is used up",
    errno.EROFS: "the file system is read-only",
}


def revision_order(facts: dict[int, Facts]) -> list[int]:
    """Ids of the revisions, newest first: index 0 is the running one, `rollback 1` the one before."""
    return sorted(facts, reverse=True)


def facts_dict(facts: Facts, index: int) -> dict[str, Any]:
    """JSON form of a revision's facts, with its rollback index."""
    return {**asdict(facts), "rollback": index}
