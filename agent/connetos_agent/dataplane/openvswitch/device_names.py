"""Names of network devices that the switch never gives to an interface of its own: the system makes devices of these names
by itself, some only when a kernel module is loaded, so that nothing has the name yet when it is asked for.

Sources: `netdev_is_reserved_name` of Open vSwitch (a datapath's own device is `ovs-` and its type, its tunnels' devices
are a kind, `_sys` and a number); the fallback devices of the Linux kernel's tunnel, dummy, ifb and bonding modules.
"""

from __future__ import annotations

import re

_MADE_BY = (
    ("Open vSwitch", re.compile(r"ovs-.*|[a-z0-9]+_sys(_.*)?")),
    (
        "the Linux kernel",
        re.compile(
            r"lo|all|default|bonding_masters|(gre|gretap|erspan|tunl|sit|ip6tnl|ip6gre|ip_vti|ip6_vti|bond|dummy|ifb)\d+"
        ),
    ),
)


def reserved(name: str) -> str:
    """Why no interface can have this name; empty if one can."""
    for maker, names in _MADE_BY:
        if names.fullmatch(name):
            return f"{maker} keeps the name {name} for itself; choose another"
    return ""
