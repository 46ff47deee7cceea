"""The Linux kernel: network devices, addresses and routes over netlink."""

from connetos_agent.dataplane.kernel.driver import KernelDriver
from connetos_agent.dataplane.kernel.settings import KernelSettingsDriver

__all__ = ["KernelDriver", "KernelSettingsDriver"]
