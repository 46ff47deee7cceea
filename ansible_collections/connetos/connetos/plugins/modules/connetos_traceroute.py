#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_traceroute
short_description: Find the routers on the way from a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Traces the way from the switch to a host, and fails when it isn't reached or isn't reached as it should be.
options:
  must_reach:
    description:
      - Whether it is a failure when the host doesn't answer.
    type: bool
    default: true
  through:
    description:
      - Addresses of routers that have to be on the way, in whatever order.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.operation.traceroute
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
    details: Probes are sent in check mode, too, for nothing is changed.
  diff_mode:
    support: none
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: The way to the other site is over the second line
  connetos.connetos.connetos_traceroute:
    host: 198.18.20.1
    protocol: icmp
    queries: 1
    through: [198.18.112.2]
"""

RETURN = r"""
reached:
  description: Whether the host itself answered.
  returned: when the host is known
  type: bool
  sample: true
way:
  description: For each hop the addresses that answered.
  returned: when the host is known
  type: list
  elements: list
  sample: [["198.18.112.2"], ["198.18.20.1"]]
hops:
  description: For each hop all answers, with their times in milliseconds.
  returned: when the host is known
  type: list
  elements: dict
  sample: [{"ttl": 1, "answers": [{"probe": 1, "kind": "ttl-exceeded", "address": "198.18.112.2", "time_ms": 0.31}]}]
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    TRACEROUTE,
)


def main():
    module = AnsibleModule(
        argument_spec={**TRACEROUTE, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_traceroute runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
