"""Notices at once that ovs-vswitchd was restarted: a connection to its control socket ends.

OVSDB can't tell: the daemon finds everything there as it left it. Only what it keeps to itself is lost: flows, groups,
meters, the MAC table.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.openvswitch.control import Control

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.1


class RestartWatch:
    """Calls `restore` whenever ovs-vswitchd has been restarted, from a thread of its own, until it succeeds.

    Args:
        control: its control socket; this watch has a connection of its own.
        restore: brings back what was lost; raises `DriverError` while that can't be done.
    """

    def __init__(self, control: Control, restore: Callable[[], None]) -> None:
        self._control, self._restore = control, restore
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        self.restored = threading.Event()
        """Set unless something that was lost isn't back yet."""
        self.restored.set()
        self._thread = threading.Thread(target=self._run, name="restarts", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        with contextlib.suppress(OSError):
            self._socket = self._control.connect()
        self._thread.start()

    def close(self) -> None:
        """End watching."""
        self._closed.set()
        self.restored.set()
        sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wait()
            if self._closed.is_set():
                return
            log.warning("ovs-vswitchd is gone; waiting for it")
            self.restored.clear()
            self._again()
            self.restored.set()

    def _wait(self) -> None:
        """Return when the connection has ended."""
        sock = self._socket
        if sock is not None:
            sock.settimeout(None)
            with sock, contextlib.suppress(OSError):
                while sock.recv(4096):
                    pass
        self._socket = None

    def _again(self) -> None:
        while not self._closed.wait(RETRY_SECONDS):
            try:
                self._socket = self._control.connect()
            except OSError:
                continue
            try:
                began = time.monotonic()
                self._restore()
            except (DriverError, OSError):
                self._socket.close()
                self._socket = None
                continue
            log.warning("ovs-vswitchd was restarted: flows and static addresses are back", extra={
                "seconds": round(time.monotonic() - began, 3)})  # fmt: skip
            return
