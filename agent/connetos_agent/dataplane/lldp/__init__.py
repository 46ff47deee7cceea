"""LLDP: one lldpd for the switch, run by the agent."""

from connetos_agent.dataplane.lldp.driver import LldpDriver

__all__ = ["LldpDriver"]
