"""Speaks with lldpd through liblldpctl, lldpd's own client library, in this process: no program is run to read or set.

Numbers of keys are those of `lldpctl.h`, which keeps them for all versions of the library's ABI 4.
The library leaves input and output to us, so that every wait has an end and a connection can be closed from outside.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import socket
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_long, c_size_t, c_ssize_t, c_ubyte, c_void_p
from enum import IntEnum
from typing import Any

from connetos_agent.dataplane.base import TIMEOUT, DriverError

LIBRARY = "liblldpctl.so.4"

_EOF, _NOT_EXIST, _CALLBACK_FAILURE = -502, -503, -902

_Send = CFUNCTYPE(c_ssize_t, c_void_p, POINTER(c_ubyte), c_size_t, c_void_p)
_Receive = CFUNCTYPE(c_ssize_t, c_void_p, POINTER(c_ubyte), c_size_t, c_void_p)
_Change = CFUNCTYPE(None, c_int, c_void_p, c_void_p, c_void_p)


class Key(IntEnum):
    """What can be asked of an atom (`lldpctl_key_t`)."""

    TX_INTERVAL = 0
    INTERFACE_PATTERN = 3
    SYSTEM_DESCRIPTION = 5
    HOSTNAME = 7
    CAPABILITIES_ADVERTISED = 15
    ADDRESSES_ADVERTISED = 16
    PERMANENT_PATTERN = 18
    CAPABILITIES_OVERRIDE = 20
    INTERFACE_NAME = 1000
    PORT_NAME = 1100
    PORT_NEIGHBORS = 1200
    PORT_PROTOCOL = 1201
    PORT_AGE = 1202
    PORT_ID_SUBTYPE = 1203
    PORT_ID = 1204
    PORT_DESCRIPTION = 1205
    PORT_STATUS = 1207
    PORT_CHASSIS = 1208
    PORT_TTL = 1209
    AUTONEG_SUPPORT = 1302
    AUTONEG_ENABLED = 1303
    AUTONEG_ADVERTISED = 1304
    MAU_TYPE = 1305
    PVID = 1500
    CHASSIS_ID_SUBTYPE = 1801
    CHASSIS_ID = 1802
    CHASSIS_NAME = 1803
    CHASSIS_DESCRIPTION = 1804
    CHASSIS_CAP_AVAILABLE = 1805
    CHASSIS_CAP_ENABLED = 1806
    CHASSIS_ADDRESSES = 1807
    ADDRESS = 3000
    TX_COUNT = 4000
    RX_COUNT = 4001
    RX_DISCARDED = 4002
    RX_UNRECOGNIZED = 4003
    AGEOUT_COUNT = 4004
    TX_HOLD = 4007
    CUSTOM_TLVS = 5000
    CUSTOM_TLV = 5002
    CUSTOM_OUI = 5003
    CUSTOM_SUBTYPE = 5004
    CUSTOM_INFO = 5005
    CUSTOM_OPERATION = 5006


@functools.cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise DriverError(f"{LIBRARY} isn't there; is lldpd installed (Debian package lldpd)?") from error
    pointer, key = c_void_p, c_int
    for name, result, arguments in (
        ("lldpctl_new_name", pointer, [c_char_p, _Send, _Receive, c_void_p]),
        ("lldpctl_release", c_int, [pointer]),
        ("lldpctl_last_error", c_int, [pointer]),
        ("lldpctl_strerror", c_char_p, [c_int]),
        ("lldpctl_atom_dec_ref", None, [pointer]),
        ("lldpctl_get_configuration", pointer, [pointer]),
        ("lldpctl_get_interfaces", pointer, [pointer]),
        ("lldpctl_get_local_chassis", pointer, [pointer]),
        ("lldpctl_get_port", pointer, [pointer]),
        ("lldpctl_atom_get", pointer, [pointer, key]),
        ("lldpctl_atom_get_str", c_char_p, [pointer, key]),
        ("lldpctl_atom_get_int", c_long, [pointer, key]),
        ("lldpctl_atom_get_buffer", pointer, [pointer, key, POINTER(c_size_t)]),
        ("lldpctl_atom_set", pointer, [pointer, key, pointer]),
        ("lldpctl_atom_set_str", pointer, [pointer, key, c_char_p]),
        ("lldpctl_atom_set_int", pointer, [pointer, key, c_long]),
        ("lldpctl_atom_set_buffer", pointer, [pointer, key, c_char_p, c_size_t]),
        ("lldpctl_atom_iter", pointer, [pointer]),
        ("lldpctl_atom_iter_next", pointer, [pointer, pointer]),
        ("lldpctl_atom_iter_value", pointer, [pointer, pointer]),
        ("lldpctl_atom_create", pointer, [pointer]),
        ("lldpctl_watch_callback2", c_int, [pointer, _Change, c_void_p]),
        ("lldpctl_watch", c_int, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Atom:
    """A piece of information of lldpd's: a port, a chassis, a list of either. Not longer than its connection."""

    __slots__ = ("_connection", "_parent", "_pointer")

    def __init__(self, connection: Connection, pointer: int, parent: Atom | None = None) -> None:
        self._connection = connection
        self._pointer = pointer
        self._parent = parent  # the library doesn't always see to it that it lives longer

    def __del__(self) -> None:
        if self._connection.alive:
            _library().lldpctl_atom_dec_ref(self._pointer)

    def text(self, key: Key) -> str:
        """The text under `key`; empty if there is none."""
        value: bytes | None = _library().lldpctl_atom_get_str(self._pointer, key)
        return "" if value is None else value.decode(errors="replace")

    def number(self, key: Key) -> int:
        """The number under `key`; -1 if there is none."""
        return int(_library().lldpctl_atom_get_int(self._pointer, key))

    def data(self, key: Key) -> bytes:
        """The octets under `key`; empty if there are none."""
        length = c_size_t(0)
        start = _library().lldpctl_atom_get_buffer(self._pointer, key, ctypes.byref(length))
        return ctypes.string_at(start, length.value) if start else b""

    def atom(self, key: Key) -> Atom | None:
        """The atom under `key`."""
        found = _library().lldpctl_atom_get(self._pointer, key)
        return self._made(found) if found else None

    def port(self) -> Atom:
        """What lldpd knows of an interface.

        Raises:
            DriverError: it can't be read.
        """
        return self._made(_library().lldpctl_get_port(self._pointer))

    def __iter__(self) -> Iterator[Atom]:
        library = _library()
        position = library.lldpctl_atom_iter(self._pointer)
        while position:
            yield self._made(library.lldpctl_atom_iter_value(self._pointer, position))
            position = library.lldpctl_atom_iter_next(self._pointer, position)

    def create_tlv(self) -> Atom:
        """A new custom TLV for this port; it is sent once it is set under `Key.CUSTOM_TLV`."""
        listed = self._made(_library().lldpctl_atom_get(self._pointer, Key.CUSTOM_TLVS))
        return listed._made(_library().lldpctl_atom_create(listed._pointer))

    def set(self, key: Key, value: str | int | bytes | Atom | None) -> None:
        """Set what is under `key`, in lldpd where the key can be written there.

        Raises:
            DriverError: lldpd doesn't take it.
        """
        library = _library()
        if isinstance(value, Atom):
            done = library.lldpctl_atom_set(self._pointer, key, value._pointer)
        elif isinstance(value, bytes):
            done = library.lldpctl_atom_set_buffer(self._pointer, key, value, len(value))
        elif isinstance(value, int):
            done = library.lldpctl_atom_set_int(self._pointer, key, value)
        else:
            done = library.lldpctl_atom_set_str(self._pointer, key, None if value is None else value.encode())
        if not done:  # what is returned is this atom itself, not one more reference to it
            raise DriverError(f"lldpd doesn't take {value!r} for {key.name}: {self._connection.why()}")

    def _made(self, pointer: int | None) -> Atom:
        return self._connection.made(pointer, self)


