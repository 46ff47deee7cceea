"""The Linux kernel: network devices, addresses and routes over netlink."""

from connetos_agent.dataplane.kernel.driver import KernelDriver

__all__ = ["KernelDriver"]
