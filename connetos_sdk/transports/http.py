"""HTTP/1.1 over one connection that is kept: with TLS to a switch, or over a unix socket on it.

The standard library parses answers; connecting, sending and keeping the connection is done here: a request takes a third
of the processor time that it takes with httpx, and the import much less.
"""

from __future__ import annotations

import base64
import encodings.idna  # noqa: F401  # every connection asks for it: not in each process that Ansible forks
import functools
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path as FilePath
from typing import Protocol

from connetos_sdk import errors

HTTPS = 443
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 30.0
"""A connection that wasn't used for longer isn't used again: the agent closes it after twice that time."""
MAX_ANSWER_BYTES = 512 * 1024 * 1024
"""Of an answer, and of a line of one that comes in lines."""

_PIECE_BYTES = 64 * 1024
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL, older and newer, calls the first bytes of something else."""
_FIT = re.compile(r"[\x20-\x7e]*")


class Reply(Protocol):
    """An answer whose head has come."""

    status: int
    reason: str

    @property
    def headers(self) -> Mapping[str, str]:
        """By name; upper and lower case are the same."""

    def read(self) -> bytes:
        """The whole body."""

    def lines(self) -> Iterator[str]:
        """The lines of the body, each as soon as it has come."""


class Client(Protocol):
    """Carries one request after the other."""

    def open(
        self, method: str, target: str, *, headers: Mapping[str, str],
        body: bytes | Iterable[bytes] = b"", timeout_s: float | None = None,
    ) -> AbstractContextManager[Reply]:  # fmt: skip
        """Send a request; its answer for the time of the block.

        Args:
            target: path and query below the API, percent-encoded.
            headers: besides those that every request has; one that has pieces as its body gives `content-length`.
            timeout_s: seconds to wait for each piece of the answer, if not as long as for any other.

        Raises:
            TransportError: the switch can't be reached, the connection broke, or nothing came in time.
        """

    def interrupt(self) -> None:
        """Break the connection that another thread uses; it is told so."""

    def close(self) -> None:
        """Close the connection that nobody uses."""


def tls_context(*, verify: bool, ca_file: str | FilePath | None) -> ssl.SSLContext:
    """How the switch's certificate is checked: against `ca_file`, or without one against what the system trusts.

    Raises:
        Unreachable: `ca_file` can't be read.
    """
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not ca_file:
        return _of_system()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise errors.Unreachable(f"the certificate file {ca_file} can't be used: {error}") from error


@functools.cache
def _of_system() -> ssl.SSLContext:
    """One for all switches: reading some hundred certificates takes longer than everything else about a connection."""
    return ssl.create_default_context()


def unreachable(where: str, error: Exception) -> errors.Unreachable:
    """What to tell when no connection could be made."""
    cause = str(error) or type(error).__name__
    if "certificate verify failed" in cause.lower():
        return errors.Unreachable(
            f"the certificate of {where} isn't trusted: {cause}",
            hint="trust its certificate (ca_file), or leave it unchecked if you must",
        )
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return errors.Unreachable(
            f"{where} doesn't speak TLS", hint="is it the port of the switch's REST API?"
        )
    return errors.Unreachable(
        f"{where} can't be reached: {cause}", hint="is the agent running, and the address right?"
    )


@dataclass(frozen=True)
class Endpoint:
    """Where requests go.

    Attributes:
        where: for messages.
        host, port: of the switch; empty for a unix socket.
        context: for TLS.
        path: of the unix socket.
        base: what each target is below.
        username, password: HTTP Basic authentication, if there is a user.
        timeout_s: seconds to wait for each piece of an answer.
    """

    where: str
    host: str = ""
    port: int = HTTPS
    context: ssl.SSLContext | None = None
    path: str = ""
    base: str = "/api/v1/"
    username: str | None = None
    password: str = field(default="", repr=False)
    timeout_s: float = 60.0

    def connect(self) -> socket.socket:
        """A new connection.

        Raises:
            OSError: it can't be made, or the certificate isn't trusted.
        """
        if self.context is None:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.settimeout(CONNECT_SECONDS)
                sock.connect(self.path)
            except OSError:
                sock.close()
                raise
            return sock
        sock = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self.context.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise

    @functools.cached_property
    def head(self) -> tuple[str, ...]:
        """The header lines that every request has."""
        host = f"[{self.host}]" if ":" in self.host else self.host.encode("idna").decode()
        lines = [f"Host: {host or 'switch'}{'' if self.port == HTTPS else f':{self.port}'}"]
        if self.username:
            credentials = base64.b64encode(f"{self.username}:{self.password}".encode())
            lines.append(f"Authorization: Basic {credentials.decode()}")
        return tuple(lines)


class HttpClient:
    """See `Client`. Connects when it is first used, and again when the connection was closed meanwhile."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()  # a socket's number may be another's as soon as it is closed
        self._socket: socket.socket | None = None
        self._used = 0.0
        self.closed = False

    @contextmanager
    def open(
        self, method: str, target: str, *, headers: Mapping[str, str],
        body: bytes | Iterable[bytes] = b"", timeout_s: float | None = None,
    ) -> Iterator[Reply]:  # fmt: skip
        """See `Client.open`."""
        reply = None
        try:
            sock = self._connected()
            try:
                sock.settimeout(timeout_s or self._endpoint.timeout_s)
                whole = self._send(sock, self._head(method, target, headers, body), body)
                reply = _HttpReply(self._endpoint.where, sock, method, reusable=whole)
            except (OSError, HTTPException) as error:
                raise _broken(self._endpoint.where, error) from error
            yield reply
        finally:
            self._used = time.monotonic()
            if reply is None or not reply.reusable:
                self._drop()

    def _head(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | Iterable[bytes]
    ) -> bytes:
        lines = [f"{method} {self._endpoint.base}{target} HTTP/1.1", *self._endpoint.head]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if isinstance(body, bytes) and (body or method != "GET"):
            lines.append(f"Content-Length: {len(body)}")
        if not all(map(_FIT.fullmatch, lines)):
            raise errors.BadRequest("what is to be asked doesn't fit into the head of a request")
        return "\r\n".join([*lines, "\r\n"]).encode("ascii")

    @staticmethod
    def _send(sock: socket.socket, head: bytes, body: bytes | Iterable[bytes]) -> bool:
        """Send a request; whether all of it has been taken. Who doesn't want more may have answered why."""
        try:
            if isinstance(body, bytes):
                sock.sendall(head + body)
                return True
            sock.sendall(head)
            for piece in body:
                sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    # -- the connection -------------------------------------------------------------------------------

    def _connected(self) -> socket.socket:
        if self._socket is not None and self._is_stale(self._socket):
            self._drop()
        if self._socket is not None:
            return self._socket
        try:
            try:
                made = self._endpoint.connect()
            except ssl.SSLCertVerificationError:
                raise
            except ConnectionError:  # an agent that is just being started again
                made = self._endpoint.connect()
        except OSError as error:
            raise unreachable(self._endpoint.where, error) from error
        with self._lock:
            self._socket = made
            ended = self.closed
        if ended:
            raise errors.ProtocolError(f"the connection to {self._endpoint.where} was closed")
        return made

    def _is_stale(self, sock: socket.socket) -> bool:
        """Whether the other end closed the connection, or is about to: it has nothing to say by itself."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            return True
        waiting = select.poll()
        waiting.register(sock, select.POLLIN)
        return bool(waiting.poll(0))

    def _drop(self) -> None:
        with self._lock:
            sock, self._socket = self._socket, None
            if sock is not None:
                sock.close()

    def interrupt(self) -> None:
        """See `Client.interrupt`."""
        with self._lock:
            self.closed = True
            if self._socket is not None:
                with suppress(OSError):  # TLS's own shutdown would wait for the thread that reads
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """See `Client.close`."""
        self.closed = True
        self._drop()


class _HttpReply:
    """See `Reply`. `reusable`: whether the connection is good for another request."""

    def __init__(self, where: str, sock: socket.socket, method: str, *, reusable: bool) -> None:
        self._where = where
        self._sent = reusable
        self._response = HTTPResponse(sock, method=method)
        try:
            self._response.begin()
        except BaseException:
            self._response.close()
            raise
        self.status = self._response.status
        self.reason = self._response.reason
        self.reusable = False

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers  # type: ignore[return-value]  # a mapping but for its name

    def read(self) -> bytes:
        return b"".join(self._pieces())

    def lines(self) -> Iterator[str]:
        begun: list[bytes] = []
        size = 0
        for piece in self._pieces(bounded=False):
            *ended, rest = piece.split(b"\n")
            for line in ended:
                yield (b"".join(begun) + line).decode(errors="replace").removesuffix("\r")
                begun, size = [], 0
            begun.append(rest)
            size += len(rest)
            self._check(size)
        if last := b"".join(begun):
            yield last.decode(errors="replace")

    def _pieces(self, *, bounded: bool = True) -> Iterator[bytes]:
        response, size = self._response, 0
        try:
            while True:
                try:
                    piece = response.read1(_PIECE_BYTES)
                    if not piece and response.length:
                        raise IncompleteRead(b"", response.length)
                except (OSError, HTTPException) as error:
                    raise _broken(self._where, error) from error
                if not piece:
                    break
                size += len(piece)
                if bounded:
                    self._check(size)
                yield piece
            self.reusable = self._sent and not response.will_close
        finally:
            response.close()

    def _check(self, size: int) -> None:
        if size > MAX_ANSWER_BYTES:
            raise errors.ProtocolError(f"the answer of {self._where} is larger than {MAX_ANSWER_BYTES} bytes")


def _broken(where: str, error: Exception) -> errors.TransportError:
    if isinstance(error, TimeoutError):
        return errors.TimedOut(
            f"{where} didn't answer in time",
            hint="whether a change was made is unknown: look at the revisions",
        )
    return errors.ProtocolError(f"the connection to {where} broke: {str(error) or type(error).__name__}")
