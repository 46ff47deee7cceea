#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_atp
short_description: Make what ConnetOS switches out of their box need
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Checks a plan of the fabric and makes configuration files, checksums and DHCP reservations for auto provision from
    it, in the directory that the TFTP server serves. Nothing is written unless the whole plan is right, and then only
    what differs.
  - The work is done on the controller; C(delegate_to) doesn't change that. No switch is asked.
options:
  plan:
    description:
      - Plan of the fabric (YAML). Templates lie beside it.
    type: path
    required: true
  dest:
    description:
      - Directory that the TFTP server serves. It is made if it isn't there.
    type: path
    required: true
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
    details: Says which files would be written.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Files for the new rack
  connetos.connetos.connetos_atp:
    plan: rack.yaml
    dest: /srv/tftp
  run_once: true
"""

RETURN = r"""
server:
  description: Address of the TFTP server.
  returned: when the plan is right
  type: str
network:
  description: The management network.
  returned: when the plan is right
  type: str
  sample: 198.18.255.0/24
netmask:
  description: Its mask.
  returned: when the plan is right
  type: str
  sample: 255.255.255.0
files:
  description: Files that were written, or in check mode would be, each C(new) or C(changed).
  returned: when the plan is right
  type: dict
  sample: {"198.18.255.21_yunqi.cfg": "new"}
switches:
  description: Management addresses of the plan's switches, by name.
  returned: when the plan is right
  type: dict
  sample: {"leaf1": "198.18.255.21"}
unplanned:
  description: Configuration files in the directory that belong to no switch of the plan; they are left alone.
  returned: when the plan is right
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    ATP,
)


def main():
    module = AnsibleModule(
        argument_spec=ATP,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_atp runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
