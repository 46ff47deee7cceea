"""NAPALM driver for ConnetOS switches: `napalm.get_network_driver("connetos")` finds it by the name of this package."""

from napalm_connetos.connetos import ConnetOSDriver

__all__ = ["ConnetOSDriver"]
