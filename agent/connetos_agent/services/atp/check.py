"""Is the fetched file a configuration for this very switch?"""

from __future__ import annotations

from ipaddress import IPv4Interface

from connetos_agent.config.secrets import settle
from connetos_agent.dataplane.platform import Platform
from connetos_sdk.errors import ConnetosError, InvalidValue
from connetos_sdk.model.rules import ETH0, PORTS
from connetos_sdk.model.text import parse_document
from connetos_sdk.model.tree import Document, effective, get
from connetos_sdk.model.validation import validate


def check(data: bytes, own: IPv4Interface, platform: Platform, *, leased: bool) -> Document:
    """The document in `data`.

    Args:
        data: curly braces, `set` lines or JSON.
        own: the management address that the switch was given.
        platform: which ports there are.
        leased: the address is a lease; then a file that leaves it to DHCP is right, too.

    Raises:
        ConnetosError: it isn't; the error says why.
    """
    if not data.strip():
        raise ConnetosError("the configuration file is empty")
    try:
        document = parse_document(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConnetosError("the configuration file is no text (UTF-8)") from None
    except ConnetosError as error:
        raise ConnetosError(f"the configuration file is invalid: {error}") from None
    if not document:
        raise ConnetosError("the configuration file has no configuration in it")
    _check_address(document, own, leased=leased)
    try:
        document = settle({}, document)
        validate({}, document)
        _check_ports(document, platform)
    except ConnetosError as error:
        raise ConnetosError(f"the configuration file is invalid: {error}") from None
    return document


def _check_address(document: Document, own: IPv4Interface, *, leased: bool) -> None:
    configured = str(effective(document, (*ETH0, "address")))
    if configured == "0.0.0.0/0":
        if leased and effective(document, (*ETH0, "dhcp", "enable")):
            return
        raise ConnetosError(f"the configuration file has no management address, not {own.ip}")
    if IPv4Interface(configured).ip != own.ip:
        raise ConnetosError(f"the configuration file is for {configured.partition('/')[0]}, not for {own.ip}")


def _check_ports(document: Document, platform: Platform) -> None:
    for port in get(document, PORTS, {}):
        if port not in platform.ports:
            raise InvalidValue(
                f"this switch has no port {port}",
                path=(*PORTS, port),
                hint=f"ports: {platform.described_ports()}",
            )
