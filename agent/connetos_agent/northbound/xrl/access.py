"""Who may speak XRL: there are no passwords, so the source address decides (spec/wire/xrl.md, 5.4)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from connetos_agent.config.sessions import Caller

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

USER = "xrl"
"""Name of the caller in revisions and logs."""


class Access:
    """Decides by address.

    Args:
        permitted: addresses and networks (CIDR) besides the switch itself.

    Raises:
        ValueError: one of them isn't an address or network.
    """

    def __init__(self, permitted: Iterable[str] = ()) -> None:
        self.networks: tuple[Network, ...] = tuple(ipaddress.ip_network(text) for text in permitted)

    def caller(self, transport: Any) -> Caller | None:
        """Who the other end of a connection is; None when it may not speak here.

        A process on the switch itself, over whichever of its addresses, is a super-user; a permitted host
        elsewhere may read.
        """
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not own:
            return None
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        source = f"{address}:{peer[1]}"
        if address.is_loopback or peer[0] == own[0]:
            return Caller(USER, "super-user", "xrl", source)
        if any(address in network for network in self.networks):
            return Caller(USER, "read-only", "xrl", source)
        return None
