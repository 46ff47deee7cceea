"""Starts runners, follows them, and finds those that an earlier agent started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connetos_agent.events import Events
from connetos_agent.services.operations import Report
from connetos_agent.services.packages.root import BEFORE, SYSTEMD, Root
from connetos_agent.services.packages.transaction import (
    MAX_KEPT,
    MAX_KEPT_PACKAGES,
    Transaction,
    Transactions,
)
from connetos_sdk import errors
from connetos_sdk.errors import AgentStopping, Locked, NotFound

log = logging.getLogger(__name__)

RUNNER = "connetos_agent.services.packages.runner"
MAX_ATTEMPTS = 3
MAX_LOG_BYTES = 256 * 1024


class Supervisor:
    """All transactions of a switch, one at a time.

    Args:
        directory: where transactions are recorded; kept over a reboot.
        notify: path of the socket on which runners say that there is progress.
        root: the system whose packages they change.
        events: told when a transaction begins and ends.
    """

    def __init__(self, directory: Path, notify: Path, root: Root, events: Events) -> None:
        self._directory = directory
        self.transactions = Transactions(directory)
        self.current: Transaction | None = None
        self._notify = notify
        self._root = root
        self._events = events
        self._news = asyncio.Event()
        self._socket: socket.socket | None = None
        self._watched: tuple[int, subprocess.Popen[bytes] | None] | None = None
        self._attempts = 0
        self._leaving = False
        self._dismissed: set[asyncio.Future[int]] = set()

    async def start(self) -> None:
        """Listen to runners; take over the one that runs, and finish what was cut off."""
        self._notify.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(self._notify))
        self._notify.chmod(0o600)
        asyncio.get_running_loop().add_reader(self._socket, self._told)
        newest = next(iter(self.transactions.all()), None)
        if newest is None or newest.read("result") is not None:
            return
        self.current = newest
        pid = newest.pid
        if pid is not None:
            log.info("a package transaction goes on", extra={"transaction": newest.id})
            self._watch(os.pidfd_open(pid), None)
        else:
            log.warning("a package transaction was cut off", extra={"transaction": newest.id})
            self._launch(newest, self.standby())

    def leave(self) -> None:
        """The agent stops soon: whoever follows a transaction is told that it goes on."""
        self._leaving = True
        self._tell()

    async def stop(self) -> None:
        """Stop listening; a runner goes on."""
        loop = asyncio.get_running_loop()
        if self._socket is not None:
            loop.remove_reader(self._socket)
            self._socket.close()
            self._notify.unlink(missing_ok=True)
        if self._watched is not None:
            loop.remove_reader(self._watched[0])
            os.close(self._watched[0])
            self._watched = None

    def check_free(self) -> None:
        """Refuse while a transaction runs.

        Raises:
            Locked: one does; the error says which and whose.
        """
        if self.current is not None:
            asked = self.current.read("request") or {}
            raise Locked(
                f"package transaction {self.current.id} ({asked.get('action')}, by {asked.get('user')}) is running",
                hint="wait until it has ended; packages/watch follows it",
            )

    def standby(self) -> subprocess.Popen[bytes]:
        """A runner that has started and waits for `begin`: while the change is planned it loads what it needs."""
        argv = [sys.executable, "-m", RUNNER]
        if self._root.whole_system and SYSTEMD.exists() and shutil.which("systemd-run"):
            unit = f"--unit=connetos-packages-{time.time_ns()}"  # not in the agent's: it must outlive it
            path = os.environ.get("PYTHONPATH", "")
            argv = [
                "systemd-run",
                "--quiet",
                "--collect",
                "--wait",
                "--pipe",
                unit,
                f"--setenv=PYTHONPATH={path}",
                *argv,
            ]
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / "runner.log").open("ab") as output:
            if output.tell() > MAX_LOG_BYTES:
                output.truncate(0)
            return subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True, cwd="/"
            )

    def dismiss(self, runner: subprocess.Popen[bytes] | None) -> None:
        """End a runner that isn't needed, if there is one."""
        if runner is None:
            return
        if runner.stdin is not None:
            runner.stdin.close()
        reaping = asyncio.get_running_loop().run_in_executor(None, runner.wait)
        self._dismissed.add(reaping)
        reaping.add_done_callback(self._dismissed.discard)

    def begin(self, request: Mapping[str, Any], runner: subprocess.Popen[bytes]) -> Transaction:
        """Start a transaction in a runner that stands by.

        Raises:
            Locked: another one is running.
            StorageFailed: it can't be recorded.
        """
        self.check_free()
        self._forget_old()
        made = self.transactions.begin({**request, "notify": str(self._notify)})
        self.current, self._attempts = made, 0
        self._launch(made, runner)
        self._events.publish("packages", transaction=made.id, action=request["action"], state="running")
        return made

    async def follow(self, transaction: Transaction, report: Report) -> dict[str, Any]:
        """Tell the progress of a transaction from its beginning until it has ended; its result.

        Raises:
            AgentStopping: the agent ends before the transaction does.
            NotFound: it left no result.
        """
        offset = 0
        while True:
            news = self._news
            ended = self.current is None or self.current.id != transaction.id
            lines, offset = transaction.journal(offset)
            for line in lines:
                await report({"transaction": transaction.id, **line})
            if ended:
                result = transaction.read("result")
                if result is None:
                    raise NotFound(f"transaction {transaction.id} has no result")
                return {"id": transaction.id, **result}
            if self._leaving:
                raise AgentStopping(
                    f"the switch's agent is stopping; package transaction {transaction.id} goes on",
                    hint=f"packages/watch follows it, `request packages watch {transaction.id}` at the command line",
                )
            await news.wait()

    # -- runners --------------------------------------------------------------------------------------

    def _told(self) -> None:
        if self._socket is not None:
            try:
                while True:
                    self._socket.recv(64)
            except BlockingIOError:
                pass
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _launch(self, transaction: Transaction, runner: subprocess.Popen[bytes]) -> None:
        self._attempts += 1
        self._watch(os.pidfd_open(runner.pid), runner)
        if runner.stdin is not None:
            with contextlib.suppress(BrokenPipeError), runner.stdin:  # one that is gone is seen as ended
                runner.stdin.write(f"{transaction.directory}\n".encode())

    def _watch(self, pidfd: int, process: subprocess.Popen[bytes] | None) -> None:
        self._watched = (pidfd, process)
        asyncio.get_running_loop().add_reader(pidfd, self._ended)

    def _ended(self) -> None:
        """The runner is gone: it has told the result, or was killed and is started again to bring things back."""
        transaction = self.current
        if self._watched is None or transaction is None:
            return
        pidfd, process = self._watched
        self._watched = None
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
        if process is not None:
            process.wait()
        if (pid := transaction.pid) is not None:  # systemd-run, which waited for it, was ended
            with contextlib.suppress(ProcessLookupError):
                self._watch(os.pidfd_open(pid), None)
                return
        if transaction.read("result") is None:
            if self._attempts < MAX_ATTEMPTS:
                log.error("the runner of a package transaction died", extra={"transaction": transaction.id})
                self._launch(transaction, self.standby())
                return
            error = errors.PackageError(
                "its runner died again and again", hint=f"see {self._directory}/runner.log"
            )
            transaction.write("result", {"state": "damaged", "error": error.to_dict(), "changes": []})
        result = transaction.read("result") or {}
        if place := (transaction.read("request") or {}).get("unpacked"):
            shutil.rmtree(self._root.outside(place), ignore_errors=True)
        self.current = None
        self._tell()
        log.info(
            "package transaction ended", extra={"transaction": transaction.id, "state": result.get("state")}
        )
        self._events.publish("packages", transaction=transaction.id, state=result.get("state"))

    def _forget_old(self) -> None:
        """Keep the newest transactions, and of fewer the packages from before."""
        for index, transaction in enumerate(self.transactions.all(), 1):
            if index >= MAX_KEPT_PACKAGES:
                shutil.rmtree(self._root.directory(BEFORE) / str(transaction.id), ignore_errors=True)
            if index >= MAX_KEPT:
                shutil.rmtree(transaction.directory, ignore_errors=True)
