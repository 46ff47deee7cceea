"""What a user gives: where a switch is, and what is to be configured."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from pathlib import Path

from napalm.base.exceptions import NapalmException

from connetos_sdk import Switch
from connetos_sdk.errors import Unsupported


def url_of(hostname: str, port: int | str | None, transport: str) -> str:
    """The URL of a switch for the SDK; without a port, the transport's usual one."""
    scheme = {"rest": "https"}.get(transport, transport)
    with suppress(ValueError):
        hostname = f"[{ipaddress.IPv6Address(hostname)}]"
    return f"{scheme}://{hostname}" if port is None else f"{scheme}://{hostname}:{port}"


def revision(switch: Switch) -> int | None:
    """The running revision; None at a vendor's switch, which has answered but doesn't number them."""
    try:
        return switch.revision()
    except Unsupported:
        return None


def text_of(filename: str | None, config: str | None, wrong: type[NapalmException]) -> str:
    """The configuration that is to be loaded, from a file or as it is given; else raises `wrong`."""
    if filename is None and config is None:
        raise wrong("nothing to load: give filename or config")
    if filename is None:
        return str(config)
    try:
        return Path(filename).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"{filename} can't be read: {error}") from error
