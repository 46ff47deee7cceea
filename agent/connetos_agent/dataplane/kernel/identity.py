"""How our devices and routes are told from others in the kernel."""

GROUP = 0x636E
"""Device group of VLAN interfaces (`ip link show group 25454`)."""

LOOPBACK_GROUP = GROUP + 1
"""Device group of loopback interfaces."""

PROTOCOL = 14
"""Routing protocol number `xorp` (rtnetlink.h), which marks our routes; no other daemon of Debian's uses it."""

MAIN_TABLE, LOCAL_TABLE = 254, 255
"""Numbers of the main routing table, and of that of the machine's own addresses."""
