"""Which services an agent has."""

from __future__ import annotations

from connetos_agent.config.manager import ConfigManager
from connetos_agent.services.lldp import LldpService
from connetos_agent.services.packages.service import PackageService
from connetos_agent.services.service import Service
from connetos_agent.settings import Settings


def make_services(config: Settings, manager: ConfigManager) -> list[Service]:
    """The services that the settings ask for, in the order in which they are started."""
    services: list[Service] = [LldpService(manager, config.run_directory)]
    if config.packages.root is not None:
        services.append(
            PackageService(
                config.packages,
                config.state_directory,
                config.run_directory,
                config.platform.model,
                manager.events,
            )
        )
    return services
