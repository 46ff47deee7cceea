#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_lab
short_description: Bring labs of virtual ConnetOS switches up and down
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Brings a lab up on the controller, from a topology file; what runs already is left alone, what is missing or dead is
    started. Or takes it down, so that nothing of it is left.
  - Switches are added to the inventory by the inventory plugin P(connetos.connetos.connetos#inventory), or read from
    RV(inventory).
options:
  topology:
    description:
      - Topology file of the lab.
    type: path
  name:
    description:
      - Name of a lab that is up, instead of its topology.
    type: str
  state:
    description:
      - V(restarted) restarts the agents of a lab that is up. Packets go on flowing.
    type: str
    choices: [up, down, restarted]
    default: up
  switches:
    description:
      - Switches to restart; all by default.
    type: list
    elements: str
    default: []
  reboot:
    description:
      - Restart the data plane, too, as a power cycle would.
    type: bool
    default: false
extends_documentation_fragment:
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
    details: Says whether anything would be started or ended.
  diff_mode:
    support: full
    details: Tells how each switch does, and what becomes of it.
  platform:
    platforms: posix
    support: full
"""

EXAMPLES = r"""
- name: A lab to try it
  connetos.connetos.connetos_lab:
    topology: two-leaf.yaml

- name: A power failure of one switch
  connetos.connetos.connetos_lab:
    name: two-leaf
    state: restarted
    switches: [leaf1]
    reboot: true

- name: All over
  connetos.connetos.connetos_lab:
    name: two-leaf
    state: down
"""

RETURN = r"""
name:
  description: Name of the lab.
  returned: when it is up
  type: str
  sample: two-leaf
dataplane:
  description: What moves its packets, C(openvswitch) or C(memory).
  returned: when it is up
  type: str
  sample: openvswitch
inventory:
  description: An inventory of the switches, which only its owner may read, for it has the password.
  returned: when it is up
  type: str
  sample: /root/.local/state/connetos/labs/two-leaf/inventory.yml
switches:
  description: How to reach each switch.
  returned: when it is up
  type: dict
  sample: {"leaf1": {"url": "https://127.0.0.1:20443", "ca_file": "/root/.local/state/connetos/labs/two-leaf/leaf1/tls.pem"}}
hosts:
  description: Names of its hosts.
  returned: when it is up
  type: list
  elements: str
  sample: [h1, h2]
links:
  description: Its cables between switches, as M(connetos.connetos.connetos_navmesh) wants them.
  returned: when it is up
  type: list
  elements: list
  sample: [["leaf1:te-1/1/8", "leaf2:te-1/1/8"]]
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    LAB,
    LAB_EXCLUSIVE,
    LAB_ONE_OF,
)


def main():
    module = AnsibleModule(
        argument_spec=LAB,
        mutually_exclusive=LAB_EXCLUSIVE,
        required_one_of=LAB_ONE_OF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_lab runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
