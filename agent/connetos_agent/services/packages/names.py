"""What may stand in the arguments of apt and dpkg: Debian's grammar of names and versions, and nothing else.

Debian Policy 5.6.1 (package names) and 5.6.12 (versions). A name may not end with `-`: to apt-get that would mean
to remove the package.
"""

from __future__ import annotations

import re

from connetos_sdk.errors import InvalidValue

_NAME = r"[a-z0-9][a-z0-9+.-]{0,99}[a-z0-9+.](?::[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?)?"
_VERSION = r"(?:[0-9]{1,9}:)?[0-9A-Za-z](?:[0-9A-Za-z.+~-]{0,126}[0-9A-Za-z.+~])?"
NAME = re.compile(_NAME)
VERSION = re.compile(_VERSION)
WANTED = re.compile(f"({_NAME})(?:=({_VERSION}))?")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+~%:-]{0,199}\.(?:deb|tar)")


def wanted(text: str) -> tuple[str, str | None]:
    """Name and version of `name` or `name=version`.

    Raises:
        InvalidValue: it is neither.
    """
    found = WANTED.fullmatch(text)
    if found is None:
        raise InvalidValue(
            f"{text[:60]!r} isn't a package",
            hint="a Debian package name, or name=version, such as zabbix-agent",
        )
    return found[1], found[2]


def file_name(text: str) -> str:
    """`text`, if it is the name of a package file or of a bundle.

    Raises:
        InvalidValue: it isn't.
    """
    if FILE.fullmatch(text) is None:
        raise InvalidValue(
            f"{text[:60]!r} isn't the name of a package file", hint="such as tool_1.0_all.deb or bundle.tar"
        )
    return text
