#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_interfaces
short_description: Configure ports of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(interface gigabit-ethernet) into a state, in one transaction of the switch.
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
      description:
        description:
          - Description, without spaces; LLDP advertises it.
          - Accepts a word without spaces, printable ASCII.
        type: str
      edge_port:
        description:
          - Edge port of a spanning tree.
        type: dict
        suboptions:
          enable:
            description:
              - No switch is behind this port.
              - The switch uses V(false) where nothing is configured.
            type: bool
      enable:
        description:
          - Administrative state.
          - The switch uses V(true) where nothing is configured.
        type: bool
      ether_options:
        description:
          - Ethernet options.
        type: dict
        suboptions:
          ieee_802_3ad:
            description:
              - Aggregate that the port is a member of.
              - Accepts an aggregate, ae1 to ae46.
            type: str
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
      mtu:
        description:
          - Largest frame, with Ethernet header and checksum, in bytes.
          - Accepts an integer from 64 to 9216 bytes.
          - The switch uses V(1518) where nothing is configured.
        type: int
      rate_limiting:
        description:
          - Most that the port takes in and sends.
        type: dict
        suboptions:
          egress:
            description:
              - Sent frames.
            type: dict
            suboptions:
              kilobits:
                description:
                  - Largest rate.
                  - Accepts an integer from 1 to 40000000 kbit/s.
                type: int
          ingress:
            description:
              - Received frames.
            type: dict
            suboptions:
              kilobits:
                description:
                  - Largest rate.
                  - Accepts an integer from 1 to 40000000 kbit/s.
                type: int
      speed:
        description:
          - Fixed speed; without it the port keeps the speed that it has.
          - The switch uses V(10000) where nothing is configured.
        type: int
        choices:
          - 1000
          - 10000
          - 40000
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
- name: Add to ports
  connetos.connetos.connetos_interfaces:
    config:
      - interface_name: te-1/1/1
        description: server-1
        mtu: 9216

- name: Exactly this, and nothing else, of ports
  connetos.connetos.connetos_interfaces:
    config:
      - interface_name: te-1/1/1
        description: server-1
        mtu: 9216
    state: overridden

- name: Read ports
  connetos.connetos.connetos_interfaces:
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
        argument_spec={"config": CONFIGS["interfaces"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_interfaces runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
