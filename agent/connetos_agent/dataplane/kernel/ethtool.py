"""A port's speed and pause frames: what `ethtool` does, by the same ioctl (linux/ethtool.h), nothing started.

Devices without a wire (veth, tap) know neither; asking one to be as it is tells whether it can be asked at all.
"""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
from dataclasses import dataclass

_SIOCETHTOOL = 0x8946
_GSET, _SSET, _GPAUSE, _SPAUSE = 0x01, 0x02, 0x12, 0x13
_SETTINGS = struct.Struct("=IIIHBBBBBBIIHBBI8x")  # struct ethtool_cmd
_PAUSE = struct.Struct("=IIII")  # struct ethtool_pauseparam
_SPEED, _AUTONEG, _SPEED_HIGH = 3, 8, 12
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV)


@dataclass(frozen=True)
class Speed:
    """A device's speed in Mbit/s, and whether it negotiates it."""

    megabits: int
    negotiated: bool


class Ethtool:
    """Asks and sets devices of the network namespace it was made in."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def speed(self, device: str) -> Speed | None:
        """The speed of a device that can be told one; None of another."""
        fields = self._settings(device)
        if fields is None or not self._can(device, _SETTINGS.pack(_SSET, *fields[1:])):
            return None
        return Speed(fields[_SPEED] | fields[_SPEED_HIGH] << 16, negotiated=bool(fields[_AUTONEG]))

    def set_speed(self, device: str, megabits: int | None) -> None:
        """Fix the speed of a device, or (None) let it negotiate.

        Raises:
            OSError: it can't.
        """
        fields = self._settings(device)
        if fields is None:
            raise OSError(errno.EOPNOTSUPP, "it has no speed that could be set")
        if megabits is not None:
            fields[_SPEED], fields[_SPEED_HIGH] = megabits & 0xFFFF, megabits >> 16
        fields[_AUTONEG] = int(megabits is None)
        self._ask(device, _SETTINGS.pack(_SSET, *fields[1:]))

    def pause(self, device: str) -> bool | None:
        """Whether a device sends pause frames and heeds them; None if it knows none."""
        try:
            _, _, receive, send = _PAUSE.unpack(self._ask(device, _PAUSE.pack(_GPAUSE, 0, 0, 0)))
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return None
            raise
        return bool(receive and send)

    def set_pause(self, device: str, *, on: bool) -> None:
        """Let a device send pause frames and heed them, or do neither.

        Raises:
            OSError: it can't.
        """
        self._ask(device, _PAUSE.pack(_SPAUSE, 0, on, on))

    def _settings(self, device: str) -> list[int] | None:
        try:
            return list(_SETTINGS.unpack(self._ask(device, _SETTINGS.pack(_GSET, *([0] * 15)))))
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return None
            raise

    def _can(self, device: str, request: bytes) -> bool:
        try:
            self._ask(device, request)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return False
            raise
        return True

    def _ask(self, device: str, request: bytes) -> bytes:
        data = array.array("B", request)
        name = device.encode()[:15]
        fcntl.ioctl(self._socket, _SIOCETHTOOL, struct.pack("16sP16x", name, data.buffer_info()[0]))
        return data.tobytes()
