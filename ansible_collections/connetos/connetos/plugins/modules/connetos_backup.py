#!/usr/bin/python
# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: connetos_backup
short_description: Keep configurations of ConnetOS switches in a git repository
version_added: 0.1.0
author: The ConnetOS automation authors (!UNKNOWN)
description:
  - Saves the running configurations of all hosts of the play into a git repository on the controller, with one commit for
    the task, and none where nothing has changed.
  - Or makes saved configurations the running ones again, on all hosts or on none, as M(connetos.connetos.connetos_fabric)
    changes them.
  - The task runs once for all hosts of the play, like a task with C(run_once). C(git) must be installed.
options:
  folder:
    description:
      - The repository's work tree. It is made if it isn't there, readable by its owner only. The file of a host has its
        name and the suffix C(.conf), C(.set) or C(.json), by O(form).
    type: path
    required: true
  state:
    description:
      - V(saved) writes the running configurations into O(folder), V(restored) makes those in O(version) the running ones.
    type: str
    choices: [saved, restored]
    default: saved
  form:
    description:
      - Curly braces (V(text)), C(set) lines, or JSON.
    type: str
    choices: [text, set, json]
    default: text
  secrets:
    description:
      - Whether password hashes and other secrets are saved. Without, a mask stands in their place; when it is restored it
        keeps the secret that the switch has.
      - Files with secrets are readable by their owner only; what git itself keeps is as readable as O(folder) is.
    type: bool
    default: false
  comment:
    description:
      - Of the commit, or the comment of the revision that restores. By default it says what was done.
    type: str
    default: ''
  author:
    description:
      - Of the commit.
    type: str
    default: ConnetOS backup <backup@localhost>
  push:
    description:
      - Whether commits that the remote repository of the branch doesn't have are pushed to it, those of earlier tasks, too.
    type: bool
    default: false
  version:
    description:
      - What to restore, as git names commits, such as V(HEAD~1), a tag or V(@{yesterday}).
    type: str
    default: HEAD
  confirm:
    description:
      - Seconds after which a switch goes back by itself if it can't be reached after O(state=restored).
    type: int
    default: 120
  hosts:
    description:
      - Names of the hosts; all of the play by default.
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
    support: full
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""

EXAMPLES = r"""
- name: Tonight's configurations
  connetos.connetos.connetos_backup:
    folder: /srv/switch-configs
    push: true

- name: As it was before the last commit
  connetos.connetos.connetos_backup:
    folder: /srv/switch-configs
    state: restored
    version: HEAD~1
"""

RETURN = r"""
files:
  description: Files that have changed, or in check mode would.
  returned: when O(state=saved)
  type: list
  elements: str
  sample: ["leaf1.conf"]
commit:
  description: Id of the commit; empty if there was none.
  returned: when O(state=saved)
  type: str
report:
  description: What became of all switches, as lines for people.
  returned: when O(state=restored)
  type: list
  elements: str
switches:
  description: What became of each, by name, as M(connetos.connetos.connetos_fabric) tells it.
  returned: when O(state=restored)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import BACKUP, CONNECTION  # noqa: E402


def main():
    module = AnsibleModule(argument_spec={**BACKUP, **CONNECTION}, supports_check_mode=True)
    module.fail_json(
        msg="connetos_backup runs as an action on the controller; don't call the module file itself"
    )


if __name__ == "__main__":
    main()
