"""HTTP server with bounds on everything: header size and time, body size and time, connections, handshakes.

uvicorn's protocol speaks HTTP; what it leaves unbounded is bounded here.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from connetos_sdk.errors import BadRequest, NotFound, TooLarge

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_REQUEST_BYTES = 4 * MAX_BODY_BYTES
"""With all that HTTP adds to a body: chunk sizes, trailers."""
MAX_CONNECTIONS = 256
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
HANDSHAKE_SECONDS = 10.0
CLOSE_SECONDS = 5.0
"""What is under way when the server closes is answered, if it doesn't take longer."""
KEEP_ALIVE_SECONDS = 60
UPLOADS = "/api/v1/uploads/"
"""A PUT below it isn't read before it is answered: who answers takes it in as it comes, and bounds it."""
CHUNK_SECONDS = 30.0
UPLOAD_SECONDS = 3600.0


class RequestTimeout(BadRequest):
    """A request whose body doesn't come."""

    code = "request-timeout"


@dataclass(frozen=True)
class Request:
    """A request, its body read (bounded) and its path split into words.

    Attributes:
        words: path segments after percent-decoding, so that a word may contain a slash.
        chunks: instead of `body`, what is uploaded, as it comes.
        peer: address of the client; for a unix socket `uid:<number>`.
    """

    method: str
    words: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str
    disconnected: Callable[[], Awaitable[Any]] = field(repr=False)
    chunks: AsyncIterator[bytes] | None = field(default=None, repr=False)

    async def gone(self) -> None:
        """Return when the client has gone."""
        while (await self.disconnected())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True)
class Response:
    """An answer; `stream` instead of `body` for what has no end."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stream: AsyncIterator[bytes] | None = None


Handler = Callable[[Request], Awaitable[Response]]
Failure = Callable[[Exception], Response]


class _BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose request head is too large or too slow, or whose request has no end."""

    _head_timer: asyncio.TimerHandle | None = None
    _request_bytes = 0
    _uploading = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.client is None:
            self.client = _unix_peer(transport)
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def _start_head(self) -> None:
        if self._head_timer is None:
            self._request_bytes = 0
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._start_head()
        self._request_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._request_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
        elif self._request_bytes > MAX_REQUEST_BYTES and not self._uploading:
            self.transport.close()

    def _refuse_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_timer is not None:  # what comes after the body is a trailer, and nobody reads it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_head()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse_head()
            raise ValueError("the request head is too large")
        self._uploading = self.parser.get_method() == b"PUT" and self.url.startswith(UPLOADS.encode())
        super().on_headers_complete()


def _unix_peer(transport: Any) -> tuple[str, int] | None:
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return (f"uid:{uid}", 0)


class HttpServer:
    """Serves one handler on any number of listening sockets.

    Args:
        handler: answers requests.
        failure: makes an answer of an exception that the handler raised.
    """

    def __init__(self, handler: Handler, failure: Failure) -> None:
        self._handler = handler
        self._failure = failure
        self._config = uvicorn.Config(
            self._app, interface="asgi3", http=_BoundedProtocol, ws="none", lifespan="off", log_config=None,
            access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            limit_concurrency=MAX_CONNECTIONS,
        )  # fmt: skip
        self._config.load()
        # Each kind of socket has its own connections to count: a flood from the network leaves the local socket free.
        self._states = {True: ServerState(), False: ServerState()}
        self._servers: list[asyncio.Server] = []

    async def listen(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Serve on a listening socket, with TLS or (unix sockets) without."""
        loop = asyncio.get_running_loop()

        state = self._states[sock.family == socket.AF_UNIX]

        def protocol() -> _BoundedProtocol:
            return _BoundedProtocol(config=self._config, server_state=state, app_state={}, _loop=loop)

        if sock.family == socket.AF_UNIX:
            server: asyncio.Server = await loop.create_unix_server(protocol, sock=sock)
        else:
            timeout = HANDSHAKE_SECONDS if tls else None
            server = await loop.create_server(protocol, sock=sock, ssl=tls, ssl_handshake_timeout=timeout)
        self._servers.append(server)

    async def close(self) -> None:
        """Stop listening, answer what is under way, end connections."""
        for server in self._servers:
            server.close()
        for connection in [c for state in self._states.values() for c in state.connections]:
            connection.shutdown()
        tasks = [task for state in self._states.values() for task in state.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = None
        try:
            request = await _read(scope, receive)
            response = await self._handler(request)
        except Exception as error:
            response = self._failure(error)
        # what was refused before all of it came can't be followed by another request on this connection
        unread = response.status >= 400 and request is not None and request.chunks is not None
        await _send(response, send, close=unread or response.status in (401, 408, 413))


async def _read(scope: Any, receive: Any) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        segments = scope["raw_path"].decode("ascii").split("/")[1:]
        words = tuple(unquote(segment, errors="strict") for segment in segments)
        text = scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=32, errors="strict")
    except ValueError:
        raise BadRequest("the URL isn't percent-encoded UTF-8") from None
    query = dict(pairs)
    if len(query) < len(pairs):
        raise BadRequest("a query parameter is given twice", hint="give each once")
    if "" in words:
        raise NotFound("a word of the path is empty", hint="a path has no // and no / at its end")
    peer = scope["client"][0] if scope.get("client") else ""
    if scope["method"] == "PUT" and scope["raw_path"].startswith(UPLOADS.encode()):
        return Request("PUT", words, query, headers, b"", peer, receive, _chunks(receive))
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = scope["method"] in ("POST", "PUT", "PATCH", "DELETE")
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadRequest("the client went away")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise RequestTimeout(f"the body took longer than {BODY_SECONDS:.0f} s") from None
    return Request(scope["method"], words, query, headers, bytes(body), peer, receive)


async def _chunks(receive: Any) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        BadRequest: the client went away.
        RequestTimeout: nothing came for a while, or it takes too long.
    """
    more, deadline = True, asyncio.get_running_loop().time() + UPLOAD_SECONDS
    while more:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                message = await receive()
        except TimeoutError:
            raise RequestTimeout(f"nothing came for {CHUNK_SECONDS:.0f} s") from None
        if message["type"] == "http.disconnect":
            raise BadRequest("the client went away")
        if asyncio.get_running_loop().time() > deadline:
            raise RequestTimeout(f"the upload took longer than {UPLOAD_SECONDS:.0f} s")
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _too_large() -> TooLarge:
    return TooLarge("the body is too large", hint=f"at most {MAX_BODY_BYTES} bytes; send the change in parts")


async def _send(response: Response, send: Any, *, close: bool) -> None:
    headers = [(b"content-type", response.content_type.encode()), (b"cache-control", b"no-store")]
    headers += [(name.encode(), value.encode()) for name, value in response.headers]
    if close:
        headers.append((b"connection", b"close"))
    if response.stream is None:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.stream is not None:
        async for chunk in response.stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": response.body})
