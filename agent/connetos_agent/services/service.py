"""What a service of the agent is: something the switch does by itself or on request, beside its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from connetos_agent.services.operations import Operations


class Service(Protocol):
    """One service; the agent starts it after the configuration is realised, and stops it after the surfaces are closed."""

    areas: Mapping[str, Callable[[], Any]]
    """Areas of the state that it knows, by name; each function may be called from any thread and doesn't block."""

    def add_operations(self, operations: Operations) -> None:
        """Add the operations that it does."""

    async def start(self) -> None:
        """Begin. What can't begin (a daemon that isn't installed) is told in the state, not raised."""

    async def stop(self) -> None:
        """End everything of its own; what it did to the switch stays."""
