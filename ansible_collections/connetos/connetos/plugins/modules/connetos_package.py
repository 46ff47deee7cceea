#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_package
short_description: Install and remove Debian packages on a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Installs, upgrades and removes packages with the switch's own apt, in one transaction. What fails, or leaves the
    switch less well than before, is brought back to the packages from before.
  - What would remove the agent, the data plane or the kernel is refused, unless it is forced.
options:
  name:
    description:
      - Names of packages, or C(name=version).
    type: list
    elements: str
    default: []
    aliases: [package, pkg]
  file:
    description:
      - Packages (C(.deb)) or bundles of packages (uncompressed C(.tar)) on the controller; they are sent to the switch,
        and removed there when the task ends. That needs the SDK's own connection, for C(ansible.netcommon) carries no files.
    type: list
    elements: path
    default: []
  state:
    description:
      - V(present) installs what isn't there, V(latest) upgrades it, too; without O(name) it upgrades all packages.
      - V(absent) removes packages, V(purged) their configuration files, too.
    type: str
    choices: [present, latest, absent, purged]
    default: present
  rollback:
    description:
      - Go back to the versions from before this transaction of the history, as RV(transaction) told it.
    type: int
  hold:
    description:
      - Whether to keep the packages of O(name) at their versions when others are upgraded.
    type: bool
  update:
    description:
      - Read the package lists of all repositories first. In check mode the lists stay as they are.
    type: bool
    default: false
  recommends:
    description:
      - Install recommended packages, too.
    type: bool
    default: false
  downgrade:
    description:
      - Earlier versions than the installed ones are allowed.
    type: bool
    default: false
  full:
    description:
      - An upgrade of all packages may remove some.
    type: bool
    default: false
  force:
    description:
      - Even if agent, data plane or kernel are removed.
    type: bool
    default: false
  health:
    description:
      - How many seconds the switch has to be as well as before; V(0) leaves that out.
    type: int
    default: 60
  timeout:
    description:
      - How many seconds the change may take.
    type: int
    default: 1800
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
    details: The switch plans the change, and doesn't make it. Files are sent for that, and removed again.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: The monitoring agent, in this version
  connetos.connetos.connetos_package:
    name: zabbix-agent=6.0.14
    update: true

- name: A package of our own
  connetos.connetos.connetos_package:
    file: exporter_1.2_all.deb

- name: Everything up to date, switch by switch
  connetos.connetos.connetos_package:
    state: latest
  throttle: 1
"""

RETURN = r"""
changes:
  description: Packages whose version changed, or in check mode would; without a version before or after, it isn't there.
  returned: when packages are to be changed
  type: list
  elements: dict
  sample: [{"name": "zabbix-agent", "before": null, "after": "6.0.14", "action": "install"}]
transaction:
  description: Number of the transaction in the history, for O(rollback).
  returned: when packages were changed
  type: int
  sample: 7
held:
  description: Packages that are held now and weren't before.
  returned: when O(hold=true)
  type: list
  elements: str
  sample: [zabbix-agent]
unheld:
  description: Packages that were held before and aren't now.
  returned: when O(hold=false)
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    PACKAGE,
)


def main():
    module = AnsibleModule(
        argument_spec={**PACKAGE, **CONNECTION},
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_package runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
