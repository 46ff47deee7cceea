# Made by tools/salt_states.py from the configuration model: change it there.
"""
Switching of ports of a ConnetOS switch.

.. code-block:: yaml

    switching of ports:
      connetos_l2_interface.present:
      - name: te-1/1/1
      - native_vlan_id: 10

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
    native_vlan_id
        VLAN of untagged frames. Accepts an integer from 1 to 4094. ``1`` where nothing is configured.
    port_mode
        Access carries the native VLAN, untagged; trunk carries several VLANs, tagged but for the native one. Accepts one of access, trunk. ``access`` where nothing is configured.
    vlan
        VLANs of a trunk port.
        members
            VLANs that a trunk port carries, such as 20:24,31. A list; each is an integer from 1 to 4094, or a range such as 20:24,31.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "interface_name": name}]
    return resource_state(__opts__, name, "l2_interfaces", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of this is configured for the entry.
    """
    entries = [{"interface_name": name}]
    return resource_state(
        __opts__, name, "l2_interfaces", "deleted", entries, comment=comment, confirm=confirm
    )


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``interface_name`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "l2_interfaces", ensure, entries, comment=comment, confirm=confirm)
