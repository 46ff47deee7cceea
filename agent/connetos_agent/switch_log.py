"""The switch's log: kept here, sent to other machines, shown live. Lines are as spec/cli/show-formats.yaml says."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connetos_agent.dataplane.base import ObjectKey, Step
from connetos_agent.dataplane.memory import MemoryDriver
from connetos_agent.dataplane.states.system import Log
from connetos_sdk.errors import NotFound, StorageFailed

SEVERITIES = {"fatal": 2, "error": 3, "warning": 4, "info": 6, "trace": 7}
"""Documented levels as syslog severities (RFC 5424, 6.2.1)."""
_LEVELS = (
    (logging.CRITICAL, "fatal"), (logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"),
    (0, "trace"),
)  # fmt: skip
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
LOCAL0 = 16
FILE_NAME = "messages"
MAX_FILE_BYTES = 2 << 20
MAX_FILES = 5
MAX_TEXT = 1024
MAX_ROWS = 10_000
DAY_FORMAT = "%b %d %Y"

Listener = Callable[[str], None]


class LogDriver(MemoryDriver):
    """Facility and level of the log; a commit changes them, and they are read back from where they are used."""

    name = "log"

    def __init__(self) -> None:
        super().__init__({"log"})

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`; the agent's own messages of that level are let through."""
        super().apply(steps)
        root = logging.getLogger().level
        wanted = next(number for number, name in _LEVELS if name == self.settings.level) or logging.DEBUG
        logging.getLogger("connetos_agent").setLevel(min(root, wanted) or wanted)

    @property
    def settings(self) -> Log:
        """What is logged."""
        state = self._objects.get(ObjectKey("log", "system"))
        return state if isinstance(state, Log) else Log(0, "warning")


class SwitchLog(logging.Handler):
    """Takes the agent's own messages as a handler of `logging`, and others through `write`. Safe from any thread.

    Args:
        directory: where the files are kept.
        forwarder: socket of the program that sends messages on; used while it is there.
    """

    def __init__(self, directory: Path, forwarder: Path) -> None:
        super().__init__()
        self.driver = LogDriver()
        self.hostname: Callable[[], str] = socket.gethostname
        self._directory = directory
        self._forwarder = forwarder
        self._socket: socket.socket | None = None
        self._listeners: set[Listener] = set()

    @property
    def files(self) -> list[Path]:
        """The files that there are, newest first."""
        names = [FILE_NAME, *(f"{FILE_NAME}.{number}" for number in range(1, MAX_FILES))]
        return [path for path in (self._directory / name for name in names) if path.exists()]

    # -- writing --------------------------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        level = next(name for number, name in _LEVELS if record.levelno >= number)
        if SEVERITIES[level] <= SEVERITIES[self.driver.settings.level]:
            extra = "".join(f" {k}={v}" for k, v in vars(record).items() if k not in _STANDARD)
            self.write(level, f"[1][{record.name.rpartition('.')[2]}] {record.getMessage()}{extra}")

    def write(self, level: str, text: str) -> None:
        """Log `text` at a documented level, if that is logged."""
        settings = self.driver.settings
        if SEVERITIES[level] > SEVERITIES[settings.level]:
            return
        text = "".join(letter if letter.isprintable() else " " for letter in text[:MAX_TEXT])
        now = time.localtime()
        host = self.hostname()
        line = (
            f"{time.strftime(f'{DAY_FORMAT} %H:%M:%S', now)} {host} local{settings.facility}.{level} : {text}"
        )
        with self.lock or contextlib.nullcontext():
            with contextlib.suppress(OSError):  # a full disk must not stop the switch
                self._append(line)
            priority = (LOCAL0 + settings.facility) * 8 + SEVERITIES[level]
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", now) + _offset(now)
            self._forward(f"<{priority}>1 {stamp} {host} connetos - - - {text}")
            for listener in tuple(self._listeners):
                listener(line)

    def _append(self, line: str) -> None:
        path = self._directory / FILE_NAME
        try:
            with path.open("ab") as file:
                file.write(f"{line}\n".encode("utf-8", "replace"))
                full = file.tell() >= MAX_FILE_BYTES
        except FileNotFoundError:
            self._directory.mkdir(mode=0o700, parents=True)
            self._append(line)
            return
        if full:
            for number in range(MAX_FILES - 1, 0, -1):
                older = self._directory / (f"{FILE_NAME}.{number - 1}" if number > 1 else FILE_NAME)
                if older.exists():
                    older.replace(self._directory / f"{FILE_NAME}.{number}")

    def _forward(self, message: str) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # nobody forwards, or not as fast: the message is still here
            self._socket.sendto(message.encode("utf-8", "replace"), str(self._forwarder))

    @contextmanager
    def listen(self, listener: Listener) -> Iterator[None]:
        """Until the block ends `listener` gets every line; it is called in whatever thread logs."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    # -- reading --------------------------------------------------------------------------------------

    def last(self, rows: int) -> list[str]:
        """The newest `rows` lines (at most 10,000), oldest first."""
        rows = min(rows, MAX_ROWS)
        found: list[str] = []
        for path in self.files:
            found = _lines(path) + found
            if len(found) >= rows:
                break
        return found[-rows:] if rows else []

    def of_day(self, day: time.struct_time) -> list[str]:
        """The lines of one day (the newest 10,000), oldest first."""
        head = time.strftime(DAY_FORMAT, day) + " "
        found = [line for path in reversed(self.files) for line in _lines(path) if line.startswith(head)]
        return found[-MAX_ROWS:]

    def clear(self, name: str) -> list[str]:
        """Delete the file `name`, or `all`; the names of those deleted.

        Raises:
            NotFound: there is no such file.
            StorageFailed: it can't be deleted.
        """
        files = {path.name: path for path in self.files}
        if name != "all" and name not in files:
            raise NotFound(f"there is no log file {name}", hint=", ".join([*files, "all"]))
        chosen = files if name == "all" else {name: files[name]}
        for path in chosen.values():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StorageFailed(f"{path} can't be deleted: {error.strerror}") from error
        return list(chosen)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _offset(moment: time.struct_time) -> str:
    offset = moment.tm_gmtoff
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 3600:02d}:{abs(offset) % 3600 // 60:02d}"
