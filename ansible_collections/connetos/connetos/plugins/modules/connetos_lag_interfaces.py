#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_lag_interfaces
short_description: Configure link aggregation groups of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(interface aggregate-ethernet) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: list
    elements: dict
    suboptions:
      ae_number:
        description:
          - 'Names the entry: Link aggregation group.'
          - Accepts an aggregate, ae1 to ae46.
        type: str
        required: true
      description:
        description:
          - Description, without spaces.
          - Accepts a word without spaces, printable ASCII.
        type: str
      enable:
        description:
          - Administrative state of all members.
          - The switch uses V(true) where nothing is configured.
        type: bool
      ether_options:
        description:
          - Ethernet options.
        type: dict
        suboptions:
          flow_control:
            description:
              - Pause frames (IEEE 802.3, annex 31B).
            type: dict
            suboptions:
              enable:
                description:
                  - Send pause frames and heed them.
                  - The switch uses V(false) where nothing is configured.
                type: bool
          lacp:
            description:
              - Link aggregation control protocol (IEEE 802.1AX).
            type: dict
            suboptions:
              enable:
                description:
                  - Agree on the members with the other end; otherwise every member with a carrier is used.
                  - The switch uses V(false) where nothing is configured.
                type: bool
          mac_learning:
            description:
              - Learning of MAC addresses.
            type: dict
            suboptions:
              enable:
                description:
                  - Learn which addresses are behind the port.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          min_selected_port:
            description:
              - With fewer usable members the whole aggregate is down.
              - Accepts an integer from 1 to 72.
              - The switch uses V(1) where nothing is configured.
            type: int
      family:
        description:
          - Protocol family.
        type: dict
        suboptions:
          ethernet_switching:
            description:
              - Layer 2 switching.
            type: dict
            suboptions:
              native_vlan_id:
                description:
                  - VLAN of untagged frames.
                  - Accepts an integer from 1 to 4094.
                  - The switch uses V(1) where nothing is configured.
                type: int
              port_mode:
                description:
                  - Access carries the native VLAN, untagged; trunk carries several VLANs, tagged but for the native
                    one.
                  - The switch uses V(access) where nothing is configured.
                type: str
                choices:
                  - access
                  - trunk
              vlan:
                description:
                  - VLANs of a trunk port.
                type: dict
                suboptions:
                  members:
                    description:
                      - VLANs that a trunk port carries, such as 20:24,31.
                      - Each is an integer from 1 to 4094, or a range such as 20:24,31.
                    type: list
                    elements: str
      mtu:
        description:
          - Largest frame of every member, with Ethernet header and checksum, in bytes.
          - Accepts an integer from 64 to 9216 bytes.
          - The switch uses V(1518) where nothing is configured.
        type: int
      static_mac_address:
        description:
          - MAC address that is always behind the port.
        type: list
        elements: dict
        suboptions:
          static_mac_address:
            description:
              - 'Names the entry: MAC address that is always behind the port.'
              - Accepts a MAC address of lower case digits such as 02:00:5e:10:00:07.
            type: str
            required: true
          vlan:
            description:
              - VLANs of the entry; the native VLAN of the port without.
              - Each is an integer from 1 to 4094.
            type: list
            elements: int
      storm_control:
        description:
          - Most of each sort of frame that is taken in.
        type: dict
        suboptions:
          broadcast:
            description:
              - Broadcast frames.
            type: dict
            suboptions:
              kilobits:
                description:
                  - Largest rate.
                  - Accepts an integer from 1 to 40000000 kbit/s.
                type: int
          multicast:
            description:
              - Multicast frames.
            type: dict
            suboptions:
              kilobits:
                description:
                  - Largest rate.
                  - Accepts an integer from 1 to 40000000 kbit/s.
                type: int
          unicast:
            description:
              - Unicast frames to addresses that aren't known.
            type: dict
            suboptions:
              kilobits:
                description:
                  - Largest rate.
                  - Accepts an integer from 1 to 40000000 kbit/s.
                type: int
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to link aggregation groups
  connetos.connetos.connetos_lag_interfaces:
    config:
      - ae_number: ae1
        description: uplink

- name: Exactly this, and nothing else, of link aggregation groups
  connetos.connetos.connetos_lag_interfaces:
    config:
      - ae_number: ae1
        description: uplink
    state: overridden

- name: Read link aggregation groups
  connetos.connetos.connetos_lag_interfaces:
    state: gathered
  register: found
"""

RETURN = r"""
before:
  description: The entries before.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: list
  elements: dict
after:
  description: The entries afterwards; in check mode as they would be.
  returned: when something changed
  type: list
  elements: dict
commands:
  description: The C(set) and C(delete) lines that lead from the old configuration to the new one, with secrets masked.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: list
  elements: str
revision:
  description: Revision of the running configuration afterwards.
  returned: when O(state) is V(merged), V(replaced), V(overridden) or V(deleted)
  type: int
gathered:
  description: The entries that are configured.
  returned: when O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The C(set) lines for O(config).
  returned: when O(state=rendered)
  type: list
  elements: str
parsed:
  description: The entries in O(running_config).
  returned: when O(state=parsed)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    RESOURCE,
    RESOURCE_REQUIRED_IF,
)
from ansible_collections.connetos.connetos.plugins.module_utils.resource_specs import CONFIGS  # noqa: E402


def main():
    module = AnsibleModule(
        argument_spec={"config": CONFIGS["lag_interfaces"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_lag_interfaces runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
