"""Configuration files that users name: plain names, which stand in /switch/config."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from connetos_agent.config.manager import ConfigManager
from connetos_agent.northbound.cli.answers import CliError
from connetos_sdk.errors import NotFound
from connetos_sdk.model.text import parse_document

ARCHIVE = re.compile(r"(?:/switch/config/)?connetos\.conf\.([0-9]{2})")
FILE_NAME = re.compile(r"(?:/switch/config/)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,62})")


def file_named(manager: ConfigManager, name: str) -> Path:
    """Where the file `name` stands.

    Raises:
        CliError: it isn't a plain name, or one that the agent itself uses.
    """
    match = FILE_NAME.fullmatch(name)
    if match is None or ARCHIVE.fullmatch(name) or match[1] == "connetos.boot":
        raise CliError(f"ERROR: {name} can't be used: give a plain name; files stand in /switch/config.")
    return manager.store.startup_file.parent / match[1]


def read_file(manager: ConfigManager, name: str) -> Any:
    """The document in the file `name`, or in an archived configuration of that name.

    Raises:
        CliError, ConnetosError: it isn't there, or isn't a configuration.
    """
    archived = ARCHIVE.fullmatch(name)
    if archived:
        return manager.store.read(manager.revision_at(int(archived[1])))
    path = file_named(manager, name)
    try:
        return parse_document(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"there is no file {name}", hint="files stand in /switch/config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"ERROR: {name} can't be read: {error}.") from None
