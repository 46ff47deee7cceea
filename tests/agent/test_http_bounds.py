"""Bounds of the HTTP server: heads and bodies that are too large, too slow, or have no end; many connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from connetos_agent.northbound import http
from connetos_agent.northbound.problems import problem
from connetos_agent.sockets import tcp_socket
from connetos_sdk.lab.lab import LabSwitch
from tests.agent.conftest import received, tls

HEAD = b"PUT /api/v1/config HTTP/1.1\r\nhost: switch\r\n"


async def echo(request: http.Request) -> http.Response:
    return http.Response(200, request.body or b"nothing")


def against_server(talk: Callable[[str, int], Coroutine[Any, Any, bytes]]) -> bytes:
    """What `talk` got from a server of its own."""

    async def run() -> bytes:
        sock = socket.create_server(("127.0.0.1", 0))
        server = http.HttpServer(echo, problem)
        await server.listen(sock, None)
        try:
            return await asyncio.wait_for(talk("127.0.0.1", sock.getsockname()[1]), 8)
        finally:
            await server.close()

    return asyncio.run(run())


async def say(host: str, port: int, *parts: bytes) -> bytes:
    """The whole answer, up to the end of the connection, to what is sent."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b"closed"
    finally:
        writer.close()


def test_a_head_that_never_ends_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.3)
    assert against_server(lambda *where: say(*where, HEAD)) == b""
    assert against_server(say) == b""


def test_a_head_that_comes_byte_by_byte_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_SECONDS", 0.5)

    async def drip(host: str, port: int) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        ended = asyncio.ensure_future(reader.read())
        for byte in HEAD * 20:
            writer.write(bytes([byte]))
            done, _ = await asyncio.wait([ended], timeout=0.05)
            if done:
                break
        writer.close()
        return await ended

    begun = time.monotonic()
    assert against_server(drip) == b""
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(
    "length", [b"content-length: 10\r\n\r\nabc", b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
def test_a_body_that_never_ends_is_answered_and_the_connection_closed(
    monkeypatch: pytest.MonkeyPatch, length: bytes
) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 0.3)
    answer = against_server(lambda *where: say(*where, HEAD + length))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:connetos:error:request-timeout" in answer


def test_a_trailer_that_never_ends_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_REQUEST_BYTES", 1 << 20)
    head = HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\nx: "
    answer = against_server(lambda *where: say(*where, head, *([b"a" * 65536] * 200)))
    assert b"200" not in answer


def test_a_trailer_is_not_taken_for_a_header() -> None:
    text = (
        HEAD
        + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nauthorization: x\r\n\r\n"
    )
    assert against_server(lambda *where: say(*where, text)).endswith(b"abc")


@pytest.mark.parametrize("end", [b"\r\n\r\n", b""], ids=["complete", "without end"])
@pytest.mark.parametrize("name", [b"x", b"authorization"])
def test_a_head_of_forty_kilobytes_is_refused(leaf1: LabSwitch, end: bytes, name: bytes) -> None:
    with tls(leaf1) as sock:
        sock.sendall(HEAD + name + b": " + b"a" * 40_000 + end)
        assert received(sock).startswith(b"HTTP/1.1 431 ")


def test_a_url_of_forty_kilobytes_is_refused(leaf1: LabSwitch) -> None:
    with tls(leaf1) as sock:
        sock.sendall(b"GET /api/v1/config/" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n")
        assert received(sock).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01 hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n",
                 b"PUT / HTTP/1.1\r\ncontent-length: -5\r\n\r\n", b"PUT / HTTP/1.1\r\ncontent-length: \xb2\r\n\r\n",
                 b"PUT / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_refused_and_the_connection_closed(leaf1: LabSwitch, request_: bytes) -> None:
    with tls(leaf1) as sock:
        sock.sendall(request_)
        assert received(sock).startswith(b"HTTP/1.1 400 ")


def test_three_hundred_connections_at_once_leave_a_switch_that_answers(
    leaf1: LabSwitch, api: httpx.Client, unchanged: Callable[[], None]
) -> None:
    address = ("127.0.0.1", httpx.URL(leaf1.url).port)
    context = ssl.create_default_context(cafile=str(leaf1.ca_file))
    socks = [
        context.wrap_socket(socket.create_connection(address, 10), server_hostname="127.0.0.1")
        for _ in range(300)
    ]
    try:
        first, last = socks[0], socks[-1]
        last.sendall(b"GET /api/v1/config HTTP/1.1\r\nconnection: close\r\n\r\n")
        assert received(last).startswith(b"HTTP/1.1 503 ")
        first.sendall(b"GET /api/v1/config HTTP/1.1\r\nconnection: close\r\n\r\n")
        assert received(first).split(b" ")[1] in (b"401", b"503")
    finally:
        for sock in socks:
            sock.close()
    unchanged()


def test_a_switch_that_is_talked_to_in_clear_does_not_answer_in_clear(leaf1: LabSwitch) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(leaf1.url).port), 5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in received(sock)


def test_answers_dont_wait_for_acknowledgements() -> None:
    with (
        tcp_socket(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
