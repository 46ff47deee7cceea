#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Made by tools/ansible_modules.py from the configuration model: change it there.

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_system
short_description: Configure the switch as a whole of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings what is configured below C(system) into a state, in one transaction of the switch.
  - Options are the words of the configuration tree with C(_) for C(-).
options:
  config:
    description:
      - What is to be configured.
    type: dict
    suboptions:
      hostname:
        description:
          - Name of the switch, shown in the prompt and in syslog lines.
          - Accepts 1 to 63 letters, digits, _ . - that begin and end with a letter or digit.
          - The switch uses V(ConnetOS) where nothing is configured.
        type: str
      inband:
        description:
          - Management through VLAN interfaces.
        type: dict
        suboptions:
          enable:
            description:
              - Whether the switch is managed through its VLAN interfaces, too, or through the management port only.
              - The switch uses V(true) where nothing is configured.
            type: bool
      services:
        description:
          - Servers for remote logins.
        type: dict
        suboptions:
          ssh:
            description:
              - SSH server.
            type: dict
            suboptions:
              connection_limit:
                description:
                  - Most SSH logins at a time.
                  - Accepts an integer from 1 to 250.
                  - The switch uses V(15) where nothing is configured.
                type: int
              enable:
                description:
                  - Whether SSH connections are taken.
                  - The switch uses V(true) where nothing is configured.
                type: bool
          telnet:
            description:
              - 'Telnet server: there is none, see limits.'
            type: dict
            suboptions:
              connection_limit:
                description:
                  - Most Telnet logins at a time.
                  - Accepts an integer from 1 to 250.
                  - The switch uses V(15) where nothing is configured.
                type: int
              enable:
                description:
                  - Whether Telnet connections are taken; off unless configured.
                type: bool
      timezone:
        description:
          - Time zone of what is shown.
          - Accepts a name of the tz database such as UTC or Europe/Oslo.
          - The switch uses V(UTC) where nothing is configured.
        type: str
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.resource
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
"""

EXAMPLES = r"""
- name: Add to switch as a whole
  connetos.connetos.connetos_system:
    config:
      hostname: leaf1

- name: Exactly this, and nothing else, of switch as a whole
  connetos.connetos.connetos_system:
    config:
      hostname: leaf1
    state: overridden

- name: Read switch as a whole
  connetos.connetos.connetos_system:
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
        argument_spec={"config": CONFIGS["system"], **RESOURCE, **CONNECTION},
        required_if=RESOURCE_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_system runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
