"""The directory of one transaction: what was asked, what was there before, how far it is, what came of it.

    request.json    what was asked, by whom; written by the agent before the runner starts
    lock            held (flock) by the runner as long as it lives
    runner.pid      the runner's process
    before.json     packages before, laid down before anything changes
    journal         progress, a JSON object a line, bounded
    result.json     what came of it; there once it has ended

Each file is complete or absent: a transaction that was cut off is told by a missing result.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connetos_sdk.errors import Locked, StorageFailed

MAX_JOURNAL_BYTES = 512 * 1024
MAX_KEPT = 50
"""How many transactions the history has."""
MAX_KEPT_PACKAGES = 10
"""Of how many of them the packages from before are kept."""


@dataclass(frozen=True)
class Transaction:
    """One transaction; `directory` is named for its number."""

    directory: Path

    @property
    def id(self) -> int:
        """Its number."""
        return int(self.directory.name)

    def read(self, name: str) -> Any:
        """The content of one of its JSON files; None if it isn't there."""
        try:
            return json.loads((self.directory / f"{name}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def write(self, name: str, data: Mapping[str, Any]) -> None:
        """Write one of its JSON files, durably.

        Raises:
            StorageFailed: it can't be.
        """
        path = self.directory / f"{name}.json"
        draft = path.with_suffix(".new")
        try:
            with draft.open("w", encoding="utf-8") as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise StorageFailed(f"the transaction can't be recorded: {error.strerror}") from error

    @property
    def pid(self) -> int | None:
        """The living runner, if any."""
        if not self.running:
            return None
        try:
            return int((self.directory / "runner.pid").read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    @property
    def running(self) -> bool:
        """Whether a runner holds it."""
        try:
            with (self.directory / "lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            pass
        return False

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Be its runner; yields whether it is the first one.

        Raises:
            Locked: another process is.
        """
        with (self.directory / "lock").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(f"transaction {self.id} has a runner already") from None
            pid = self.directory / "runner.pid"
            first = not pid.exists()
            pid.write_text(str(os.getpid()), "ascii")
            yield first

    def journal(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Progress told since `offset`, and the offset for the next time."""
        try:
            with (self.directory / "journal").open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines()], offset + len(whole)

    def summary(self) -> dict[str, Any]:
        """What the history tells of it."""
        request, result = self.read("request") or {}, self.read("result")
        told = {
            "id": self.id,
            **{name: request.get(name) for name in ("action", "packages", "user", "via", "time")},
        }
        return {**told, **(result or {"state": "running" if self.running else "cut-off"})}


class Journal:
    """The runner's end: appends progress and tells the agent that there is some.

    Args:
        transaction: whose.
        notify: the agent's datagram socket.
    """

    def __init__(self, transaction: Transaction, notify: str) -> None:
        self._file = (transaction.directory / "journal").open("ab", buffering=0)
        self._notify = notify
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._full = False

    def tell(self, **progress: Any) -> None:
        """Add one piece of progress: `percent`, `step`, `log`."""
        line = json.dumps({"time": round(time.time(), 3), **progress}).encode() + b"\n"
        if self._file.tell() + len(line) > MAX_JOURNAL_BYTES:
            if self._full:
                return
            self._full = True
            line = json.dumps({"log": "(the rest of the output is left out)"}).encode() + b"\n"
        try:
            self._file.write(line)
        except OSError:
            return  # a full disk stops the log, not what is being put right
        self.nudge()

    def nudge(self) -> None:
        """Tell the agent to look."""
        with contextlib.suppress(OSError):  # no agent now; the next one reads the files
            self._socket.sendto(b"", self._notify)


class Transactions:
    """All transactions below a directory, numbered upwards."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def all(self) -> list[Transaction]:
        """Newest first."""
        if not self._directory.is_dir():
            return []
        numbers = sorted((int(p.name) for p in self._directory.iterdir() if p.name.isdigit()), reverse=True)
        return [Transaction(self._directory / str(number)) for number in numbers]

    def get(self, number: int) -> Transaction | None:
        """One by its number."""
        found = Transaction(self._directory / str(number))
        return found if found.directory.is_dir() else None

    def begin(self, request: Mapping[str, Any]) -> Transaction:
        """A new one.

        Raises:
            StorageFailed: it can't be recorded.
        """
        newest = self.all()
        number = newest[0].id + 1 if newest else 1
        made = Transaction(self._directory / str(number))
        try:
            made.directory.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise StorageFailed(f"the transaction can't be recorded: {error.strerror}") from error
        made.write("request", {**request, "id": number})
        return made
