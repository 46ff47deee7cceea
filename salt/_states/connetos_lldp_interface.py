# Made by tools/salt_states.py from the configuration model: change it there.
"""
LLDP of ports of a ConnetOS switch.

.. code-block:: yaml

    LLDP of ports:
      connetos_lldp_interface.present:
      - name: te-1/1/1
      - status: tx-rx

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        Port; accepts a port such as te-1/1/1 (10G) or qe-1/1/49 (40G).
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    status
        Whether the port sends and receives advertisements. Accepts one of disabled, rx-only, tx-only, tx-rx. ``tx-rx`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "interface_name": name}]
    return resource_state(
        __opts__, name, "lldp_interfaces", wanted, entries, comment=comment, confirm=confirm
    )


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"interface_name": name}]
    return resource_state(
        __opts__, name, "lldp_interfaces", "deleted", entries, comment=comment, confirm=confirm
    )


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``interface_name`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(
        __opts__, name, "lldp_interfaces", ensure, entries, comment=comment, confirm=confirm
    )
