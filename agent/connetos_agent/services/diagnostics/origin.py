"""Finds out where probes go to and come from: names become addresses, interfaces become devices."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.services.diagnostics.icmp import Address
from connetos_agent.services.diagnostics.interfaces import devices
from connetos_agent.services.diagnostics.sockets import Origin
from connetos_sdk.errors import BadRequest, NotFound, Problem

NAME_SECONDS = 10.0


async def origin(manager: ConfigManager, arguments: Mapping[str, Any]) -> Origin:
    """Where probes with these `arguments` (`host`, `family`, `source`, `interface`) go to and come from.

    Raises:
        NotFound: the name or the interface isn't known.
        BadRequest: addresses of both families are mixed, or the destination isn't one host's.
    """
    interface = arguments.get("interface", "")
    known = devices(manager)
    if interface and interface not in known:
        raise NotFound(f"there is no interface {interface}", hint="one of " + ", ".join(known))
    source = ipaddress.ip_address(arguments["source"]) if "source" in arguments else None
    family = arguments.get("family", "any")
    if family == "any" and source is not None:
        family = f"ipv{source.version}"
    address = await _address(arguments["host"], family)
    if source is not None and source.version != address.version:
        raise _wrong("source", f"{source} is of another family than {address}")
    if address.is_multicast or address == ipaddress.ip_address("255.255.255.255"):
        raise _wrong("host", f"{address} isn't the address of one host")
    return Origin(address, source, known.get(interface, ""), interface)


async def _address(host: str, family: str) -> Address:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return await _named(host, family)
    if family not in ("any", f"ipv{address.version}"):
        raise _wrong("host", f"{host} isn't an {family.replace('ip', 'IP')} address")
    return address


async def _named(host: str, family: str) -> Address:
    families = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
    if host.replace(".", "").isdigit() or ":" in host:
        raise _wrong("host", f"{host} isn't an IP address")
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=families[family], type=socket.SOCK_DGRAM
            )
    except TimeoutError:
        raise NotFound(f"no name server told the address of {host} within {NAME_SECONDS:.0f} s") from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", "") or "not a host name"
        raise NotFound(f"{host}: {reason}", hint="give an address, or see the DNS servers") from None
    return ipaddress.ip_address(found[0][4][0])


def _wrong(argument: str, reason: str) -> BadRequest:
    return BadRequest(problems=[Problem(reason, (argument,), "", BadRequest.code)])
