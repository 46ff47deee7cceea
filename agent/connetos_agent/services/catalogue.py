"""Which services an agent has."""

from __future__ import annotations

from connetos_agent.config.manager import ConfigManager
from connetos_agent.services.service import Service
from connetos_agent.settings import Settings


def make_services(config: Settings, manager: ConfigManager) -> list[Service]:  # noqa: ARG001 - for services to come
    """The services that the settings ask for, in the order in which they are started."""
    return []
