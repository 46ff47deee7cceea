"""TextFSM templates for what ConnetOS switches print, and their use.

The directory is laid out like that of ntc-templates (`index`, one template a command, platform `connetos`), so
that other tools can use it: `NET_TEXTFSM=$(python -m connetos_sdk.textfsm)` is all that netmiko's
`use_textfsm=True` needs.

A template refuses what it wasn't made for: a layout that isn't the documented one is an error, never half a result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connetos_sdk.errors import ProtocolError, Unsupported

DIRECTORY = Path(__file__).parent
"""Where `index` and the templates are."""
PLATFORM = "connetos"


def parse(command: str, text: str) -> list[dict[str, Any]]:
    """What `text`, the answer to `command`, says: a dictionary for each row, with lower-case names.

    Raises:
        Unsupported: there is no template for the command, or the library `textfsm` isn't installed.
        ProtocolError: the answer isn't laid out as documented.
    """
    try:
        from textfsm import TextFSMError
        from textfsm.clitable import CliTable, CliTableError
    except ImportError as error:
        raise Unsupported(
            "parsing a switch's text needs textfsm", hint="pip install 'connetos-sdk[rcc]'"
        ) from error
    table = CliTable("index", str(DIRECTORY))
    attributes = {"Command": command, "Platform": PLATFORM}
    if not table.index.GetRowMatch(attributes):
        raise Unsupported(f"there is no template for {command[:80]!r}")
    try:
        table.ParseCmd(text, attributes)
    except (TextFSMError, CliTableError) as error:
        raise ProtocolError(
            f"the answer to {command[:80]!r} isn't laid out as documented: {_line(error)}"
        ) from None
    names = [name.lower() for name in table.header.values]
    return [dict(zip(names, row.values, strict=True)) for row in table]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
