"""How ATP works on this switch: `[atp]` in the agent's settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AtpSettings:
    """See docs/reference/agent.md.

    Attributes:
        enabled: whether a switch without configuration looks for one.
        retry_seconds: how long a failure stands before the next attempt (spec/cli/limits.yaml: 60).
        prefix_length: of the management network, which an LLDP hint doesn't tell.
        confirm_seconds: how long a configuration may take to prove that it doesn't cut the switch off.
        checksum: whether `<file>.sha256` must be beside the file: `required`, `if-present` or `off`.
        keyring: OpenPGP keyring; when given, `<file>.sig` must be beside the file and be made by one of its keys.
        https: ask the server by HTTPS instead of TFTP.
        ca_file: certificate (PEM) to trust for that; without, those of the system.
        report_url: told of each step, by an HTTP(S) POST or as a message of syslog (`syslog://host[:port]`); empty for none.
    """

    enabled: bool = True
    retry_seconds: int = 60
    prefix_length: int = 24
    confirm_seconds: int = 60
    checksum: str = "if-present"
    keyring: Path | None = None
    https: bool = False
    ca_file: Path | None = None
    report_url: str = ""
