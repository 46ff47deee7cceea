"""A flow."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields
from typing import Any

from connetos_sdk.errors import InvalidValue

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}
WITH_PORTS = (6, 17, 132)


@dataclass(frozen=True)
class FiveTuple:
    """Source, destination, protocol and ports of a flow.

    Attributes:
        source, destination: IPv4 or IPv6 addresses.
        protocol: its number, or `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`.
        source_port, destination_port: 0 for protocols without ports.

    Raises:
        InvalidValue: this can't be a flow.
    """

    source: str
    destination: str
    protocol: int | str = field(default=6)
    source_port: int = 0
    destination_port: int = 0

    def __post_init__(self) -> None:
        number = PROTOCOLS.get(self.protocol) if isinstance(self.protocol, str) else self.protocol
        if number is None and str(self.protocol).isdigit():
            number = int(self.protocol)
        if number is None or not 0 <= number <= 255:
            raise InvalidValue(
                f"there is no IP protocol {self.protocol}", hint=f"0 to 255 or {', '.join(PROTOCOLS)}"
            )
        object.__setattr__(self, "protocol", number)
        versions = set()
        for name in ("source", "destination"):
            try:
                address = ipaddress.ip_address(getattr(self, name))
            except ValueError:
                raise InvalidValue(
                    f"{getattr(self, name)!r} isn't an IP address", hint=f"{name} of the flow"
                ) from None
            versions.add(address.version)
            object.__setattr__(self, name, str(address))
        if len(versions) > 1:
            raise InvalidValue(f"{self.source} and {self.destination} are of different families")
        for name in ("source_port", "destination_port"):
            port = getattr(self, name)
            low = 1 if number in WITH_PORTS else 0
            if isinstance(port, bool) or not isinstance(port, int) or not low <= port <= 65535:
                raise InvalidValue(f"{name} {port!r} is out of range", hint=f"{low} to 65535")

    @classmethod
    def seen(cls, **fields: Any) -> FiveTuple:
        """The flow of a packet that was seen: of one without ports, such as a fragment, too."""
        flow = object.__new__(cls)
        for name in ("source", "destination", "protocol", "source_port", "destination_port"):
            object.__setattr__(flow, name, fields[name])
        return flow

    @property
    def reverse(self) -> FiveTuple:
        """The flow of the answers."""
        return FiveTuple(
            self.destination, self.source, self.protocol, self.destination_port, self.source_port
        )

    def arguments(self) -> dict[str, Any]:
        """As arguments of the operation `navmesh`."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __str__(self) -> str:
        names = {number: name for name, number in PROTOCOLS.items()}
        name = names.get(int(self.protocol), f"protocol {self.protocol}")
        if self.protocol not in WITH_PORTS:
            return f"{name} {self.source} -> {self.destination}"
        return f"{name} {self.source}:{self.source_port} -> {self.destination}:{self.destination_port}"
