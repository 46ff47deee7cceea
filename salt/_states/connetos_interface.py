# Made by tools/salt_states.py from the configuration model: change it there.
"""
Ports of a ConnetOS switch.

.. code-block:: yaml

    ports:
      connetos_interface.present:
      - name: te-1/1/1
      - description: server-1
      - mtu: 9216

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        Front panel port; accepts a port such as te-1/1/1 (10G) or qe-1/1/49 (40G).
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    description
        Description, without spaces; LLDP advertises it. Accepts a word without spaces, printable ASCII.
    edge_port
        Edge port of a spanning tree.
        enable
            No switch is behind this port. Accepts true or false. ``false`` where nothing is configured.
    enable
        Administrative state. Accepts true or false. ``true`` where nothing is configured.
    ether_options
        Ethernet options.
        ieee_802_3ad
            Aggregate that the port is a member of. Accepts an aggregate, ae1 to ae46.
        flow_control
            Pause frames (IEEE 802.3, annex 31B).
            enable
                Send pause frames and heed them. Accepts true or false. ``false`` where nothing is configured.
        mac_learning
            Learning of MAC addresses.
            enable
                Learn which addresses are behind the port. Accepts true or false. ``true`` where nothing is configured.
    mtu
        Largest frame, with Ethernet header and checksum, in bytes. Accepts an integer from 64 to 9216 bytes. ``1518`` where nothing is configured.
    rate_limiting
        Most that the port takes in and sends.
        egress
            Sent frames.
            kilobits
                Largest rate. Accepts an integer from 1 to 40000000 kbit/s.
        ingress
            Received frames.
            kilobits
                Largest rate. Accepts an integer from 1 to 40000000 kbit/s.
    speed
        Fixed speed; without it the port keeps the speed that it has. Accepts one of 1000, 10000, 40000 Mbit/s. ``10000`` where nothing is configured.
    storm_control
        Most of each sort of frame that is taken in.
        broadcast
            Broadcast frames.
            kilobits
                Largest rate. Accepts an integer from 1 to 40000000 kbit/s.
        multicast
            Multicast frames.
            kilobits
                Largest rate. Accepts an integer from 1 to 40000000 kbit/s.
        unicast
            Unicast frames to addresses that aren't known.
            kilobits
                Largest rate. Accepts an integer from 1 to 40000000 kbit/s.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "interface_name": name}]
    return resource_state(__opts__, name, "interfaces", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of this is configured for the entry.
    """
    entries = [{"interface_name": name}]
    return resource_state(__opts__, name, "interfaces", "deleted", entries, comment=comment, confirm=confirm)


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``interface_name`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "interfaces", ensure, entries, comment=comment, confirm=confirm)
