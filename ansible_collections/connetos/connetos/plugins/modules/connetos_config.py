#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_config
short_description: Change the configuration of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Changes the running configuration in one transaction. Either the switch took over all of it, and read it
    back from the hardware, or nothing has changed and the error names the path, the reason and what would be right.
  - The configuration is given as C(set) and C(delete) lines, as a document in the shape of the configuration
    tree, or as a file.
options:
  lines:
    description:
      - C(set) and C(delete) lines, as at the CLI of the switch.
      - A C(delete) of something that isn't configured is an error, as it is at the CLI.
    type: list
    elements: str
  document:
    description:
      - Configuration in the shape of the configuration tree. The words of a C(set) line are the keys.
    type: dict
  src:
    description:
      - File on the controller with configuration in curly braces, as C(set) and C(delete) lines, or as JSON.
      - It is a Jinja2 template and is looked up in C(templates/) of the role and beside the playbook.
    type: path
  path:
    description:
      - Where O(document) belongs, in words as on a CLI line, such as V(interface gigabit-ethernet te-1/1/1).
        The root of the tree by default.
    type: str
  purge:
    description:
      - Paths below which nothing stays but what O(document) or O(src) says; elsewhere it is merged. A word may be
        V(*) for every entry of a list, such as V(interface gigabit-ethernet * family).
      - Can't be combined with O(path), O(lines) or O(state=replaced).
    type: list
    elements: str
    default: []
  state:
    description:
      - V(merged) lays the configuration over what is there.
      - V(replaced) puts it in place of what is at O(path), or of the whole configuration where there is no
        O(path). It needs O(document), or O(src) with a file that isn't made of C(delete) lines.
    type: str
    choices: [merged, replaced]
    default: merged
  comment:
    description:
      - Kept with the revision.
    type: str
    default: ''
  confirm:
    description:
      - Commit confirmed. The switch rolls the change back after so many seconds, unless a later task with
        O(confirm_commit=true) confirms it. The task returns while the commit waits.
      - On the switch a later commit of the same user without O(confirm) confirms, too.
      - Can't be combined with O(save).
    type: int
  confirm_commit:
    description:
      - Confirm the commit that waits for it. The task fails when none does, for then the change has been rolled
        back already. Make it depend on the change with C(when), as in the examples.
      - Can't be combined with a change.
    type: bool
    default: false
  save:
    description:
      - See to it that the switch boots with the running configuration. The startup configuration is written,
        and the task reports a change, only if it differs from what is running after the change.
    type: bool
    default: false
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
- name: VLAN 10 exists and has a name
  connetos.connetos.connetos_config:
    lines:
      - set vlans vlan-id 10 vlan-name web

- name: The same as a document
  connetos.connetos.connetos_config:
    document:
      vlans:
        vlan-id:
          10:
            vlan-name: web

- name: These are the VLANs, and there are no others
  connetos.connetos.connetos_config:
    document: {vlans: {vlan-id: {10: {vlan-name: web}, 20: {vlan-name: db}}}}
    purge: [vlans]

- name: This port has exactly this configuration
  connetos.connetos.connetos_config:
    path: interface gigabit-ethernet te-1/1/1
    state: replaced
    document:
      description: server-1
      family:
        ethernet-switching:
          native-vlan-id: 10

- name: Load a template, save the configuration
  connetos.connetos.connetos_config:
    src: leaf.conf.j2
    comment: web tier
    save: true

- name: Change with a safety net of a minute
  connetos.connetos.connetos_config:
    src: leaf.conf.j2
    confirm: 60
  register: change

- name: Keep it
  connetos.connetos.connetos_config:
    confirm_commit: true
  when: change is changed
"""

RETURN = r"""
commands:
  description: The C(set) and C(delete) lines that lead from the old configuration to the new one, with secrets masked.
  returned: when a configuration is given
  type: list
  elements: str
  sample: ["set vlans vlan-id 10 vlan-name web"]
revision:
  description: Revision of the running configuration afterwards; in check mode the one that it would be.
  returned: when a configuration is given or a commit was confirmed
  type: int
  sample: 42
confirm_deadline:
  description: Until when the commit must be confirmed, in seconds since 1970.
  returned: when O(confirm) is given, something changed and it isn't check mode
  type: float
  sample: 1767225660.0
saved:
  description: Whether the startup configuration was written, or would be in check mode.
  returned: when O(save=true)
  type: bool
diff:
  description: What changes, grouped by place; the lines are in C(prepared).
  returned: in diff mode
  type: dict
  contains:
    prepared:
      description: The difference, lines marked with C(-) and C(+).
      type: str
problems:
  description: What is wrong.
  returned: on failure
  type: list
  elements: dict
  contains:
    code:
      description: Kind of the problem, such as V(broken-reference).
      type: str
    path:
      description: Words of the configuration path.
      type: list
      elements: str
    reason:
      description: What is wrong there.
      type: str
    hint:
      description: What would be right.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONFIG,
    CONFIG_EXCLUSIVE,
    CONNECTION,
)


def main():
    module = AnsibleModule(
        argument_spec={**CONFIG, **CONNECTION},
        mutually_exclusive=CONFIG_EXCLUSIVE,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_config runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
