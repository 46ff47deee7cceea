"""Auto provision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def atp(data: Mapping[str, Any]) -> str:
    """`show atp`: the state, and what went wrong or why ATP doesn't run."""
    reason = data["reason"]
    return f"State: {data['state']}\n" + (f"{reason[0].upper()}{reason[1:]}\n" if reason else "")
