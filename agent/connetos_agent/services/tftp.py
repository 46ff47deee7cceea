"""A TFTP client that downloads (RFC 1350, with the options of RFC 2347 to 2349), bounded in size and time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connetos_sdk.errors import ApplyFailed, ConnetosError, NotFound, StorageFailed, TimedOut, TooLarge

PORT = 69
BLOCK_BYTES = 1428
"""Asked of the server: what fits into an Ethernet frame with its headers."""
STANDARD_BLOCK_BYTES = 512
MAX_OPTION_BLOCK = 65464
MAX_BYTES = 1 << 30
ANSWER_SECONDS = 1.0
TRIES = 6
"""How often the last packet is sent before the server is given up."""
REPORT_EVERY_BYTES = 1 << 20
RRQ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
_REFUSED_OPTIONS, _UNKNOWN_TRANSFER, _DISK_FULL, _ILLEGAL, _NOT_FOUND = 8, 5, 3, 4, 1

Report = Callable[[int, int | None], Awaitable[None]]
"""Told the bytes that have come, and how many there will be, if the server says so."""


async def _untold(_received: int, _total: int | None) -> None:
    """For callers who only want the file."""


@dataclass(frozen=True)
class Bounds:
    """How much and how long: bytes of the file, seconds for all of it."""

    bytes: int = MAX_BYTES
    seconds: float = 3600.0


async def download(
    server: str,
    name: str,
    target: Path,
    *,
    bounds: Bounds = Bounds(),
    port: int = PORT,
    report: Report = _untold,
) -> int:
    """Fetch the file `name` from `server` to `target`, which is there as a whole or as it was before.

    Returns:
        The number of bytes.

    Raises:
        NotFound: the server hasn't got it.
        TimedOut: the server doesn't answer, or it takes longer than `bounds` allow.
        TooLarge: it is larger than `bounds` allow.
        StorageFailed: it can't be stored.
        ConnetosError: the server refuses, or says what isn't TFTP.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    what = f"{name} from {server}"
    try:
        with part.open("xb") as file:
            try:
                async with asyncio.timeout(bounds.seconds):
                    size = await _Transfer((server, port), name, bounds.bytes, file, report).run()
            except TimeoutError:
                raise TimedOut(f"{what} wasn't here within {bounds.seconds:g} s") from None
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise StorageFailed(f"{what} can't be stored as {target}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return size


class _Packets(asyncio.DatagramProtocol):
    """Packets as they come; bounded, the peer sends again what is lost."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue(64)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """See `asyncio.DatagramProtocol`."""
        if not self.queue.full():
            self.queue.put_nowait((data, addr))


class _OptionsRefused(Exception):
    """The server doesn't like options: ask without."""


class _Transfer:
    def __init__(
        self, server: tuple[str, int], name: str, limit: int, file: BinaryIO, report: Report
    ) -> None:
        self._server = server
        self._name = name
        self._limit = limit
        self._file = file
        self._report = report
        self._peer: tuple[str, int] | None = None
        self._block_bytes = STANDARD_BLOCK_BYTES
        self._total: int | None = None
        self._received = self._told = 0

    async def run(self) -> int:
        try:
            return await self._attempt(options=True)
        except _OptionsRefused:
            self._peer = None
            return await self._attempt(options=False)

    async def _attempt(self, *, options: bool) -> int:
        transport, packets = await asyncio.get_running_loop().create_datagram_endpoint(
            _Packets, local_addr=("0.0.0.0", 0)
        )
        try:
            last = self._request(options=options)
            block = 0
            transport.sendto(last, self._server)
            while True:
                kind, payload = await self._next(transport, packets, last)
                if kind == OACK and block == 0:
                    self._accept(transport, payload)
                    last = struct.pack("!HH", ACK, 0)
                elif kind == DATA and len(payload) >= 2:
                    number = int.from_bytes(payload[:2], "big")
                    if number == (block + 1) & 0xFFFF:
                        block += 1
                        await self._store(transport, payload[2:])
                        last = struct.pack("!HH", ACK, number)
                        if len(payload) - 2 < self._block_bytes:
                            self._send(transport, last)
                            return self._received
                    elif number != block & 0xFFFF:
                        continue  # an old one that was long on its way
                else:
                    self._abort(transport, _ILLEGAL, "not expected")
                    raise ConnetosError(f"{self._where} sends packets that TFTP doesn't have here")
                self._send(transport, last)
        finally:
            transport.close()

    @property
    def _where(self) -> str:
        return f"the TFTP server {self._server[0]}"

    def _request(self, *, options: bool) -> bytes:
        words = [self._name.encode(), b"octet"]
        if options:
            words += [b"blksize", str(BLOCK_BYTES).encode(), b"tsize", b"0"]
        return struct.pack("!H", RRQ) + b"".join(word + b"\0" for word in words)

    async def _next(
        self, transport: asyncio.DatagramTransport, packets: _Packets, last: bytes
    ) -> tuple[int, bytes]:
        """The next packet of this transfer; `last` is sent again as long as none comes."""
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    while True:
                        data, source = await packets.queue.get()
                        if self._is_ours(transport, source) and len(data) >= 4:
                            return self._opened(data)
            except TimeoutError:
                transport.sendto(last, self._peer or self._server)
        raise TimedOut(
            f"{self._where} doesn't answer",
            hint=f"{self._received} bytes of {self._name} had come"
            if self._received
            else "is TFTP served there?",
        )

    def _is_ours(self, transport: asyncio.DatagramTransport, source: tuple[str, int]) -> bool:
        if source[0] != self._server[0]:
            return False
        if self._peer is None:
            self._peer = source
        if source != self._peer:
            transport.sendto(struct.pack("!HH", ERROR, _UNKNOWN_TRANSFER) + b"unknown transfer\0", source)
        return source == self._peer

    def _opened(self, data: bytes) -> tuple[int, bytes]:
        kind, payload = int.from_bytes(data[:2], "big"), data[2:]
        if kind != ERROR:
            return kind, payload
        code = int.from_bytes(payload[:2], "big")
        if code == _REFUSED_OPTIONS:
            raise _OptionsRefused
        text = payload[2:].split(b"\0", 1)[0][:200].decode("utf-8", "replace")
        text = "".join(letter if letter.isprintable() else "?" for letter in text) or f"error {code}"
        if code == _NOT_FOUND:
            raise NotFound(f"{self._where} hasn't got {self._name}: {text}")
        raise ApplyFailed(f"{self._where} refuses {self._name}: {text}")

    def _accept(self, transport: asyncio.DatagramTransport, payload: bytes) -> None:
        words = payload.split(b"\0")
        options = {k.lower(): v for k, v in zip(words[::2], words[1::2], strict=False)}
        try:
            self._block_bytes = int(options.get(b"blksize", STANDARD_BLOCK_BYTES))
            self._total = int(options[b"tsize"]) if b"tsize" in options else None
        except ValueError:
            self._block_bytes = 0
        if not 8 <= self._block_bytes <= min(BLOCK_BYTES, MAX_OPTION_BLOCK):
            self._abort(transport, _REFUSED_OPTIONS, "these options weren't asked for")
            raise ConnetosError(f"{self._where} answers with options that weren't asked for")
        if self._total is not None and self._total > self._limit:
            self._too_large(transport)

    async def _store(self, transport: asyncio.DatagramTransport, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._limit or len(data) > self._block_bytes:
            self._too_large(transport)
        self._file.write(data)
        if self._received - self._told >= REPORT_EVERY_BYTES:
            self._told = self._received
            await self._report(self._received, self._total)

    def _too_large(self, transport: asyncio.DatagramTransport) -> None:
        self._abort(transport, _DISK_FULL, "too large")
        raise TooLarge(f"{self._name} is larger than {self._limit} bytes", hint="a smaller file")

    def _send(self, transport: asyncio.DatagramTransport, packet: bytes) -> None:
        transport.sendto(packet, self._peer or self._server)

    def _abort(self, transport: asyncio.DatagramTransport, code: int, text: str) -> None:
        self._send(transport, struct.pack("!HH", ERROR, code) + text.encode() + b"\0")
