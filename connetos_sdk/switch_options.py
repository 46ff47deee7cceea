"""Which switches a command is about: given one by one, or in an inventory file."""

from __future__ import annotations

import getpass
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connetos_sdk.errors import BadRequest
from connetos_sdk.fleet import Fleet, Member
from connetos_sdk.switch import Switch

FIELDS = {"url", "username", "password", "ca_file", "verify"}
_NAMED = re.compile(r"(?P<name>[\w.-]+)=(?P<url>.+)")


def fleet(
    switches: Sequence[str],
    inventory: Path | None,
    *,
    user: str = "",
    password: str | None = None,
    ca_file: Path | None = None,
    verify: bool = True,
) -> Fleet:
    """The switches that options name.

    Args:
        switches: each a URL, or `name=URL`; a URL's host is the name otherwise.
        inventory: JSON file as a lab writes it: `{"switches": {name: {"url", "username", "password", "ca_file"}}}`.
        user, password, ca_file, verify: for switches of which the inventory doesn't say it. Where a password is needed
            and there is a terminal it is asked for.

    Raises:
        BadRequest: an option or the inventory is wrong.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in switches:
        match = _NAMED.fullmatch(text)
        url = match["url"] if match else text
        name = match["name"] if match else urlsplit(url).hostname or ""
        if not name or name in found:
            why = "is there twice" if name else "has no name"
            raise BadRequest(f"switch {text} {why}", hint="NAME=URL, such as leaf1=https://198.18.255.11")
        found[name] = {"url": url}
    if inventory is not None:
        found |= _inventory(inventory)
    if not found:
        raise BadRequest("no switches are given", hint="--switch NAME=URL, --inventory FILE or --lab NAME")
    given: dict[str, Any] = {"verify": verify}
    given |= {"username": user} if user else {}
    given |= {"ca_file": ca_file} if ca_file else {}
    for entry in found.values():
        if "password" not in entry and entry["url"].startswith("https:"):
            if password is None and sys.stdin.isatty():
                password = getpass.getpass(f"Password of {user or 'the user'}: ")
            entry["password"] = password
    members: Mapping[str, Member] = {
        name: partial(_connect, {**given, **entry}) for name, entry in found.items()
    }
    return Fleet(members)


def _connect(options: Mapping[str, Any]) -> Switch:
    return Switch(**options)


def _inventory(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BadRequest(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise BadRequest(f"{path} isn't JSON: {error}") from None
    entries = document.get("switches") if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise BadRequest(f"{path} has no switches", hint='{"switches": {"leaf1": {"url": "https://..."}}}')
    found = {}
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise BadRequest(f"{path}: switch {name} has no url")
        found[name] = {key: value for key, value in entry.items() if key in FIELDS}
    return found
