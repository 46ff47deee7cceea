"""The in-band driver.

| object | in the kernel |
|---|---|
| inband | enabled: nothing; else the nftables table `inet connetos_inband`: on VLAN interfaces no TCP connection to the
switch begins but those of BGP, and SNMP isn't heard |

What is forwarded, ICMP, DHCP, routing protocols and connections that the switch itself begins go on, whatever address of
the switch is asked. libnftables is loaded only where in-band management is off.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import socket
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence

from connetos_agent.dataplane.base import TIMEOUT, DriverError, ObjectKey, Step
from connetos_agent.dataplane.kernel.identity import GROUP
from connetos_agent.dataplane.states.base import State
from connetos_agent.dataplane.states.ports import LinkStatus
from connetos_agent.dataplane.states.system import Inband

TABLE = "connetos_inband"
RULES = (
    f"iifgroup {GROUP} tcp flags & (fin|syn|rst|ack) == syn tcp dport != 179 reject with tcp reset",
    f"iifgroup {GROUP} udp dport 161 drop",
)
"""TCP but BGP, and SNMP; the first packet of a connection only, so that those of the switch itself are answered."""
LIBRARY = "libnftables.so.1"
PACKAGE = "libnftables1"

_NUMERIC = 0x780
"""NFT_CTX_OUTPUT_NUMERIC_ALL of nftables/libnftables.h."""
_NETLINK_NETFILTER = 12
_GET_TABLE, _NEW_TABLE, _ERROR = 0xA01, 0xA00, 2  # NFNL_SUBSYS_NFTABLES << 8, and NFT_MSG_...
_REQUEST_ACK = 5
_CHANGES = 1 << 6  # group NFNLGRP_NFTABLES
_BUFFER_BYTES = 1 << 16
_INET, _TABLE_NAME = 1, 1  # NFPROTO_INET, NFTA_TABLE_NAME
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr


class RulesMonitor:
    """A socket that hears of every change of nftables, by whomever, in the network namespace it was made in.

    Raises:
        OSError: this kernel has no nftables, or the agent isn't root.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            _NETLINK_NETFILTER,
        )
        try:
            self._socket.bind((0, _CHANGES))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """For whoever waits for changes."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Take what was heard; that there was something is all that matters, and that some was lost is no matter."""
        with contextlib.suppress(OSError):
            while self._socket.recv(_BUFFER_BYTES):
                pass

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()


class InbandDriver:
    """Realises in-band management. See `connetos_agent.dataplane.base.Driver`."""

    name = "nftables"
    kinds = frozenset({"inband"})

    def open(self) -> None:
        """Nothing to connect to: every question has a socket of its own."""

    def close(self) -> None:
        """What was realised stays."""

    def refuse(self, wanted: Mapping[ObjectKey, State]) -> Mapping[ObjectKey, str]:
        """See `Driver.refuse`: the library may be missing."""
        closed = [target for target, want in wanted.items() if isinstance(want, Inband) and not want.enabled]
        if not closed or ctypes.util.find_library("nftables") is not None:
            return {}
        return dict.fromkeys(closed, f"{LIBRARY} isn't installed (Debian package {PACKAGE})")

    def present(self) -> Iterable[ObjectKey]:
        """See `Driver.present`: every configuration asks for it, one way or the other."""
        return ()

    def observe(self, targets: Collection[ObjectKey]) -> Mapping[ObjectKey, State | None]:
        """See `Driver.observe`."""
        return {target: _observe() for target in targets}

    def observer(self) -> InbandDriver:
        """See `Driver.observer`: it may be used from several threads itself."""
        return self

    def link_status(self) -> Mapping[str, LinkStatus]:
        """See `Observer.link_status`: another driver tells it."""
        return {}

    def apply(self, steps: Sequence[Step]) -> None:
        """See `Driver.apply`; nftables takes all lines or none."""
        for step in steps:
            closed = isinstance(step.want, Inband) and not step.want.enabled
            lines = [f"add table inet {TABLE}", f"delete table inet {TABLE}"]
            if closed:
                chain = "type filter hook input priority 0; policy accept;"
                lines = [*lines, f"table inet {TABLE} {{", f"chain input {{ {chain}", *RULES, "}", "}"]
            _nft("\n".join(lines) + "\n")


def _observe() -> State | None:
    """None for a table that isn't as we make it."""
    if not _table_exists():
        return Inband(enabled=True)
    lines = [line.split() for line in _nft(f"list table inet {TABLE}").splitlines()]
    found = [(words[1], words[-1]) for words in lines if words[:1] == ["iifgroup"]]
    wanted = [(str(GROUP), rule.split()[-1]) for rule in RULES]
    return Inband(enabled=False) if found == wanted else None


def _table_exists() -> bool:
    name = TABLE.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(name), _TABLE_NAME) + name
    body = struct.pack("=BBH", _INET, 0, 0) + attribute.ljust(len(attribute) + 3 & ~3, b"\0")
    try:
        with socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER
        ) as sock:
            sock.settimeout(TIMEOUT)
            sock.bind((0, 0))
            sock.send(_HEADER.pack(_HEADER.size + len(body), _GET_TABLE, _REQUEST_ACK, 1, 0) + body)
            return bool(_HEADER.unpack_from(sock.recv(8192))[1] == _NEW_TABLE)
    except TimeoutError as error:
        raise DriverError("the kernel doesn't say which nftables there are") from error
    except OSError:
        return False  # a kernel without nftables has no table


def _nft(commands: str) -> str:
    """What nftables prints of `commands`.

    Raises:
        DriverError: it refuses, or its library isn't there.
    """
    library = _library()
    context = library.nft_ctx_new(0)
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_output_set_flags(context, _NUMERIC)
        if library.nft_run_cmd_from_buffer(context, commands.encode()) != 0:
            said = library.nft_ctx_get_error_buffer(context).decode(errors="replace")
            raise DriverError(f"nftables: {(said.splitlines() or ['no message'])[0]}")
        output: str = library.nft_ctx_get_output_buffer(context).decode(errors="replace")
        return output
    finally:
        library.nft_ctx_free(context)


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise DriverError(f"{LIBRARY} isn't installed (Debian package {PACKAGE})") from error
    pointer = ctypes.c_void_p
    library.nft_ctx_new.restype, library.nft_ctx_new.argtypes = pointer, [ctypes.c_uint32]
    for name in ("buffer_output", "buffer_error", "free", "get_output_buffer", "get_error_buffer"):
        getattr(library, f"nft_ctx_{name}").argtypes = [pointer]
    for name in ("get_output_buffer", "get_error_buffer"):
        getattr(library, f"nft_ctx_{name}").restype = ctypes.c_char_p
    library.nft_ctx_output_set_flags.argtypes = [pointer, ctypes.c_uint]
    library.nft_run_cmd_from_buffer.argtypes = [pointer, ctypes.c_char_p]
    return library
