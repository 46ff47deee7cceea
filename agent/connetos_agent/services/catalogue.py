"""Which services an agent has."""

from __future__ import annotations

from collections.abc import Callable

from connetos_agent.config.manager import ConfigManager
from connetos_agent.services.atp.service import AtpService
from connetos_agent.services.diagnostics.service import DiagnosticsService
from connetos_agent.services.drift import DriftService
from connetos_agent.services.firewall import FirewallService
from connetos_agent.services.lldp import LldpService
from connetos_agent.services.navmesh.service import NavmeshService
from connetos_agent.services.packages.service import PackageService
from connetos_agent.services.routing import RoutingService
from connetos_agent.services.service import Service
from connetos_agent.services.switching import SwitchingService
from connetos_agent.services.system.clock import Clock
from connetos_agent.services.system.files import Files
from connetos_agent.services.system.logs import Logs
from connetos_agent.services.system.reboot import Reboot
from connetos_agent.settings import Settings
from connetos_agent.switch_log import SwitchLog


def make_services(
    config: Settings, manager: ConfigManager, log: SwitchLog, boot_again: Callable[[], None]
) -> list[Service]:
    """The services that the settings ask for, in the order in which they are started.

    Args:
        config: the settings.
        manager: what is configured.
        log: the switch's log.
        boot_again: ends the agent and starts it as after a boot.
    """
    host = config.host
    command = host.reboot_command if host.dedicated else None
    drift = DriftService(manager, repair=config.drift == "repair")
    directories = config.state_directory, config.run_directory
    lldp = LldpService(manager, config.run_directory)
    services: list[Service] = [
        SwitchingService(manager, config.run_directory),
        FirewallService(manager),
        drift,
        RoutingService(manager),
        lldp,
        AtpService(manager, config.atp, directories, lldp.port_descriptions),
        Clock(log, manager.dataplane.drivers, settable=host.dedicated),
        Logs(log),
        Reboot(config.run_directory, manager.events, log, command, boot_again),
        Files(manager),
        DiagnosticsService(config, manager),
        NavmeshService(config, manager),
    ]
    if config.dataplane != "memory":
        from connetos_agent.dataplane.kernel.dhcp import DhcpClient
        from connetos_agent.services.links import LinkService

        device = config.platform.management
        dhcp = DhcpClient(device, config.run_directory, config.state_directory) if device else None
        services.append(LinkService(manager, drift.suspect, dhcp))
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