class Connection:
    """A connection to the lldpd that listens at `path`; for one thread at a time.

    Args:
        path: lldpd's unix socket.
        timeout: seconds that an answer may take; None waits for ever.

    Raises:
        DriverError: nobody listens there.
    """

    def __init__(self, path: str, timeout: float | None = TIMEOUT) -> None:
        library = _library()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise DriverError(f"lldpd can't be reached at {path}: {error.strerror or error}") from error
        self._callbacks: list[Any] = [_Send(self._send), _Receive(self._receive)]
        self._pointer: int = library.lldpctl_new_name(path.encode(), *self._callbacks, None)
        self.alive = True

    def close(self) -> None:
        """End the connection and all atoms of it."""
        if self.alive:
            self.alive = False
            _library().lldpctl_release(self._pointer)
            self._socket.close()

    def interrupt(self) -> None:
        """Make whatever waits for lldpd fail, from another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, _connection: int, data: Any, length: int, _user: int) -> int:
        try:
            self._socket.sendall(ctypes.string_at(data, length))
        except OSError:
            return _CALLBACK_FAILURE
        return length

    def _receive(self, _connection: int, data: Any, length: int, _user: int) -> int:
        try:
            received = self._socket.recv(length)
        except OSError:
            return _CALLBACK_FAILURE
        ctypes.memmove(data, received, len(received))
        return len(received) or _EOF

    def made(self, pointer: int | None, parent: Atom | None = None) -> Atom:
        """The atom that a call has returned, or why it hasn't."""
        if not pointer:
            raise DriverError(f"lldpd: {self.why()}")
        return Atom(self, pointer, parent)

    def why(self) -> str:
        """What went wrong last."""
        library = _library()
        text: bytes = library.lldpctl_strerror(library.lldpctl_last_error(self._pointer))
        return text.decode()

    def configuration(self) -> Atom:
        """Settings of the whole daemon."""
        return self.made(_library().lldpctl_get_configuration(self._pointer))

    def chassis(self) -> Atom:
        """The switch itself, as it is advertised."""
        return self.made(_library().lldpctl_get_local_chassis(self._pointer))

    def interfaces(self) -> dict[str, Atom]:
        """The network devices that lldpd uses, by name; `Atom.port` tells more of each."""
        listed = self.made(_library().lldpctl_get_interfaces(self._pointer))
        return {interface.text(Key.INTERFACE_NAME): interface for interface in listed}

    def watch(self, change: Callable[[int, Atom, Atom], None], begun: Callable[[], None]) -> None:
        """Call `change` for every neighbour that goes (0), changes (1) or comes (2), until the connection breaks.

        Args:
            change: gets what happened, the interface and the neighbour; must not use this connection.
            begun: called as soon as no change can be missed any more.
        """
        library = _library()

        def changed(kind: int, interface: int, neighbor: int, _user: int) -> None:
            device, other = Atom(self, interface), Atom(self, neighbor)
            try:
                change(kind, device, other)
            finally:  # both belong to the library
                device._pointer = other._pointer = 0

        self._callbacks.append(_Change(changed))
        if library.lldpctl_watch_callback2(self._pointer, self._callbacks[-1], None) < 0:
            self.made(None)
        begun()
        while library.lldpctl_watch(self._pointer) >= 0:
            pass
