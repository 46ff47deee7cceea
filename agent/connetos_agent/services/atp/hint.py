"""The hint in a neighbour's port description: `<text>@<management-ip>@<tftp-ip or its last octet>`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

MAX_CHARACTERS = 255
"""Of a port description (IEEE 802.1AB, 8.5.5.3)."""


class NoHint(ValueError):
    """The description isn't meant as a hint: it has no @."""


class BadHint(ValueError):
    """The description is meant as a hint but can't be used; the message says why."""


@dataclass(frozen=True)
class Hint:
    """Who this switch is, and where its configuration lies."""

    address: IPv4Interface
    server: IPv4Address

    def __str__(self) -> str:
        return f"{self.address.ip} with server {self.server}"


def parse_hint(description: str, prefix_length: int) -> Hint:
    """The hint in a port description.

    Args:
        description: as the neighbour sends it.
        prefix_length: of the management network, which the description doesn't tell.

    Raises:
        NoHint, BadHint: there is none.
    """
    if "@" not in description:
        raise NoHint(description)
    parts = description[:MAX_CHARACTERS].rsplit("@", 2)
    if len(parts) != 3:
        raise BadHint("it has one @, not two: <text>@<management-ip>@<tftp-server>")
    _, own, server = parts
    address = _host(own, prefix_length, "management address")
    if re.fullmatch(r"[0-9]{1,3}", server):
        first = str(address.ip).rsplit(".", 1)[0]
        server = f"{first}.{server}"
    found = _host(server, prefix_length if _near(server, address) else 32, "TFTP server").ip
    if found == address.ip:
        raise BadHint(f"{found} can't be both the switch and its TFTP server")
    return Hint(address, found)


def _near(server: str, address: IPv4Interface) -> bool:
    try:
        return IPv4Address(server) in address.network
    except ValueError:
        return False


def _host(text: str, prefix_length: int, what: str) -> IPv4Interface:
    try:
        address = ipaddress.IPv4Interface(f"{IPv4Address(text)}/{prefix_length}")
    except ValueError:
        raise BadHint(f'the {what} "{text[:40]}" is no IPv4 address') from None
    ip, network = address.ip, address.network
    if ip.is_multicast or ip.is_loopback or ip.is_unspecified or ip.is_link_local or ip.is_reserved:
        raise BadHint(f"the {what} {ip} can't be the address of a host")
    if prefix_length < 31 and ip in (network.network_address, network.broadcast_address):
        raise BadHint(f"the {what} {ip} is the network's own or its broadcast address (/{prefix_length})")
    return address


def choose(descriptions: Mapping[str, Sequence[str]], prefix_length: int) -> tuple[Hint | None, str]:
    """The hint that all neighbours agree on, or None and the reason why there is none (empty: nobody gives one).

    Args:
        descriptions: what the neighbours at each port send, by port.
        prefix_length: see `parse_hint`.
    """
    found: dict[Hint, str] = {}
    wrong: list[str] = []
    for port, texts in descriptions.items():
        for text in texts:
            try:
                found.setdefault(parse_hint(text, prefix_length), port)
            except NoHint:
                continue
            except BadHint as error:
                wrong.append(f"port description at {port} can't be used: {error}")
    if len(found) > 1:
        said = ", ".join(f"{port} says {hint}" for hint, port in found.items())
        return None, f"neighbours disagree: {said}"
    if found:
        return next(iter(found)), ""
    return None, "; ".join(wrong)
