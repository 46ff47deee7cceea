"""Which services an agent has."""

from __future__ import annotations

from connetos_agent.config.manager import ConfigManager
from connetos_agent.services.lldp import LldpService
from connetos_agent.services.service import Service
from connetos_agent.settings import Settings


def make_services(config: Settings, manager: ConfigManager) -> list[Service]:
    """The services that the settings ask for, in the order in which they are started."""
    return [LldpService(manager, config.run_directory)]
