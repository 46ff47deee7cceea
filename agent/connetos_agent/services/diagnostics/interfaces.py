"""Interfaces from which probes and captures can be made."""

from __future__ import annotations

from connetos_agent.config.manager import ConfigManager
from connetos_sdk.model.rules import VLANS
from connetos_sdk.model.tree import get

MANAGEMENT = "eth0"


def devices(manager: ConfigManager) -> dict[str, str]:
    """Network devices by the interface names of the configuration: VLAN interfaces and the management port."""
    entries = get(manager.running.document, VLANS, {})
    found = {e["l3-interface"]: e["l3-interface"] for e in entries.values() if "l3-interface" in e}
    management = manager.dataplane.platform.management
    return found | ({MANAGEMENT: management} if management else {})
