"""Asks chronyd how it is: its binary command protocol, version 6 (chrony's candm.h), over its unix socket."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

VERSION, REQUEST, REPLY = 6, 1, 2
TRACKING, SOURCE_DATA = 33, 15
TRACKING_REPLY, SOURCE_DATA_REPLY = 5, 3
_HEAD = struct.Struct(">BBBBHHIII")
"""Version, type, two reserved bytes, command, attempt, sequence, two words of padding."""
_REPLY_HEAD = struct.Struct(">BBBBHHHHHHIII")
_ADDRESS = "16sHxx"
_TRACKING = struct.Struct(f">I{_ADDRESS}HHIIIIIIIIIIIII")
_SOURCE = struct.Struct(f">{_ADDRESS}hHHHHHIIII")
REQUEST_BYTES = 128
"""At least as long as the reply, so that the protocol can't be used to flood somebody."""
SECONDS = 2.0
NOT_SYNCHRONISED = 3
IPV4, IPV6 = 1, 2
_numbers = itertools.count(os.getpid() << 16)


@dataclass(frozen=True)
class NtpStatus:
    """How the clock is.

    Attributes:
        synchronised: whether it follows a server.
        server: the server that it follows, or is trying.
        stratum: of this clock; 0 when it isn't synchronised.
        offset_s: how far it is from the server's time, positive when slow.
        within_s: the time is right within so much (half of the root delay, and the root dispersion).
        polling_s: how often the server is asked; None before the first time.
    """

    synchronised: bool
    server: str
    stratum: int
    offset_s: float
    within_s: float
    polling_s: float | None


def status(path: Path) -> NtpStatus:
    """What the chronyd that listens at `path` tells.

    Raises:
        OSError: it doesn't answer.
        ValueError: it answers something else.
    """
    with _Client(path) as client:
        tracking = _TRACKING.unpack_from(client.ask(TRACKING, TRACKING_REPLY))
        source = _SOURCE.unpack_from(client.ask(SOURCE_DATA, SOURCE_DATA_REPLY))
    leap, correction, delay, dispersion = tracking[4], tracking[8], tracking[14], tracking[15]
    synchronised = leap != NOT_SYNCHRONISED
    return NtpStatus(
        synchronised=synchronised,
        server=_address(*(tracking[1:3] if synchronised else source[:2])),
        stratum=tracking[3] if synchronised else 0,
        offset_s=_float(correction),
        within_s=_float(delay) / 2 + _float(dispersion),
        polling_s=float(2 ** source[2]) if -10 < source[2] < 25 else None,
    )


class _Client:
    def __init__(self, path: Path) -> None:
        self._own = path.with_name(f"ask.{os.getpid()}.{next(_numbers)}")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.settimeout(SECONDS)
            self._socket.bind(str(self._own))  # chronyd answers where it was asked from, so it needs a name
            self._socket.connect(str(path))
        except OSError:
            self.close()
            raise

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(OSError):
            self._own.unlink()

    def ask(self, command: int, reply: int) -> bytes:
        number = next(_numbers) & 0xFFFFFFFF
        head = _HEAD.pack(VERSION, REQUEST, 0, 0, command, 0, number, 0, 0)
        self._socket.send(head.ljust(REQUEST_BYTES, b"\0"))
        answer = self._socket.recv(1024)
        if len(answer) < _REPLY_HEAD.size:
            raise ValueError("chronyd's answer is cut off")
        version, kind, _, _, to, what, error, _, _, _, sequence, _, _ = _REPLY_HEAD.unpack_from(answer)
        if (version, kind, to, what, error, sequence) != (VERSION, REPLY, command, reply, 0, number):
            raise ValueError(f"chronyd answers {what} (status {error}) to {command}")
        return answer[_REPLY_HEAD.size :].ljust(_TRACKING.size, b"\0")


def _address(raw: bytes, family: int) -> str:
    if family == IPV4:
        return str(ipaddress.IPv4Address(raw[:4]))
    return str(ipaddress.IPv6Address(raw)) if family == IPV6 else ""


def _float(word: int) -> float:
    """chrony's own form: 7 bits of exponent, 25 of coefficient, both in two's complement."""
    exponent, coefficient = word >> 25, word & 0x1FFFFFF
    exponent -= 128 if exponent >= 64 else 0
    coefficient -= 1 << 25 if coefficient >= 1 << 24 else 0
    return float(coefficient * 2.0 ** (exponent - 25))
