"""Downloads over TFTP from Debian's server, and from servers that misbehave."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connetos_agent.services import tftp
from connetos_sdk.errors import ApplyFailed, ConnetosError, NotFound, StorageFailed, TimedOut, TooLarge

needs_server = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("in.tftpd") is None, reason="needs root and tftpd-hpa"
)


@dataclass(frozen=True)
class Server:
    port: int
    directory: Path

    def fetch(self, name: str, target: Path, **options: object) -> int:
        return asyncio.run(tftp.download("127.0.0.1", name, target, port=self.port, **options))  # type: ignore[arg-type]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("served")
    directory.chmod(0o755)
    for parent in directory.parents:
        if parent.stat().st_uid == os.geteuid() and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    port = free_port()
    program = subprocess.Popen(
        ["in.tftpd", "-L", "-u", "root", "--address", f"127.0.0.1:{port}", "--secure", str(directory)]
    )
    deadline = time.monotonic() + 20
    while f":{port:04X} " not in Path("/proc/net/udp").read_text():
        assert program.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield Server(port, directory)
    program.terminate()
    program.wait(10)


@needs_server
@pytest.mark.root
@pytest.mark.parametrize("size", [0, 1, 511, 512, 1427, 1428, 1429, 300_000])
def test_a_file_of_any_size_comes_as_it_is(server: Server, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (server.directory / "some.cfg").write_bytes(data)
    (server.directory / "some.cfg").chmod(0o644)
    assert server.fetch("some.cfg", tmp_path / "got") == size
    assert (tmp_path / "got").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["got"]


@needs_server
@pytest.mark.root
def test_more_blocks_than_a_block_number_can_count(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp, "BLOCK_BYTES", 8)
    data = os.urandom(8 * 65536 + 20)
    (server.directory / "long").write_bytes(data)
    (server.directory / "long").chmod(0o644)
    assert server.fetch("long", tmp_path / "got") == len(data)
    assert (tmp_path / "got").read_bytes() == data


@needs_server
@pytest.mark.root
def test_a_file_that_is_not_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("as it was")
    with pytest.raises(NotFound, match=r"hasn't got nothing\.cfg"):
        server.fetch("nothing.cfg", tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "as it was"


@needs_server
@pytest.mark.root
def test_a_file_that_is_too_large_is_refused_before_it_comes(server: Server, tmp_path: Path) -> None:
    (server.directory / "large").write_bytes(bytes(5000))
    (server.directory / "large").chmod(0o644)
    with pytest.raises(TooLarge, match="larger than 4999 bytes"):
        server.fetch("large", tmp_path / "got", bounds=tftp.Bounds(bytes=4999))
    assert not list(tmp_path.iterdir())


@needs_server
@pytest.mark.root
def test_it_is_told_how_far_it_is(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tftp, "REPORT_EVERY_BYTES", 20_000)
    (server.directory / "some").write_bytes(bytes(50_000))
    (server.directory / "some").chmod(0o644)
    told: list[tuple[int, int | None]] = []

    async def report(received: int, total: int | None) -> None:
        told.append((received, total))

    server.fetch("some", tmp_path / "got", report=report)
    assert [total for _, total in told] == [50_000, 50_000]


# -- servers that misbehave ------------------------------------------------------------------------------------


Answer = Callable[[bytes, int], list[bytes]]


@dataclass
class Odd:
    """A server that answers each packet with what `answer(packet, how many before)` says."""

    answer: Answer
    seen: list[bytes]
    port: int = 0


@pytest.fixture
def odd() -> Iterator[Callable[[Answer], Odd]]:
    made: list[tuple[socket.socket, threading.Thread]] = []

    def make(answer: Answer) -> Odd:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        server = Odd(answer, [], sock.getsockname()[1])

        def serve() -> None:
            while True:
                packet, source = sock.recvfrom(2000)
                if packet == b"end":
                    return
                server.seen.append(packet)
                for reply in answer(packet, len(server.seen) - 1):
                    sock.sendto(reply, source)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        made.append((sock, thread))
        return server

    yield make
    for sock, thread in made:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"end", sock.getsockname())
        thread.join(10)
        sock.close()


def fetch(server: Odd, target: Path) -> int:
    return asyncio.run(tftp.download("127.0.0.1", "f", target, port=server.port))


def data(number: int, content: bytes) -> bytes:
    return struct.pack("!HH", 3, number) + content


def test_a_server_without_options(odd: Callable[[Answer], Odd], tmp_path: Path) -> None:
    server = odd(lambda packet, n: [data(1, b"x" * 512)] if n == 0 else [data(2, b"y")] if n == 1 else [])
    assert fetch(server, tmp_path / "got") == 513


def test_a_server_that_refuses_options_is_asked_without(odd: Callable[[Answer], Odd], tmp_path: Path) -> None:
    server = odd(
        lambda packet, n: (
            [struct.pack("!HH", 5, 8) + b"no\0"]
            if b"blksize" in packet
            else [data(1, b"ok")]
            if n == 1
            else []
        )
    )
    assert fetch(server, tmp_path / "got") == 2


def test_packets_that_are_lost_are_asked_for_again(
    odd: Callable[[Answer], Odd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp, "ANSWER_SECONDS", 0.05)
    replies = {0: [], 1: [data(1, b"x" * 512)], 2: [], 3: [data(2, b"end")]}
    server = odd(lambda packet, n: replies.get(n, []))
    assert fetch(server, tmp_path / "got") == 515
    assert server.seen[0] == server.seen[1]
    assert server.seen[2] == server.seen[3] == struct.pack("!HH", 4, 1)


def test_packets_that_come_twice_count_once(odd: Callable[[Answer], Odd], tmp_path: Path) -> None:
    first = data(1, b"x" * 512)
    server = odd(
        lambda packet, n: (
            [first, first, data(0, b"old")] if n == 0 else [data(2, b"e")] if packet[3] == 1 else []
        )
    )
    assert fetch(server, tmp_path / "got") == 513


def test_a_server_that_is_silent_is_given_up(
    odd: Callable[[Answer], Odd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp, "ANSWER_SECONDS", 0.02)
    server = odd(lambda packet, n: [])
    with pytest.raises(TimedOut, match="doesn't answer"):
        fetch(server, tmp_path / "got")
    assert not list(tmp_path.iterdir())


def test_a_server_that_never_ends_is_stopped(odd: Callable[[Answer], Odd], tmp_path: Path) -> None:
    server = odd(lambda packet, n: [data((n + 1) & 0xFFFF, b"z" * 512)])
    with pytest.raises(TooLarge):
        asyncio.run(
            tftp.download(
                "127.0.0.1", "f", tmp_path / "got", port=server.port, bounds=tftp.Bounds(bytes=20_000)
            )
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (struct.pack("!HH", 5, 1) + b"File not found\0", NotFound),
        (struct.pack("!HH", 5, 2) + b"Access \x1b[2J denied\0", ApplyFailed),
        (struct.pack("!HH", 9, 1), ConnetosError),
        (struct.pack("!H", 6) + b"blksize\x0099999\0", ConnetosError),
        (struct.pack("!H", 6) + b"tsize\0many\0", ConnetosError),
        (struct.pack("!H", 6) + b"tsize\x009999999999999\0", TooLarge),
        (data(1, b"x" * 1500), TooLarge),
    ],
)
def test_what_a_server_may_not_say(
    odd: Callable[[Answer], Odd], tmp_path: Path, reply: bytes, error: type[ConnetosError]
) -> None:
    server = odd(lambda packet, n: [reply] if n == 0 else [])
    with pytest.raises(error) as caught:
        fetch(server, tmp_path / "got")
    assert "\x1b" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_not_there(odd: Callable[[Answer], Odd], tmp_path: Path) -> None:
    server = odd(lambda packet, n: [data(1, b"x")])
    with pytest.raises(StorageFailed, match="can't be stored"):
        fetch(server, tmp_path / "nowhere" / "got")
