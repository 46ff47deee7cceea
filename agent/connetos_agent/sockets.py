"""The agent's listening sockets: those that systemd hands over outlive the agent, others are made here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

from connetos_agent.systemd import handed_sockets
from connetos_sdk.errors import ConnetosError

BACKLOG = 128


class ListeningSockets:
    """Sockets to serve on. What systemd has handed over stays where it is; what was made here goes with the agent."""

    def __init__(self) -> None:
        self._local: dict[str, socket.socket] = {}
        self._made: list[Path] = []
        self.handed_tcp: list[socket.socket] = []
        """Handed over for REST over TLS."""
        for sock in handed_sockets():
            if sock.family == socket.AF_UNIX:
                self._local[str(sock.getsockname())] = sock
            else:
                self.handed_tcp.append(sock)

    def local(self, path: Path) -> socket.socket:
        """The unix socket at `path`; one that is made here is for the owner of the process alone."""
        handed = self._local.pop(str(path), None)
        if handed is not None:
            return handed
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(mask)
        sock.listen(BACKLOG)
        self._made.append(path)
        return sock

    def unknown(self) -> Iterable[str]:
        """Paths of unix sockets that were handed over and that nobody asked for."""
        return tuple(self._local)

    def remove(self) -> None:
        """Take away what was made here."""
        for path in self._made:
            path.unlink(missing_ok=True)


def tcp_socket(address: tuple[str, int]) -> socket.socket:
    """A listening TCP socket.

    Raises:
        ConnetosError: somebody else has the address, or it isn't this machine's.
    """
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConnetosError(f"can't listen on {host} port {port}: {error.strerror}") from error
    # Connections inherit it. asyncio sets it only where the protocol is known, which it isn't here, and then each
    # answer waits for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
