# Made by tools/salt_states.py from the configuration model: change it there.
"""
Link aggregation groups of a ConnetOS switch.

.. code-block:: yaml

    link aggregation groups:
      connetos_lag_interface.present:
      - name: ae1
      - description: uplink

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        Link aggregation group; accepts an aggregate, ae1 to ae46.
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    description
        Description, without spaces. Accepts a word without spaces, printable ASCII.
    enable
        Administrative state of all members. Accepts true or false. ``true`` where nothing is configured.
    ether_options
        Ethernet options.
        flow_control
            Pause frames (IEEE 802.3, annex 31B).
            enable
                Send pause frames and heed them. Accepts true or false. ``false`` where nothing is configured.
        lacp
            Link aggregation control protocol (IEEE 802.1AX).
            enable
                Agree on the members with the other end; otherwise every member with a carrier is used. Accepts true or false. ``false`` where nothing is configured.
        mac_learning
            Learning of MAC addresses.
            enable
                Learn which addresses are behind the port. Accepts true or false. ``true`` where nothing is configured.
        min_selected_port
            With fewer usable members the whole aggregate is down. Accepts an integer from 1 to 72. ``1`` where nothing is configured.
    family
        Protocol family.
        ethernet_switching
            Layer 2 switching.
            native_vlan_id
                VLAN of untagged frames. Accepts an integer from 1 to 4094. ``1`` where nothing is configured.
            port_mode
                Access carries the native VLAN, untagged; trunk carries several VLANs, tagged but for the native one. Accepts one of access, trunk. ``access`` where nothing is configured.
            vlan
                VLANs of a trunk port.
                members
                    VLANs that a trunk port carries, such as 20:24,31. A list; each is an integer from 1 to 4094, or a range such as 20:24,31.
    mtu
        Largest frame of every member, with Ethernet header and checksum, in bytes. Accepts an integer from 64 to 9216 bytes. ``1518`` where nothing is configured.
    static_mac_address
        MAC address that is always behind the port. A list of mappings.
        static_mac_address
            Names the entry; accepts a MAC address of lower case digits such as 02:00:5e:10:00:07.
        vlan
            VLANs of the entry; the native VLAN of the port without. A list; each is an integer from 1 to 4094.
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
    entries = [{**options, "ae_number": name}]
    return resource_state(__opts__, name, "lag_interfaces", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"ae_number": name}]
    return resource_state(
        __opts__, name, "lag_interfaces", "deleted", entries, comment=comment, confirm=confirm
    )


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``ae_number`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "lag_interfaces", ensure, entries, comment=comment, confirm=confirm)
