#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_command
short_description: Run operational commands on a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Runs operational commands of the CLI as the user of the connection, and returns their text.
  - The configuration is changed with M(connetos.connetos.connetos_config), not here.
options:
  commands:
    description:
      - The commands, as at the CLI of the switch, with pipes if wanted.
    type: list
    elements: str
    required: true
  wait_for:
    description:
      - What must be so. The commands are run again until it is, or O(retries) is used up.
    type: list
    elements: dict
    suboptions:
      result:
        description:
          - Which command's text, counted from 0.
        type: int
        default: 0
      contains:
        description:
          - Text that must be in it.
        type: str
      lacks:
        description:
          - Text that mustn't be in it.
        type: str
  retries:
    description:
      - How often the commands are run again.
    type: int
    default: 10
  interval:
    description:
      - Seconds between two runs.
    type: float
    default: 1.0
extends_documentation_fragment:
  - connetos.connetos.connection
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: partial
    details: Commands that begin with show are run; others are left out with a warning.
  diff_mode:
    support: none
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Look at the VLANs
  connetos.connetos.connetos_command:
    commands:
      - show vlans
      - show version | match OS
  register: shown

- name: Wait until the port is up
  connetos.connetos.connetos_command:
    commands: show interface brief
    wait_for:
      - contains: te-1/1/1
    retries: 30
"""

RETURN = r"""
stdout:
  description: Text of each command.
  returned: always
  type: list
  elements: str
stdout_lines:
  description: The same, in lines.
  returned: always
  type: list
  elements: list
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    COMMAND,
    CONNECTION,
)


def main():
    module = AnsibleModule(
        argument_spec={**COMMAND, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_command runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
