#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_rollback
short_description: Roll a ConnetOS switch back
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Makes an earlier configuration the running one again, or takes back a commit that waits for its confirmation.
options:
  rollback:
    description:
      - How many commits back, 1 to 49. 0 is the running configuration.
    type: int
  revision:
    description:
      - Id of a revision, as tasks return it.
    type: int
  cancel_confirmed:
    description:
      - Roll back now the commit that waits for confirmation. Nothing changes when none does.
    type: bool
    default: false
  comment:
    description:
      - Kept with the revision.
    type: str
    default: ''
  confirm:
    description:
      - The switch takes the rollback back after so many seconds, unless it is confirmed.
    type: int
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
    support: full
    details: The switch itself validates and plans the change, and doesn't make it.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Back to before the last commit
  connetos.connetos.connetos_rollback:
    rollback: 1

- name: Back to what was noted before the maintenance
  connetos.connetos.connetos_rollback:
    revision: "{{ before.revision }}"
"""

RETURN = r"""
commands:
  description: The C(set) and C(delete) lines that lead back, with secrets masked.
  returned: when something is rolled back
  type: list
  elements: str
revision:
  description: Revision of the running configuration afterwards.
  returned: when something is rolled back
  type: int
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    ROLLBACK,
    ROLLBACK_EXCLUSIVE,
)


def main():
    module = AnsibleModule(
        argument_spec={**ROLLBACK, **CONNECTION},
        mutually_exclusive=ROLLBACK_EXCLUSIVE,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_rollback runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
