"""Configuration paths: tuples of words, as they stand on a CLI line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connetos_sdk.model.words import quote

Path = tuple[str, ...]
"""Words of a configuration path, such as `("vlans", "vlan-id", "10", "vlan-name")`."""


def format_path(path: Sequence[str]) -> str:
    """The path as it stands on a CLI line: words with spaces between, quoted where they need it."""
    return " ".join(word if _BARE.fullmatch(word) else quote(word) for word in path)


_BARE = re.compile(r"[^\s\"\\{};#]+")
