"""Open vSwitch: ports, VLANs and VLAN interfaces through one OVSDB connection."""

from connetos_agent.dataplane.openvswitch.driver import OpenVSwitchDriver

__all__ = ["OpenVSwitchDriver"]
