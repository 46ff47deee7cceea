#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_fabric
short_description: Change many ConnetOS switches as one
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - One task for the whole play. Every switch plans the change first. Only if all can do it, all commit it confirmed.
    Then the checks look at the fabric as it has become; if they are content all switches are told to keep the change,
    else to go back.
  - A switch that can't be told any more goes back by itself when its time is over.
  - The task runs once for all hosts of the play, like a task with C(run_once).
options:
  lines:
    description:
      - C(set) and C(delete) lines for all hosts, or a dictionary with lines for each host.
    type: raw
  documents:
    description:
      - Dictionary with a document in the shape of the configuration tree for each host; it is merged.
    type: dict
  hosts:
    description:
      - Names of the hosts that O(lines) is for, if it is a list; all of the play by default.
    type: list
    elements: str
  comment:
    description:
      - Kept with each revision.
    type: str
    default: ''
  confirm:
    description:
      - Seconds that switches wait for the checks before they go back by themselves.
    type: int
    default: 120
  checks:
    description:
      - What must be so while the change waits. That every switch answers and is as configured is always checked.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description:
          - The switch to look at.
        type: str
        required: true
      command:
        description:
          - Operational command whose text must contain O(checks[].contains).
        type: str
      contains:
        description:
          - Text that must be in it.
        type: str
      state:
        description:
          - Path in the operational state, in words, whose value must be O(checks[].equals).
        type: str
      equals:
        description:
          - The value.
        type: raw
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
    support: full
  check_mode:
    support: full
    details: Only the plan is made, on all switches.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: VLAN 10 everywhere, or nowhere
  connetos.connetos.connetos_fabric:
    lines:
      - set vlans vlan-id 10 vlan-name web
    comment: change 4711
    checks:
      - host: leaf1
        command: show vlans
        contains: "10 "

- name: Each its own
  connetos.connetos.connetos_fabric:
    documents:
      leaf1: {system: {hostname: leaf1}}
      leaf2: {system: {hostname: leaf2}}
"""

RETURN = r"""
report:
  description: What became of all switches, as lines for people.
  returned: always
  type: list
  elements: str
switches:
  description: What became of each, by name, with its difference and commands.
  returned: always
  type: dict
  sample: {"leaf1": {"outcome": "changed", "commands": ["set vlans vlan-id 10"], "diff": "", "error": "", "revision": 7}}
checks:
  description: How each check ended.
  returned: always
  type: list
  elements: dict
reason:
  description: Why the change wasn't made; empty if it was.
  returned: always
  type: str
ok:
  description: Whether everything is as asked for.
  returned: always
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    FABRIC,
    FABRIC_EXCLUSIVE,
    FABRIC_ONE_OF,
)


def main():
    module = AnsibleModule(
        argument_spec={**FABRIC, **CONNECTION},
        mutually_exclusive=FABRIC_EXCLUSIVE,
        required_one_of=FABRIC_ONE_OF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_fabric runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
