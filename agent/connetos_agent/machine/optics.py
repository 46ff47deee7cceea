"""Optical modules: their EEPROM by ethtool's ioctl, read as SFF-8472 (SFP+) or SFF-8636 (QSFP+) say."""

from __future__ import annotations

import ctypes
import fcntl
import math
import socket
import struct
from dataclasses import dataclass

SIOCETHTOOL = 0x8946
ETHTOOL_GMODULEINFO, ETHTOOL_GMODULEEEPROM = 0x42, 0x43
SFF_8079, SFF_8472, SFF_8636, SFF_8436 = 1, 2, 3, 4
"""Kinds of memory maps, as the kernel names them (linux/ethtool.h)."""
MAX_EEPROM = 1024
_DDM_IMPLEMENTED, _INTERNALLY_CALIBRATED = 0x40, 0x20
_SFP_TYPES = ((3, 0x80, "ER"), (3, 0x40, "LRM"), (3, 0x20, "LR"), (3, 0x10, "SR"), (6, 0x08, "1000BASE-T"),
              (6, 0x01, "1000BASE-SX"), (6, 0x02, "1000BASE-LX"))  # fmt: skip
_QSFP_TYPES = ((0x08, "CR4"), (0x04, "SR4"), (0x02, "LR4"), (0x01, "Active Cable"))


@dataclass(frozen=True)
class Module:
    """A module and what it measures: None where it doesn't measure that.

    Attributes:
        form: `SFP+` or `QSFP+`.
        celsius, volts: of the module.
        bias_ma, transmit_dbm, receive_dbm: of its laser and its receiver; of the first lane of a QSFP+.
        length_m: longest cable that it is made for.
    """

    form: str
    vendor: str
    serial: str
    product: str
    kind: str
    length_m: float | None
    celsius: float | None = None
    volts: float | None = None
    bias_ma: float | None = None
    transmit_dbm: float | None = None
    receive_dbm: float | None = None


def read(device: str) -> Module | None:
    """The module in the port of a network device; None where there is none, or the driver can't read it."""
    try:
        kind, data = _eeprom(device)
        return parse(kind, data)
    except (OSError, ValueError):
        return None


def parse(kind: int, data: bytes) -> Module:
    """The module that an EEPROM describes.

    Raises:
        ValueError: it is of a kind that isn't known, or too short.
    """
    if kind in (SFF_8079, SFF_8472) and len(data) >= 256:
        return _sfp(data)
    if kind in (SFF_8636, SFF_8436) and len(data) >= 256:
        return _qsfp(data)
    raise ValueError(f"memory map {kind} of {len(data)} bytes isn't known")


def _sfp(data: bytes) -> Module:
    measured: dict[str, float | None] = {}
    if len(data) >= 512 and data[92] & _DDM_IMPLEMENTED and data[92] & _INTERNALLY_CALIBRATED:
        measured = _measured(data[256 + 96 : 256 + 106])
    optical = data[2] in (0x07, 0x0B)  # LC, or a pigtail
    return Module(
        form="SFP+",
        vendor=_text(data[20:36]), serial=_text(data[68:84]), product=_text(data[40:56]),
        kind=_described(next((name for at, bit, name in _SFP_TYPES if data[at] & bit), ""),
                        _number(data[60:62]) if optical else 0),
        length_m=_longest(data[14] * 1000, data[15] * 100, data[16] * 10, data[17] * 10, data[18], data[19] * 10),
        **measured,
    )  # fmt: skip


def _measured(d: bytes) -> dict[str, float | None]:
    celsius, volts, bias, transmit, receive = struct.unpack(">hHHHH", d)
    return {
        "celsius": celsius / 256.0, "volts": volts / 10_000.0, "bias_ma": bias * 0.002,
        "transmit_dbm": _dbm(transmit), "receive_dbm": _dbm(receive),
    }  # fmt: skip


def _qsfp(data: bytes) -> Module:
    upper = data[128:]
    optical = upper[2] in (0x07, 0x0C)  # LC or MPO
    celsius, volts = struct.unpack_from(">h", data, 22)[0] / 256.0, _number(data[26:28]) / 10_000.0
    bias, transmit, receive = _number(data[42:44]), _number(data[50:52]), _number(data[34:36])
    return Module(
        form="QSFP+",
        vendor=_text(upper[20:36]), serial=_text(upper[68:84]), product=_text(upper[40:56]),
        kind=_described(next((name for bit, name in _QSFP_TYPES if upper[3] & bit), ""),
                        round(_number(upper[58:60]) / 20) if optical else 0),
        length_m=_longest(upper[14] * 1000, upper[15] * 2, upper[16], upper[17], upper[18]),
        celsius=celsius if celsius else None, volts=volts if volts else None,
        bias_ma=bias * 0.002 if bias else None, transmit_dbm=_dbm(transmit), receive_dbm=_dbm(receive),
    )  # fmt: skip


def _described(name: str, wavelength_nm: int) -> str:
    return f"{name or 'unknown'}/{wavelength_nm}nm" if wavelength_nm else name or "Copper"


def _text(field: bytes) -> str:
    return "".join(chr(c) for c in field if 0x20 <= c < 0x7F).strip()


def _number(field: bytes) -> int:
    return int.from_bytes(field, "big")


def _longest(*metres: int) -> float | None:
    return float(max(metres)) or None


def _dbm(tenth_microwatts: int) -> float | None:
    return 10 * math.log10(tenth_microwatts / 10_000.0) if tenth_microwatts else None


def _eeprom(device: str) -> tuple[int, bytes]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        kind, length = struct.unpack_from(
            "II", _ethtool(sock, device, struct.pack("III8I", ETHTOOL_GMODULEINFO, *[0] * 10)), 4
        )
        length = min(length, MAX_EEPROM)
        asked = struct.pack("IIII", ETHTOOL_GMODULEEEPROM, 0, 0, length) + bytes(length)
        return kind, _ethtool(sock, device, asked)[16 : 16 + length]


def _ethtool(sock: socket.socket, device: str, command: bytes) -> bytes:
    buffer = ctypes.create_string_buffer(command, len(command))
    request = struct.pack("16sP16x", device.encode()[:15], ctypes.addressof(buffer))
    fcntl.ioctl(sock.fileno(), SIOCETHTOOL, request)
    return buffer.raw
