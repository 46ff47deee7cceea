#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_lldp_global
short_description: Configure LLDP of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(protocols lldp) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: dict
    suboptions:
      advertisement_interval:
        description:
          - Time between advertisements.
          - Accepts an integer from 5 to 32768 seconds.
          - The switch uses V(30) where nothing is configured.
        type: int
      enable:
        description:
          - LLDP on all ports that don't say otherwise.
          - The switch uses V(true) where nothing is configured.
        type: bool
      hold_time_multiplier:
        description:
          - Neighbours keep an advertisement for so many intervals.
          - Accepts an integer from 1 to 300.
          - The switch uses V(4) where nothing is configured.
        type: int
      reinit_delay:
        description:
          - Time before a port begins again after its mode changed.
          - Accepts an integer from 2 to 5 seconds.
          - The switch uses V(2) where nothing is configured.
        type: int
      tlv_select:
        description:
          - What is advertised.
        type: dict
        suboptions:
          port_description:
            description:
              - 'TLV: description of the port.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the description of the port.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          system_name:
            description:
              - 'TLV: name of the switch.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the name of the switch.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          system_description:
            description:
              - 'TLV: description of the switch.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the description of the switch.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          system_capabilities:
            description:
              - 'TLV: what the switch does.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the what the switch does.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          management_address:
            description:
              - 'TLV: addresses of the switch.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the addresses of the switch.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          port_vlan:
            description:
              - 'TLV: native VLAN of the port.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the native VLAN of the port.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          mac_phy_cfg:
            description:
              - 'TLV: speed and autonegotiation of the port.'
            type: dict
            suboptions:
              enable:
                description:
                  - Send the speed and autonegotiation of the port.
                  - The switch uses V(true) where nothing is configured.
                type: bool
      transmit_delay:
        description:
          - Least time between two advertisements after changes.
          - Accepts an integer from 1 to 8192 seconds.
          - The switch uses V(2) where nothing is configured.
        type: int
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to LLDP
  connetos.connetos.connetos_lldp_global:
    config:
      enable: true
      advertisement_interval: 30

- name: Exactly this, and nothing else, of LLDP
  connetos.connetos.connetos_lldp_global:
    config:
      enable: true
      advertisement_interval: 30
    state: overridden

- name: Read LLDP
  connetos.connetos.connetos_lldp_global:
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
        argument_spec={"config": CONFIGS["lldp_global"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_lldp_global runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
