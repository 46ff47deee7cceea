"""Capture: frames of a port or VLAN interface as a pcap file, by tcpdump, within bounds of number, time and size.

tcpdump rather than a socket of our own: libpcap compiles the filter for the device it opens, and keeps the tags that
the kernel takes off. It is started for this one capture and is ended with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connetos_sdk.errors import BadRequest, ConnetosError, NotRealisable, Problem

PROGRAM = "tcpdump"
CHECK_SECONDS = 10.0
END_SECONDS = 2.0
CHUNK_BYTES = 1 << 16
_HEADER_BYTES = 24
_RECORD_BYTES = 16
_DIRECTIONS = {"in": "in", "out": "out", "both": "inout"}


@dataclass(frozen=True)
class Request:
    """What to capture: `device` is the network device; bounds in frames, seconds and bytes of the file."""

    device: str
    count: int
    seconds: int
    max_bytes: int
    frame_bytes: int
    direction: str
    filter: str

    def arguments(self) -> list[str]:
        """Of tcpdump; the filter is one word, whatever stands in it."""
        words = [
            "-i", self.device, "-w", "-", "-U", "-n", "--immediate-mode", "-c", str(self.count),
            "-s", str(self.frame_bytes), "-Q", _DIRECTIONS[self.direction],
        ]  # fmt: skip
        return [*words, *(["--", self.filter] if self.filter else [])]


def in_vlan(request: Request, tagged: bool, vlan: int) -> Request:
    """The same capture of one VLAN's frames; its filter has been compiled by itself before, so brackets hold it.

    What stands behind `vlan` looks behind a tag (pcap-filter(7)), even behind `not vlan`: hence the order.
    """
    if not request.filter:
        return replace(request, filter=f"vlan {vlan}" if tagged else "not vlan")
    inner = f"({request.filter})"
    return replace(request, filter=f"vlan {vlan} and {inner}" if tagged else f"{inner} and not vlan")


async def check_filter(request: Request) -> None:
    """Have libpcap compile the filter for the device.

    Raises:
        BadRequest: it isn't one; the reason is libpcap's.
        NotRealisable: tcpdump isn't installed.
    """
    if shutil.which(PROGRAM) is None:
        raise NotRealisable("captures need tcpdump, which isn't installed", hint="Debian package tcpdump")
    if not request.filter:
        return
    process = await _start("-d", "-i", request.device, "--", request.filter)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            _, errors = await process.communicate()
    except TimeoutError:
        raise _wrong(
            "filter", f"can't be compiled within {CHECK_SECONDS:.0f} s: it has names of hosts"
        ) from None
    finally:
        await _end(process)
    if process.returncode != 0:
        raise _wrong("filter", _reason(errors))


class Capture:
    """One capture.

    Args:
        request: what to do.

    Attributes:
        bytes: how large the file is until now.
        frames: how many frames it has.
        ended_by: the bound at which it ended: `count`, `seconds` or `max_bytes`.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.bytes = 0
        self.frames = 0
        self.ended_by = "count"

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The pcap file, piece by piece, whole records only.

        Raises:
            ConnetosError: tcpdump can't begin.
        """
        process = await _start(*self._request.arguments())
        end = asyncio.get_running_loop().time() + self._request.seconds
        pending = b""
        try:
            while (chunk := await _chunk(process, end)) is not None:
                pending += chunk
                whole = self._whole(pending)
                if whole:
                    yield pending[:whole]
                    pending = pending[whole:]
                if not chunk:
                    break
                if self.bytes + len(pending) > self._request.max_bytes:
                    self.ended_by = "max_bytes"
                    return
            else:
                self.ended_by = "seconds"
                return
            if not self.bytes and process.stderr:
                raise ConnetosError(f"the capture can't begin: {_reason(await process.stderr.read())}")
        finally:
            await _end(process)

    def _whole(self, data: bytes) -> int:
        """How many bytes of `data` are whole, the file's header or records, and within the bound; counts them."""
        end = 0
        if not self.bytes:
            if len(data) < _HEADER_BYTES:
                return 0
            end = _HEADER_BYTES
        while end + _RECORD_BYTES <= len(data):
            size = _RECORD_BYTES + int.from_bytes(data[end + 8 : end + 12], sys.byteorder)
            if end + size > len(data) or self.bytes + end + size > self._request.max_bytes:
                break
            end += size
            self.frames += 1
        self.bytes += end
        return end


async def _chunk(process: asyncio.subprocess.Process, end: float) -> bytes | None:
    """What tcpdump wrote, nothing when it has ended; None when it is `end` on the loop's clock."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        async with asyncio.timeout_at(end):
            return await process.stdout.read(CHUNK_BYTES)
    except TimeoutError:
        return None


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        PROGRAM, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _reason(errors: bytes) -> str:
    lines = [
        line.removeprefix(f"{PROGRAM}: ")
        for line in errors.decode(errors="replace").splitlines()
        if line.strip()
    ]
    return lines[-1][:200] if lines else "tcpdump says nothing"


def _wrong(argument: str, reason: str) -> BadRequest:
    return BadRequest(problems=[Problem(reason, (argument,), "a filter of pcap-filter(7)", BadRequest.code)])


def request_of(arguments: Mapping[str, Any], device: str) -> Request:
    """The request that an operation's arguments are."""
    return Request(
        device=device,
        count=arguments["count"],
        seconds=arguments["seconds"],
        max_bytes=arguments["max_bytes"],
        frame_bytes=arguments["frame_bytes"],
        direction=arguments["direction"],
        filter=arguments.get("filter", "").strip(),
    )
