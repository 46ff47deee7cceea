"""scrapli's platform `connetos`: its definition, and a connection with a terminal that needn't be paged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scrapli import AuthOptions, Cli
from scrapli.transport import BinOptions

DEFINITION = Path(__file__).with_name("connetos.yaml")
"""The definition, for `Cli(definition_file_or_name=str(DEFINITION))`."""
COLUMNS, ROWS = 4200, 65535


def connetos(
    host: str,
    *,
    username: str,
    password: str | None = None,
    port: int = 22,
    private_key: str | Path | None = None,
    known_hosts: str | Path | None = None,
    strict: bool = True,
    **options: Any,
) -> Cli:
    """A connection to a switch's CLI, for `with` or `async with`; OpenSSH's `ssh` is the transport.

    Args:
        host: name or address.
        username: user on the switch.
        password: its password.
        port: where SSH listens.
        private_key: file with a private key.
        known_hosts: file with the keys of known switches; that of `ssh` by default.
        strict: whether the switch's key is checked.
        options: more of scrapli's own, such as `session_options`.
    """
    return Cli(
        host,
        port=port,
        definition_file_or_name=str(DEFINITION),
        auth_options=AuthOptions(
            username=username,
            password=password,
            private_key_path=None if private_key is None else str(private_key),
        ),
        transport_options=BinOptions(
            known_hosts_path=None if known_hosts is None else str(known_hosts),
            enable_strict_key=strict,
            term_height=ROWS,
            term_width=COLUMNS,
        ),
        **options,
    )
