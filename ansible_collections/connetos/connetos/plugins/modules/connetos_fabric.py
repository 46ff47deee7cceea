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
  purge:
    description:
      - Paths below which nothing stays but what O(documents) says. A word may be V(*) for every entry of a list, such as
        V(interface gigabit-ethernet * family).
    type: list
    elements: str
    default: []
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
  cabling:
    description:
      - Cables that there must be by LLDP while the change waits, and no other ones between these switches; each a list of
        two ends, such as V([leaf1:te-1/1/7, spine1:te-1/1/1]).
    type: list
    elements: list
  pings:
    description:
      - Pings that must be answered while the change waits.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description:
          - The switch that asks.
        type: str
        required: true
      address:
        description:
          - Who must answer.
        type: str
        required: true
      source:
        description:
          - Address of the switch to ask from; the nearest by default.
        type: str
        default: ''
  flows:
    description:
      - Flows that must be delivered while the change waits, and their answers, as the tables of the switches that are
        changed or checked say. Nothing is sent.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description:
          - An IP address, a MAC address, V(switch:port), or an IP address, V(@) and one of these.
        type: str
        required: true
      destination:
        description:
          - Likewise.
        type: str
        required: true
      protocol:
        description:
          - Name or number.
        type: str
        default: tcp
      source_port:
        description:
          - Of TCP, UDP or SCTP.
        type: int
        default: 40000
      destination_port:
        description:
          - Of TCP, UDP or SCTP.
        type: int
        default: 443
  settle:
    description:
      - Seconds until O(cabling) must be as planned, O(pings) answered and O(flows) delivered. Less than half of O(confirm),
        so that there is time to confirm.
    type: int
    default: 30
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

- name: The uplinks work, or nothing has changed
  connetos.connetos.connetos_fabric:
    documents: "{{ documents }}"
    purge: [vlans, vlan-interface]
    cabling:
      - [leaf1:te-1/1/7, spine1:te-1/1/1]
    pings:
      - {host: leaf1, address: 198.18.64.0}
    flows:
      - {source: 198.18.10.1, destination: 198.18.20.1, destination_port: 5432}

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
