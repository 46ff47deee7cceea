"""A client that does, byte by byte, what the vendor's does (spec/wire/rcc.md, 1.1 to 1.3); it shares no code with ours.

Command and newline in one write; the header in reads of which each must yield four bytes from one data packet;
the text in reads of up to 4095 bytes; then 200 ms of silence end the response.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

QUIET = 0.2
FIRST_ANSWER = 120.0


@dataclass
class Answer:
    text: bytes
    success: int
    mode: int
    messages: int


class _Session(asyncssh.SSHClientSession[bytes]):
    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.news = asyncio.Event()
        self.closed = False

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.packets.append(data)
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.news.set()

    async def readable(self, seconds: float) -> bool:
        while not self.packets and not self.closed:
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), seconds)
            except TimeoutError:
                return False
        return True

    def read(self, count: int) -> bytes:
        """What one read yields: bytes of the first packet that was not read to its end."""
        if not self.packets:
            return b""
        data, rest = self.packets[0][:count], self.packets[0][count:]
        self.packets[:1] = [rest] if rest else []
        return data


class VendorError(Exception):
    """`Invalid message length!`, or a hang."""


async def talk(
    port: int, commands: Sequence[str], *, user: str, password: str, before_close: float = 0
) -> list[Answer]:
    """One run of the client."""
    async with asyncssh.connect(
        "127.0.0.1",
        port,
        username=user,
        password=password,
        known_hosts=None,
        client_keys=None,
        preferred_auth="password",
        kex_algs=["curve25519-sha256@libssh.org"],
        encryption_algs=["aes256-ctr"],
        mac_algs=["hmac-sha2-256"],
        server_host_key_algs=["ssh-ed25519"],
        compression_algs=["none"],
        config=None,
    ) as connection:
        channel, session = await connection.create_session(_Session, subsystem="remote_config", encoding=None)
        answers = []
        for command in commands:
            channel.write(command.encode() + b"\n")
            answers.append(await _response(session))
        await asyncio.sleep(before_close)
        channel.close()
        return answers


async def _response(session: _Session) -> Answer:
    if not await session.readable(FIRST_ANSWER):
        raise VendorError("no answer")
    text, count, success, mode = b"", 0, 0, 0
    while True:
        header = session.read(12)
        if len(header) < 12 or (length := struct.unpack(">I", header[:4])[0]) < 12:
            raise VendorError(f"Invalid message length! {header!r}")
        success, mode = struct.unpack(">II", header[4:])
        count += 1
        left = length - 12
        while left:
            if not await session.readable(FIRST_ANSWER):
                raise VendorError("hangs in the text")
            piece = session.read(min(left, 4095))
            if not piece:
                raise VendorError("closed in the text")
            left -= len(piece)
            text += piece
        if not await session.readable(QUIET):
            return Answer(text, success, mode, count)
