#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_facts
short_description: Gather facts of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Gathers facts; they are variables of the host afterwards.
  - Use it as the first task of a play with C(gather_facts=false). Ansible's own C(gather_facts) can't run it, for it
    runs modules without their actions.
options:
  gather_subset:
    description:
      - What to gather. V(min) always is; a name with V(!) before it isn't.
    type: list
    elements: str
    default: [min, interfaces]
    choices: [all, min, config, interfaces, vlans, routes, users, "!all", "!min", "!config", "!interfaces", "!vlans",
      "!routes", "!users"]
  gather_network_resources:
    description:
      - Names of resources, such as V(vlans) or V(l2_interfaces), or V(all).
    type: list
    elements: str
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
    details: Nothing is changed anyway.
  diff_mode:
    support: none
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Know the switch
  connetos.connetos.connetos_facts:
    gather_subset: all
    gather_network_resources: [vlans, l2_interfaces]
"""

RETURN = r"""
ansible_facts:
  description: The facts, with C(ansible_net_) before their names, and C(ansible_network_resources).
  returned: always
  type: dict
  sample: {"ansible_net_hostname": "leaf1", "ansible_net_version": "0.1.0"}
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    FACTS,
)


def main():
    module = AnsibleModule(
        argument_spec={**FACTS, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_facts runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
