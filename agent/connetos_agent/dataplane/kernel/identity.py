"""How our devices and routes are told from others in the kernel."""

GROUP = 0x636E
"""Device group of VLAN interfaces (`ip link show group 25454`)."""

PROTOCOL = 14
"""Routing protocol number `xorp` (rtnetlink.h), which marks our routes; no other daemon of Debian's uses it."""

MAIN_TABLE = 254
"""Number of the main routing table."""
