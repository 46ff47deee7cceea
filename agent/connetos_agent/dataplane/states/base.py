"""What all states of data plane objects have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class State:
    """Base of all states."""

    def shown(self) -> dict[str, Any]:
        """The fields for people and logs, without those that are secret."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.repr}


def _plain(value: Any) -> Any:
    return list(map(_plain, value)) if isinstance(value, tuple) else value
