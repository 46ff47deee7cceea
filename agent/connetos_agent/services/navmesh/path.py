"""One way of a flow through the switch, as it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

FORWARDED, FLOODED, LOCAL, DROPPED, UNKNOWN = "forwarded", "flooded", "local", "dropped", "unknown"


@dataclass
class Path:
    """One way through the switch, built up step by step."""

    ingress: dict[str, Any] | None = None
    egress: list[dict[str, Any]] = field(default_factory=list)
    fate: str = UNKNOWN
    reason: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    configuration: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    next_hop: str = ""
    frame: dict[str, Any] = field(default_factory=dict)

    def step(self, table: str, key: str, entry: str, lines: list[str] | None = None) -> None:
        """Note what decided."""
        self.steps.append({"table": table, "key": key, "entry": entry, "configuration": lines or []})

    def change(self, name: str, before: Any, after: Any) -> None:
        """Note what the switch changes in the frame."""
        if before != after:
            self.changes.append({"field": name, "from": before, "to": after})

    def end(self, fate: str, reason: str = "", lines: list[str] | None = None, missing: str = "") -> Path:
        """This is what becomes of the flow."""
        self.fate, self.reason = fate, reason
        self.configuration = lines or []
        self.missing = [missing] if missing else []
        return self

    def fork(self) -> Path:
        """A copy that goes on by itself."""
        return replace(self, egress=list(self.egress), steps=list(self.steps), changes=list(self.changes))

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))
