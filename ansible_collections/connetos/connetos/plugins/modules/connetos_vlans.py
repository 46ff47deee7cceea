#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_vlans
short_description: Configure VLANs of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(vlans vlan-id) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: list
    elements: dict
    suboptions:
      vlan_id:
        description:
          - 'Names the entry: VLAN.'
          - Accepts a VLAN ID, 1 to 4094.
        type: str
        required: true
      description:
        description:
          - Description, without spaces.
          - Accepts a word without spaces, printable ASCII.
        type: str
      vlan_name:
        description:
          - Name.
          - Accepts 1 to 32 printable characters.
          - The switch uses V(default) where nothing is configured.
        type: str
      l3_interface:
        description:
          - VLAN interface that routes for this VLAN, such as vlan10.
          - Accepts an interface name of at most 15 letters, digits, _ . -, such as vlan10.
        type: str
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to VLANs
  connetos.connetos.connetos_vlans:
    config:
      - vlan_id: 10
        vlan_name: web
      - vlan_id: 20
        vlan_name: storage

- name: Exactly this, and nothing else, of VLANs
  connetos.connetos.connetos_vlans:
    config:
      - vlan_id: 10
        vlan_name: web
      - vlan_id: 20
        vlan_name: storage
    state: overridden

- name: Read VLANs
  connetos.connetos.connetos_vlans:
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
        argument_spec={"config": CONFIGS["vlans"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_vlans runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
