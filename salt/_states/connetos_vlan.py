# Made by tools/salt_states.py from the configuration model: change it there.
"""
VLANs of a ConnetOS switch.

.. code-block:: yaml

    VLANs:
      connetos_vlan.present:
      - name: '10'
      - vlan_name: web

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        VLAN; accepts a VLAN ID, 1 to 4094.
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    description
        Description, without spaces. Accepts a word without spaces, printable ASCII.
    vlan_name
        Name. Accepts 1 to 32 printable characters. ``default`` where nothing is configured.
    l3_interface
        VLAN interface that routes for this VLAN, such as vlan10. Accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "vlan_id": name}]
    return resource_state(__opts__, name, "vlans", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"vlan_id": name}]
    return resource_state(__opts__, name, "vlans", "deleted", entries, comment=comment, confirm=confirm)


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``vlan_id`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "vlans", ensure, entries, comment=comment, confirm=confirm)
