"""Listening sockets and readiness as systemd has them (sd_listen_fds(3), sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket

LISTEN_FDS_START = 3
"""The first file descriptor that is handed over."""


def handed_sockets() -> list[socket.socket]:
    """The listening sockets that whoever started this process handed over."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=LISTEN_FDS_START + number) for number in range(count)]


def notify(state: str) -> None:
    """Tell whoever started this process; nothing if nobody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode())


class KeptSockets:
    """The sockets that were handed over, kept for the program that takes this process over (execve(2))."""

    def __init__(self) -> None:
        count = (
            int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
        )
        self._kept = [os.dup(LISTEN_FDS_START + number) for number in range(count)]

    def hand_over(self) -> None:
        """Put them where they were; called right before the other program begins."""
        for number, descriptor in enumerate(self._kept):
            os.dup2(descriptor, LISTEN_FDS_START + number, inheritable=True)
