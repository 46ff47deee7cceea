"""Formats that JSON Schema's `format` names and a regular expression can't check."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable


def check_ipv4(text: str) -> str:
    """Nothing if `text` is a dotted IPv4 address, else what is wrong."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return "isn't an IPv4 address"
    return ""


def check_ip_address(text: str) -> str:
    """Nothing if `text` is an IPv4 or IPv6 address without a zone, else what is wrong."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "isn't an IP address"
    return "has a zone" if getattr(address, "scope_id", None) else ""


def check_ipv4_prefix(text: str) -> str:
    """Nothing if `text` is `address/length`, else what is wrong. Host bits may be set."""
    _, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit()) or str(int(length)) != length:
        return "isn't an IPv4 address with prefix length"
    try:
        ipaddress.IPv4Interface(text)
    except ValueError:
        return "isn't an IPv4 address with prefix length"
    return ""


def check_ipv4_network(text: str) -> str:
    """Nothing if `text` is `network/length` with host bits zero, else what is wrong."""
    problem = check_ipv4_prefix(text)
    if problem:
        return "isn't an IPv4 network"
    network = ipaddress.IPv4Interface(text).network
    return "" if str(network) == text else f"has host bits set, the network is {network}"


def check_mac(text: str) -> str:
    """Nothing if `text` is a MAC address as Linux writes it, else what is wrong."""
    if re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", text):
        return ""
    return "isn't a MAC address in lower case, with colons"


def check_port_range(text: str) -> str:
    """Nothing if `text` is `first:last`, two ports of TCP or UDP in ascending order, else what is wrong."""
    if not re.fullmatch(r"(0|[1-9][0-9]{0,4}):(0|[1-9][0-9]{0,4})", text):
        return "isn't a range of ports such as 2000:2100"
    first, last = map(int, text.split(":"))
    if last > 65535:
        return "goes beyond port 65535"
    return "runs backwards" if first > last else ""


FORMATS: dict[str, Callable[[str], str]] = {
    "ip-address": check_ip_address,
    "ipv4": check_ipv4,
    "ipv4-prefix": check_ipv4_prefix,
    "ipv4-network": check_ipv4_network,
    "mac": check_mac,
    "port-range": check_port_range,
}
"""Checkers by the name that the schema documents use."""
