"""Layout of drift (the state is the drift service's)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def drift(state: Mapping[str, Any]) -> str:
    """`show system drift`: what differs from the configuration, each field with what is configured."""
    if not state["objects"]:
        return "No drift: everything is as configured.\n"
    out = [f"Policy: {state['policy']}"]
    for entry in state["objects"]:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["since"]))
        out.append(f"{entry['object']} ({entry['driver']}), since {since}")
        out += _fields(entry["found"], entry["configured"])
    return "".join(line + "\n" for line in out)


def _fields(found: Any, configured: Any) -> list[str]:
    if not isinstance(found, Mapping) or not isinstance(configured, Mapping):
        there = "there" if isinstance(found, Mapping) else "absent"
        wanted = "there" if isinstance(configured, Mapping) else "absent"
        return [f"  is {there}, configured: {wanted}"]
    return [
        f"  {name}: {found.get(name)}, configured: {configured.get(name)}"
        for name in dict.fromkeys([*configured, *found])
    ]
