"""The data plane: what the configuration becomes in Open vSwitch, the kernel and the host."""
