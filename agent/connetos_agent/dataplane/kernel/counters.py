"""Counters of network devices: one rtnetlink dump, so that all are of the same moment (rtnl_link_stats64)."""

from __future__ import annotations

import struct
import threading

from connetos_agent.dataplane.base import DriverError
from connetos_agent.dataplane.kernel.links import LinkReader
from connetos_agent.dataplane.kernel.rtnetlink import Netlink, attributes

NAMES = (
    "in-packets", "out-packets", "in-octets", "out-octets", "in-errors", "out-errors", "in-discards", "out-discards",
    "in-multicast-packets", "collisions", "in-length-errors", "in-over-errors", "in-crc-errors", "in-frame-errors",
    "in-fifo-errors", "in-missed-errors", "out-aborted-errors", "out-carrier-errors", "out-fifo-errors",
    "out-heartbeat-errors", "out-window-errors", "in-compressed", "out-compressed", "in-no-handler",
    "in-other-host-discards",
)  # fmt: skip
"""Names of the counters in the order in which the kernel tells them; the last ones only newer kernels know."""

_GET_STATISTICS = 94
_WANTED = struct.Struct("=BxxxII")  # struct if_stats_msg: family, index, mask
_LINK_64 = 1
"""Attribute with a `struct rtnl_link_stats64`, and its bit in the mask."""


class CounterReader:
    """Reads counters in the network namespace it was made in. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._netlink = Netlink()
        self._links = LinkReader()

    def close(self) -> None:
        """Give the sockets back."""
        self._netlink.close()
        self._links.close()

    def read(self) -> dict[str, dict[str, int]]:
        """Counters by device, each by its name in `NAMES`.

        Raises:
            DriverError: the kernel doesn't tell.
        """
        with self._lock:
            names = {device.index: device.name for device in self._links.all().values()}
            found: dict[str, dict[str, int]] = {}
            try:
                for payload in self._netlink.dump(_GET_STATISTICS, _WANTED.pack(0, 0, _LINK_64)):
                    name = names.get(_WANTED.unpack_from(payload)[1])
                    octets = attributes(payload, _WANTED.size).get(_LINK_64, b"")
                    if name is not None and octets:
                        numbers = struct.unpack_from(f"={len(octets) // 8}Q", octets)
                        found[name] = dict(zip(NAMES, numbers, strict=False))
            except OSError as error:
                raise DriverError(f"reading counters: {error}") from error
            return found
