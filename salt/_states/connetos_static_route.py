# Made by tools/salt_states.py from the configuration model: change it there.
"""
Static routes of a ConnetOS switch.

.. code-block:: yaml

    static routes:
      connetos_static_route.present:
      - name: 198.18.20.0/24
      - next_hop: 198.18.10.1

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        Destination network; accepts an IPv4 network such as 203.0.113.0/24, host bits zero.
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    metric
        Metric; the lowest wins. Accepts an integer from 1 to 65535. ``1`` where nothing is configured.
    next_hop
        Next hop. Accepts an IPv4 address such as 192.0.2.1.
    qualified_next_hop
        Additional next hop; equal metrics share the traffic. A list of mappings.
        qualified_next_hop
            Names the entry; accepts an IPv4 address such as 192.0.2.1.
        metric
            Metric of this next hop; that of the route when absent. Accepts an integer from 1 to 65535.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "route_prefix": name}]
    return resource_state(__opts__, name, "static_routes", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"route_prefix": name}]
    return resource_state(
        __opts__, name, "static_routes", "deleted", entries, comment=comment, confirm=confirm
    )


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``route_prefix`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "static_routes", ensure, entries, comment=comment, confirm=confirm)
