# Made by tools/salt_states.py from the configuration model: change it there.
"""
LLDP of a ConnetOS switch.

.. code-block:: yaml

    LLDP:
      connetos_lldp.present:
      - enable: true
      - advertisement_interval: 30

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    These options are configured.

    replace
        Others are deleted.
    comment, confirm
        As in ``connetos_config.managed``.
    advertisement_interval
        Time between advertisements. Accepts an integer from 5 to 32768 seconds. ``30`` where nothing is configured.
    enable
        LLDP on all ports that don't say otherwise. Accepts true or false. ``true`` where nothing is configured.
    hold_time_multiplier
        Neighbours keep an advertisement for so many intervals. Accepts an integer from 1 to 300. ``4`` where nothing is configured.
    reinit_delay
        Time before a port begins again after its mode changed. Accepts an integer from 2 to 5 seconds. ``2`` where nothing is configured.
    tlv_select
        What is advertised.
        port_description
            TLV: description of the port.
            enable
                Send the description of the port. Accepts true or false. ``true`` where nothing is configured.
        system_name
            TLV: name of the switch.
            enable
                Send the name of the switch. Accepts true or false. ``true`` where nothing is configured.
        system_description
            TLV: description of the switch.
            enable
                Send the description of the switch. Accepts true or false. ``true`` where nothing is configured.
        system_capabilities
            TLV: what the switch does.
            enable
                Send the what the switch does. Accepts true or false. ``true`` where nothing is configured.
        management_address
            TLV: addresses of the switch.
            enable
                Send the addresses of the switch. Accepts true or false. ``true`` where nothing is configured.
        port_vlan
            TLV: native VLAN of the port.
            enable
                Send the native VLAN of the port. Accepts true or false. ``true`` where nothing is configured.
        mac_phy_cfg
            TLV: speed and autonegotiation of the port.
            enable
                Send the speed and autonegotiation of the port. Accepts true or false. ``true`` where nothing is configured.
    transmit_delay
        Least time between two advertisements after changes. Accepts an integer from 1 to 8192 seconds. ``2`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    return resource_state(__opts__, name, "lldp_global", wanted, [options], comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "lldp_global", "deleted", [], comment=comment, confirm=confirm)
