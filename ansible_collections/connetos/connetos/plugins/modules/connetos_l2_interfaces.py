#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_l2_interfaces
short_description: Configure switching of ports of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(interface gigabit-ethernet family ethernet-switching) into a state, in one
    transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: list
    elements: dict
    suboptions:
      interface_name:
        description:
          - 'Names the entry: Front panel port.'
          - Accepts a port such as te-1/1/1 (10G) or qe-1/1/49 (40G).
        type: str
        required: true
      native_vlan_id:
        description:
          - VLAN of untagged frames.
          - Accepts an integer from 1 to 4094.
          - The switch uses V(1) where nothing is configured.
        type: int
      port_mode:
        description:
          - Access carries the native VLAN, untagged; trunk carries several VLANs, tagged but for the native one.
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
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to switching of ports
  connetos.connetos.connetos_l2_interfaces:
    config:
      - interface_name: te-1/1/1
        native_vlan_id: 10
      - interface_name: te-1/1/48
        port_mode: trunk
        vlan:
          members:
            - '10'
            - '20:24'

- name: Exactly this, and nothing else, of switching of ports
  connetos.connetos.connetos_l2_interfaces:
    config:
      - interface_name: te-1/1/1
        native_vlan_id: 10
      - interface_name: te-1/1/48
        port_mode: trunk
        vlan:
          members:
            - '10'
            - '20:24'
    state: overridden

- name: Read switching of ports
  connetos.connetos.connetos_l2_interfaces:
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
        argument_spec={"config": CONFIGS["l2_interfaces"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_l2_interfaces runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
