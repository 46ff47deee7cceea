#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_package_repository
short_description: Add and remove package repositories of a ConnetOS switch
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Adds a repository with the key that signs it, and reads its lists at once. One that isn't there, isn't signed by that
    key or has expired isn't added. No other key of the switch is trusted for it.
options:
  name:
    description:
      - A name for it on the switch.
    type: str
    required: true
  uris:
    description:
      - Where it is, C(https://), C(http://) or C(file:///).
    type: list
    elements: str
  suites:
    description:
      - Its suites, such as V(bookworm); one that ends with V(/) is flat and has no components.
    type: list
    elements: str
  components:
    description:
      - Its components, such as V(main).
    type: list
    elements: str
    default: []
  key:
    description:
      - The key that signs it, ASCII-armoured.
    type: str
  key_file:
    description:
      - File on the controller with that key.
    type: path
  state:
    description:
      - Whether it should be there. One that was made by hand on the switch isn't removed.
    type: str
    choices: [present, absent]
    default: present
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
    details: Tells what would change; whether the repository can be read is not tried.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Packages of our own
  connetos.connetos.connetos_package_repository:
    name: tools
    uris: https://packages.example.net/debian
    suites: stable
    components: main
    key_file: tools.asc
"""

RETURN = r"""
before:
  description: The repository as it was; none if it wasn't there.
  returned: always
  type: dict
  sample: null
after:
  description: The repository as it is, in check mode as it would be; none if it isn't there.
  returned: always
  type: dict
  sample: {"name": "tools", "uris": ["https://packages.example.net/debian"], "suites": ["stable"], "components": ["main"],
    "enabled": true, "key_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (  # noqa: E402
    CONNECTION,
    PACKAGE_REPOSITORY,
    PACKAGE_REPOSITORY_EXCLUSIVE,
    PACKAGE_REPOSITORY_REQUIRED_IF,
)


def main():
    module = AnsibleModule(
        argument_spec={**PACKAGE_REPOSITORY, **CONNECTION},
        mutually_exclusive=PACKAGE_REPOSITORY_EXCLUSIVE,
        required_if=PACKAGE_REPOSITORY_REQUIRED_IF,
        supports_check_mode=True,
    )
    module.fail_json(
        msg="connetos_package_repository runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
