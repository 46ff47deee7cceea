# Made by tools/salt_states.py from the configuration model: change it there.
"""
VLAN interfaces and their addresses of a ConnetOS switch.

.. code-block:: yaml

    VLAN interfaces and their addresses:
      connetos_l3_interface.present:
      - name: vlan10
      - address:
        - vif_ip_address: 198.18.10.254
          prefix_length: 24

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        VLAN interface, bound to its VLAN by vlans vlan-id <id> l3-interface; accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    address
        Address; an interface may have several. A list of mappings.
        vif_ip_address
            Names the entry; accepts an IPv4 address such as 192.0.2.1.
        prefix_length
            Prefix length of the address's subnet. Accepts an integer from 4 to 32.
    description
        Description, without spaces. Accepts a word without spaces, printable ASCII.
    dhcp_relay
        DHCP relay.
        server_ip
            DHCP server that is asked for the hosts of this VLAN; each of several is asked. A list; each is an IPv4 address such as 192.0.2.1.
    mtu
        Largest IP packet in bytes. Accepts an integer from 64 to 9198 bytes. ``1500`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "l3_interface_name": name}]
    return resource_state(__opts__, name, "l3_interfaces", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"l3_interface_name": name}]
    return resource_state(
        __opts__, name, "l3_interfaces", "deleted", entries, comment=comment, confirm=confirm
    )


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``l3_interface_name`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "l3_interfaces", ensure, entries, comment=comment, confirm=confirm)
