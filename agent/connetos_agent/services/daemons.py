"""Runs the programs that the switch consists of besides the agent (lldpd, chronyd, a DHCP relay).

They run in the foreground, each in a session of its own, and outlive the agent: a restarted agent adopts what it
finds. A program is known by its record: process id, the moment at which that process began, and its command line.
The record is written before the program begins: what starts it waits at a pipe and gives up when the agent dies
first, so there is never a program without a record, and never two.

    daemons = Daemons(run_directory)
    daemons.start(Program("lldpd", ("/usr/sbin/lldpd", "-d", "-u", "…"), ready=lambda: socket.exists()))
    daemons.stop("lldpd")

A program that ends by itself is started again, after 1 s, then 2, 4, up to 60 s; a minute of running makes it 1 s again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connetos_agent.dataplane.base import TIMEOUT, DriverError
from connetos_agent.services.processes import Process, identify, wait_gone

log = logging.getLogger(__name__)

SOUND_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 60.0
LOG_BYTES = 1 << 20
LOG_CHECK_SECONDS = 600.0
_WAIT_FOR_RECORD = 'read -r go || exit 1; exec "$@" </dev/null'
"""What stands between fork and program; the program and its arguments are positional parameters."""


def _always() -> bool:
    return True


def _nothing() -> None:
    """For programs that need nothing after they were started again."""


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes:
        name: names the record and the log file.
        arguments: the command line; the program must stay in the foreground.
        ready: whether it can be used; asked after a start until it says yes.
        restarted: called when the program was started again after it had ended by itself.
        environment: the whole environment but for PATH and what marks a lab's processes.
    """

    name: str
    arguments: tuple[str, ...]
    ready: Callable[[], bool] = _always
    restarted: Callable[[], None] = _nothing
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class _Running:
    program: Program
    process: Process
    descriptor: int
    child: subprocess.Popen[bytes] | None
    since: float
    restarts: int = 0
    backoff: float = 1.0
    began: float = field(default_factory=time.time)


