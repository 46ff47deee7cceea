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
  - What a vendor's switch doesn't tell, such as the state of its ports, is left out with a warning.
  - A play with C(gather_facts=true) gathers them by itself with C(ansible_network_os=connetos.connetos.connetos) and
    C(ansible_connection=connetos.connetos.connetos) (or C(ansible.netcommon.httpapi), C(ansible.netcommon.network_cli)).
    That starts a program for each switch; a task with this module doesn't, and is several times as fast.
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

import sys  # noqa: E402

from ansible.module_utils.basic import AnsibleModule, missing_required_lib  # noqa: E402
from ansible.module_utils.connection import Connection  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.access import (  # noqa: E402
    FROM_ENVIRONMENT,
    connect,
)
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import FACTS  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.facts import gather  # noqa: E402
from ansible_collections.connetos.connetos.plugins.module_utils.persistent import transport  # noqa: E402

try:
    from connetos_sdk import Switch
    from connetos_sdk.errors import ConnetosError
except ImportError:
    Switch, ConnetosError = None, ValueError


def main():
    # As a task it runs as an action; `gather_facts` runs the module itself, on the controller.
    module = AnsibleModule(
        argument_spec={**FACTS, **FROM_ENVIRONMENT},
        supports_check_mode=True,
    )
    if Switch is None:
        module.fail_json(msg=f"{missing_required_lib('connetos-sdk')} ({sys.executable})")
    try:
        facts, warnings = gather(
            _switch(module), module.params["gather_subset"], module.params["gather_network_resources"]
        )
    except (ConnetosError, ValueError) as error:
        module.fail_json(msg=str(error))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(ansible_facts=facts)


def _switch(module):
    if module._socket_path:
        return Switch(transport=transport(Connection(module._socket_path)))
    if not module.params["connetos_url"]:
        module.fail_json(
            msg="it isn't known where the switch is: use ansible_connection=connetos.connetos.connetos, or run"
            " connetos_facts as a task"
        )
    return connect({name: module.params[name] for name in FROM_ENVIRONMENT})


if __name__ == "__main__":
    main()
