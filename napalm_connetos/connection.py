"""What a user gives: where a switch is, and what is to be configured."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from napalm.base.exceptions import NapalmException
from napalm.base.netmiko_helpers import netmiko_args

from connetos_sdk import Switch
from connetos_sdk.errors import BadRequest, Unsupported

OPTIONS = ("port", "ca_file", "ssl_verify", "config_lock", "url", "transport", "known_hosts", "key_files")
"""What may stand in `optional_args`."""
OTHERS = frozenset({
    "auto_file_prompt", "auto_probe", "auto_rollback_on_error", "canonical_int", "candidate_cfg", "config_private",
    "dest_file_system", "enable_password", "eos_autoComplete", "eos_transport", "force_no_enable",
    "huge_tree", "ignore_warning", "inline_transfer", "junos_config_database", "junos_config_groups",
    "junos_config_inherit", "junos_config_options", "lock_disable", "merge_cfg", "nxos_protocol", "rollback_cfg",
    "ssh_config",
})  # fmt: skip
"""Those of NAPALM's own drivers, which stand there for all hosts of an inventory with several makes."""
MAX_PORT = 65535


def check(options: Mapping[str, Any]) -> None:
    """Check the names in `optional_args`, and the port.

    Raises:
        BadRequest: none of NAPALM's drivers has such an option, or the port isn't one.
    """
    known = {*OPTIONS, *OTHERS, *netmiko_args(dict.fromkeys(options))}
    if strange := [str(name)[:40] for name in options if name not in known]:
        raise BadRequest(
            f"optional_args has no {', '.join(strange[:5])}", hint=f"known are {', '.join(OPTIONS)}"
        )
    port = options.get("port")
    number = str(port)
    if port is not None and not (number.isdecimal() and len(number) <= 5 and 0 < int(number) <= MAX_PORT):
        raise BadRequest(f"port {number[:40]} in optional_args isn't one", hint=f"1 to {MAX_PORT}")


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
