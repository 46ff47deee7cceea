"""What the DHCP server said about provisioning: address, TFTP server, file.

`dhclient-script` writes the facts of the lease before it sets the address; the address' arrival wakes ATP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

MAX_BYTES = 16 * 1024
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}")


@dataclass(frozen=True)
class Lease:
    """A lease: `server` from option 150, else 66; `file` from option 67, may be empty.

    The boot server in the packet's head doesn't count: DHCP servers put themselves there unasked.
    """

    address: IPv4Interface
    server: IPv4Address | None
    file: str


def read_lease(path: Path) -> Lease | None:
    """The lease that `dhclient-script` wrote; None when there is none or it makes no sense."""
    try:
        text = path.read_bytes()[:MAX_BYTES].decode("utf-8", "replace")
    except OSError:
        return None
    facts = dict(line.partition("=")[::2] for line in text.splitlines())
    try:
        address = IPv4Interface(f"{facts['ip_address']}/{facts['subnet_mask']}")
    except (KeyError, ValueError):
        return None
    name = facts.get("filename", "")
    return Lease(address, _server(facts), name if _FILE.fullmatch(name) and ".." not in name else "")


def _server(facts: dict[str, str]) -> IPv4Address | None:
    for option in ("option_150", "tftp_server_name"):
        for word in re.split(r"[\s,]+", facts.get(option, "")):
            try:
                address = IPv4Address(word)
            except ValueError:
                continue  # a host name: there is no resolver before there is a configuration
            if not address.is_unspecified:
                return address
    return None