class Daemons:
    """The programs of one switch. Methods may be called from any thread; they block until it is done.

    Args:
        run_directory: a directory that a reboot loses; records and logs go to `daemons` below it.
    """

    def __init__(self, run_directory: Path) -> None:
        self._directory = run_directory / "daemons"
        self._running: dict[str, _Running] = {}
        self._due: dict[str, tuple[float, _Running]] = {}
        self._log_begin: dict[str, int] = {}
        self._lock = threading.RLock()
        self._poll = select.poll()
        self._wake: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    # -- asking ---------------------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """The process of the program `name`, whoever started it; None if it doesn't run."""
        record = self._record(name)
        return record[0].pid if record else None

    def arguments(self, name: str) -> tuple[str, ...] | None:
        """The command line with which the program `name` runs; None if it doesn't run."""
        record = self._record(name)
        return record[1] if record else None

    def state(self) -> dict[str, Any]:
        """The programs by name: pid, how often each was started again, when it began (seconds since 1970)."""
        with self._lock:
            running, due = dict(self._running), dict(self._due)
        shown: dict[str, Any] = {
            name: {
                "running": True,
                "pid": entry.process.pid,
                "restarts": entry.restarts,
                "since": entry.began,
            }
            for name, entry in running.items()
        }
        for name, (_, entry) in due.items():
            shown[name] = {"running": False, "pid": None, "restarts": entry.restarts, "since": None}
        return dict(sorted(shown.items()))

    def log_tail(self, name: str, lines: int = 5) -> str:
        """The last lines that the program wrote since its last start."""
        try:
            with self._log_file(name).open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - 4096, min(end, self._log_begin.get(name, 0))))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])

    # -- changing -------------------------------------------------------------------------------------

    def start(self, program: Program) -> None:
        """Have the program run with these arguments: adopts it, starts it, or replaces one with other arguments.

        Raises:
            DriverError: it can't be started, or wasn't ready in time; the message ends with what it said.
        """
        with self._lock:
            self._due.pop(program.name, None)
            record = self._record(program.name)
            if record is not None and record[1] == program.arguments:
                self._adopt(program, record[0])
                return
            if record is not None:
                self._end(program.name)
            self._launch(program)
        self._wait_ready(program)

    def stop(self, name: str) -> None:
        """End the program `name`: SIGTERM, and SIGKILL for the whole of it after some seconds. None running is fine."""
        with self._lock:
            self._due.pop(name, None)
            self._end(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the program `name`; none running is fine."""
        process = self._record(name)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process[0].pid, number)

    def close(self) -> None:
        """Watch no longer. The programs go on."""
        self._closed = True
        if self._thread is not None:
            self._tell_thread()
            self._thread.join(TIMEOUT)
        with self._lock:
            for entry in self._running.values():
                os.close(entry.descriptor)
                if entry.child is not None:
                    entry.child.returncode = 0  # it isn't ours to wait for any more
            self._running.clear()
            if self._wake is not None:
                for descriptor in self._wake:
                    os.close(descriptor)
                self._wake = None

    # -- one program ----------------------------------------------------------------------------------

    def _launch(self, program: Program, restarts: int = 0, backoff: float = 1.0) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._shorten_log(program.name)
        kept = {k: v for k, v in os.environ.items() if k == "PATH" or k.startswith("CONNETOS_LAB")}
        try:
            with self._log_file(program.name).open("ab") as output:
                self._log_begin[program.name] = output.tell()
                child = subprocess.Popen(
                    ["/bin/sh", "-c", _WAIT_FOR_RECORD, program.name, *program.arguments],
                    stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/",
                    env=kept | program.environment, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise DriverError(f"{program.name} can't be started: {error.strerror}") from error
        process = identify(child.pid)
        if process is None or child.stdin is None:
            raise DriverError(f"{program.name} ended while it was started")
        self._write_record(program, process)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(b"go\n")
            child.stdin.close()
        log.info("started", extra={"program": program.name, "pid": child.pid})
        self._watch(_Running(program, process, -1, child, time.monotonic(), restarts, backoff))

    def _adopt(self, program: Program, process: Process) -> None:
        known = self._running.get(program.name)
        if known is not None and known.process == process:
            known.program = program
            return
        self._forget(program.name)
        log.info("adopted", extra={"program": program.name, "pid": process.pid})
        self._watch(_Running(program, process, -1, None, time.monotonic()))

    def _wait_ready(self, program: Program) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not program.ready():
            if self.pid(program.name) is None:
                self.stop(program.name)  # the caller is told; nobody shall try again behind its back
                raise DriverError(
                    f"{program.name} ended at once: {self.log_tail(program.name) or 'no message'}"
                )
            if time.monotonic() > deadline:
                raise DriverError(
                    f"{program.name} wasn't ready within {TIMEOUT:.0f} s: {self.log_tail(program.name)}"
                )
            time.sleep(0.01)

    def _end(self, name: str) -> None:
        record = self._record(name)
        entry = self._forget(name)
        if record is not None:
            pid = record[0].pid
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            wait_gone(pid, entry.child if entry else None)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # its session is its own: nothing else is in it
            wait_gone(pid, entry.child if entry else None)
            log.info("stopped", extra={"program": name, "pid": pid})
        self._record_file(name).unlink(missing_ok=True)

    # -- records --------------------------------------------------------------------------------------

    def _record_file(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _log_file(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _record(self, name: str) -> tuple[Process, tuple[str, ...]] | None:
        """The living process of the record and its command line."""
        try:
            data = json.loads(self._record_file(name).read_bytes())
            process = Process(data["pid"], data["began"], data["boot"])
            arguments = tuple(data["arguments"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (process, arguments) if identify(process.pid) == process else None

    def _write_record(self, program: Program, process: Process) -> None:
        path = self._record_file(program.name)
        new = path.with_suffix(".new")
        new.write_text(json.dumps({**process._asdict(), "arguments": program.arguments}), "utf-8")
        new.replace(path)

    def _shorten_log(self, name: str) -> None:
        with contextlib.suppress(OSError):
            if self._log_file(name).stat().st_size > LOG_BYTES:
                os.truncate(self._log_file(name), 0)  # it is written at its end, wherever that is

    # -- watching -------------------------------------------------------------------------------------

    def _watch(self, entry: _Running) -> None:
        try:
            entry.descriptor = os.pidfd_open(entry.process.pid)
        except ProcessLookupError:
            entry.descriptor = os.open(os.devnull, os.O_RDONLY)  # gone already; always readable
        self._running[entry.program.name] = entry
        if self._thread is None:
            self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            self._poll.register(self._wake[0], select.POLLIN)
            self._thread = threading.Thread(target=self._run, name="daemons", daemon=True)
            self._thread.start()
        self._poll.register(entry.descriptor, select.POLLIN)
        self._tell_thread()

    def _forget(self, name: str) -> _Running | None:
        entry = self._running.pop(name, None)
        if entry is not None:
            self._poll.unregister(entry.descriptor)
            os.close(entry.descriptor)
        return entry

    def _tell_thread(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake[1], b".")

    def _run(self) -> None:
        while not self._closed:
            with self._lock:
                moments = [moment for moment, _ in self._due.values()]
            left = min(moments, default=time.monotonic() + LOG_CHECK_SECONDS) - time.monotonic()
            ready = [descriptor for descriptor, _ in self._poll.poll(max(0.0, left) * 1000)]
            if self._closed:
                return
            with self._lock:
                if self._wake is not None and self._wake[0] in ready:
                    os.read(self._wake[0], 4096)
                for name, entry in list(self._running.items()):
                    self._shorten_log(name)
                    if entry.descriptor in ready:
                        self._ended(entry)
            self._start_due()

    def _ended(self, entry: _Running) -> None:
        """A program ended by itself: plan its next start. A new descriptor may have the number of an old one."""
        if identify(entry.process.pid) == entry.process:
            return
        name = entry.program.name
        self._forget(name)
        if entry.child is not None:
            entry.child.wait()
        if time.monotonic() - entry.since > SOUND_SECONDS:
            entry.backoff = 1.0
        log.error(
            "program ended by itself, starting it again",
            extra={"program": name, "after_s": entry.backoff, "said": self.log_tail(name)},
        )
        self._due[name] = (time.monotonic() + entry.backoff, entry)

    def _start_due(self) -> None:
        with self._lock:
            now = time.monotonic()
            entries = [entry for moment, entry in self._due.values() if moment <= now]
            for entry in entries:
                program = entry.program
                self._due.pop(program.name)
                backoff = min(MAX_BACKOFF_SECONDS, entry.backoff * 2)
                try:
                    self._launch(program, entry.restarts + 1, backoff)
                except DriverError as error:
                    log.error("%s", error)
                    entry.backoff = backoff
                    self._due[program.name] = (now + backoff, entry)
        for entry in entries:
            if entry.program.name in self._running:
                try:
                    self._wait_ready(entry.program)
                    entry.program.restarted()
                except Exception as error:
                    log.error("%s was started again, but: %s", entry.program.name, error)
