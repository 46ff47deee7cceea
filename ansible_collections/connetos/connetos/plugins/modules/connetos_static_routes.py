#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_static_routes
short_description: Configure static routes of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(protocols static route) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: list
    elements: dict
    suboptions:
      route_prefix:
        description:
          - 'Names the entry: Destination network.'
          - Accepts an IPv4 network such as 203.0.113.0/24, host bits zero.
        type: str
        required: true
      metric:
        description:
          - Metric; the lowest wins.
          - Accepts an integer from 1 to 65535.
          - The switch uses V(1) where nothing is configured.
        type: int
      next_hop:
        description:
          - Next hop.
          - Accepts an IPv4 address such as 192.0.2.1.
        type: str
      qualified_next_hop:
        description:
          - Additional next hop; equal metrics share the traffic.
        type: list
        elements: dict
        suboptions:
          qualified_next_hop:
            description:
              - 'Names the entry: Additional next hop; equal metrics share the traffic.'
              - Accepts an IPv4 address such as 192.0.2.1.
            type: str
            required: true
          metric:
            description:
              - Metric of this next hop; that of the route when absent.
              - Accepts an integer from 1 to 65535.
            type: int
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to static routes
  connetos.connetos.connetos_static_routes:
    config:
      - route_prefix: 198.18.20.0/24
        next_hop: 198.18.10.1

- name: Exactly this, and nothing else, of static routes
  connetos.connetos.connetos_static_routes:
    config:
      - route_prefix: 198.18.20.0/24
        next_hop: 198.18.10.1
    state: overridden

- name: Read static routes
  connetos.connetos.connetos_static_routes:
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
        argument_spec={"config": CONFIGS["static_routes"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_static_routes runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
