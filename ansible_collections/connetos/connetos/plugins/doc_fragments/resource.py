# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(merged) adds to what is there.
      - V(replaced) makes the given entries exactly as given, and leaves others alone.
      - V(overridden) makes all of it exactly as given; entries that aren't given go away.
      - V(deleted) deletes the given entries, or all of them without O(config).
      - V(gathered) reads what is configured.
      - V(rendered) makes C(set) lines of O(config), without a switch.
      - V(parsed) reads O(running_config), without a switch.
    type: str
    choices: [merged, replaced, overridden, deleted, gathered, rendered, parsed]
    default: merged
  running_config:
    description:
      - Configuration text in any form, for O(state=parsed).
    type: str
  comment:
    description:
      - Kept with the revision.
    type: str
    default: ''
  confirm:
    description:
      - The switch rolls the change back after so many seconds, unless it is confirmed.
      - M(connetos.connetos.connetos_config) with C(confirm_commit) does that.
    type: int
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: The switch itself validates and plans the change, and doesn't make it.
  diff_mode:
    support: full
  platform:
    platforms: connetos
    support: full
"""
