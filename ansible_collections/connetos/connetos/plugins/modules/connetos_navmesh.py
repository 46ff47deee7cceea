#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_navmesh
short_description: Follow a flow across ConnetOS switches
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Asks every switch on the way of a flow what it does with it, from its tables as they are, and fails when the flow
    doesn't get where it should. No packet is sent.
  - The message names the switch and the port where the flow stops, why, and the line of configuration to blame.
  - The task runs once for all hosts of the play, like a task with C(run_once).
options:
  source:
    description:
      - Where the flow begins, as an address or as a name of O(attached).
    type: str
    required: true
  destination:
    description:
      - Where it should get to, likewise.
    type: str
    required: true
  protocol:
    description:
      - V(tcp), V(udp), V(sctp), V(icmp), V(icmpv6) or the number of an IP protocol.
    type: str
    default: tcp
  source_port:
    description:
      - Source port of TCP, UDP or SCTP.
    type: int
    default: 40000
  destination_port:
    description:
      - Destination port of TCP, UDP or SCTP.
    type: int
    default: 443
  one_way:
    description:
      - Don't follow the answers.
    type: bool
    default: false
  expected:
    description:
      - V(delivered) fails unless the flow (and the answers) get there.
      - V(not-delivered) fails if the flow gets there.
      - V(any) never fails for where it gets.
    type: str
    choices: [delivered, not-delivered, any]
    default: delivered
  hosts:
    description:
      - Names of the switches in the inventory; all of the play by default.
    type: list
    elements: str
  links:
    description:
      - The cables between the switches, each with its two ends, such as C([leaf1:te-1/1/7, spine1:te-1/1/1]).
      - Without it, the cables are those that LLDP tells of at both ends.
    type: list
    elements: list
  attached:
    description:
      - What is known of hosts. The switches are asked where others are.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name.
        type: str
        required: true
      port:
        description:
          - The port behind which it is, such as V(leaf1:te-1/1/1).
        type: str
        required: true
      address:
        description:
          - Its address, with prefix length.
        type: str
        default: ''
      gateway:
        description:
          - Address of its router.
        type: str
        default: ''
      mac:
        description:
          - Its MAC address.
        type: str
        default: ''
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
    details: Nothing is changed anyway.
  diff_mode:
    support: none
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: The web server can talk to the database
  connetos.connetos.connetos_navmesh:
    source: web1
    destination: db1
    destination_port: 5432
    links: "{{ connetos_links }}"
    attached:
      - {name: web1, port: "leaf1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}
      - {name: db1, port: "leaf2:te-1/1/1", address: 198.18.20.1/24, gateway: 198.18.20.254}

- name: Guests can't
  connetos.connetos.connetos_navmesh:
    source: 198.18.99.1
    destination: 198.18.20.1
    destination_port: 5432
    expected: not-delivered
"""

RETURN = r"""
delivered:
  description: Whether the flow, and the answers unless O(one_way), get there on every way that they may take.
  returned: when the hosts are known
  type: bool
  sample: true
report:
  description: The ways with switches, ports and VLANs, as lines for people.
  returned: when the hosts are known
  type: list
  elements: str
forward:
  description: The way there; C(back) is that of the answers, in the same form.
  returned: when the hosts are known
  type: dict
  sample: {"source": "web1", "destination": "db1", "branches": [{"outcome": "delivered", "where": "leaf2:te-1/1/1"}]}
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    NAVMESH,
)


def main():
    module = AnsibleModule(
        argument_spec={**NAVMESH, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_navmesh runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
