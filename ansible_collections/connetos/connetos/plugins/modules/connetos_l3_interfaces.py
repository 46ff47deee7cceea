#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_l3_interfaces
short_description: Configure VLAN interfaces and their addresses of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(vlan-interface interface) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: list
    elements: dict
    suboptions:
      l3_interface_name:
        description:
          - 'Names the entry: VLAN interface, bound to its VLAN by vlans vlan-id (id) l3-interface.'
          - Accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
        type: str
        required: true
      address:
        description:
          - Address; an interface may have several.
        type: list
        elements: dict
        suboptions:
          vif_ip_address:
            description:
              - 'Names the entry: Address; an interface may have several.'
              - Accepts an IPv4 address such as 192.0.2.1.
            type: str
            required: true
          prefix_length:
            description:
              - Prefix length of the address's subnet.
              - Accepts an integer from 4 to 32.
            type: int
      description:
        description:
          - Description, without spaces.
          - Accepts a word without spaces, printable ASCII.
        type: str
      dhcp_relay:
        description:
          - DHCP relay.
        type: dict
        suboptions:
          server_ip:
            description:
              - DHCP server that is asked for the hosts of this VLAN; each of several is asked.
              - Each is an IPv4 address such as 192.0.2.1.
            type: list
            elements: str
      mtu:
        description:
          - Largest IP packet in bytes.
          - Accepts an integer from 64 to 9198 bytes.
          - The switch uses V(1500) where nothing is configured.
        type: int
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to VLAN interfaces and their addresses
  connetos.connetos.connetos_l3_interfaces:
    config:
      - l3_interface_name: vlan10
        address:
          - vif_ip_address: 198.18.10.254
            prefix_length: 24

- name: Exactly this, and nothing else, of VLAN interfaces and their addresses
  connetos.connetos.connetos_l3_interfaces:
    config:
      - l3_interface_name: vlan10
        address:
          - vif_ip_address: 198.18.10.254
            prefix_length: 24
    state: overridden

- name: Read VLAN interfaces and their addresses
  connetos.connetos.connetos_l3_interfaces:
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
        argument_spec={"config": CONFIGS["l3_interfaces"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_l3_interfaces runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
