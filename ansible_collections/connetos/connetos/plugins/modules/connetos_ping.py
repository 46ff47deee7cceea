#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_ping
short_description: Ping from a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Sends ICMP echo requests from the switch, and fails when too few are answered.
options:
  state:
    description:
      - V(present) fails when more than O(max_loss) of the requests aren't answered.
      - V(absent) fails when any is, for hosts that must not be reached.
    type: str
    choices: [present, absent]
    default: present
  max_loss:
    description:
      - How many of the requests may be lost, in percent.
    type: float
    default: 0.0
extends_documentation_fragment:
  - connetos.connetos.connection
  - connetos.connetos.operation.ping
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
    details: Requests are sent in check mode, too, for nothing is changed.
  diff_mode:
    support: none
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: The server answers
  connetos.connetos.connetos_ping:
    host: 198.18.10.1
    count: 10
    interval_ms: 100

- name: The neighbour at the other site answers, most of the time
  connetos.connetos.connetos_ping:
    dest: 198.18.20.1
    source: 198.18.10.254
    max_loss: 20

- name: Guests can't be reached
  connetos.connetos.connetos_ping:
    host: 198.18.99.1
    state: absent
"""

RETURN = r"""
sent:
  description: How many requests were sent.
  returned: when the host is known
  type: int
  sample: 5
received:
  description: How many were answered.
  returned: when the host is known
  type: int
  sample: 5
loss_percent:
  description: How many weren't, in percent.
  returned: when the host is known
  type: float
  sample: 0.0
avg_ms:
  description: Mean round trip time in milliseconds; none if nobody answered. Likewise C(min_ms), C(max_ms) and C(stddev_ms).
  returned: when the host is known
  type: float
  sample: 0.213
address:
  description: The address that was asked. C(source) and C(interface) say from where.
  returned: when the host is known
  type: str
  sample: 198.18.10.1
probes:
  description: Each request and what became of it.
  returned: when the host is known
  type: list
  elements: dict
  sample: [{"seq": 1, "outcome": "reply", "sender": "198.18.10.1", "time_ms": 0.213, "ttl": 64}]
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    PING,
)


def main():
    module = AnsibleModule(
        argument_spec={**PING, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_ping runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
