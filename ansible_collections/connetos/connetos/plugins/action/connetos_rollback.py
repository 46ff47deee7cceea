# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rolls back; `plugins/modules/connetos_rollback.py` documents it."""

from __future__ import annotations

from functools import partial

from ansible.errors import AnsibleActionFail
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import ROLLBACK, ROLLBACK_EXCLUSIVE
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction

try:
    from connetos_sdk.integrations.commits import commit
except ImportError:  # told to the user by `SwitchAction`
    commit = None


class ActionModule(SwitchAction):
    argument_spec = ROLLBACK
    mutually_exclusive = ROLLBACK_EXCLUSIVE

    def work(self, switch, args, _task_vars, result):
        if args["cancel_confirmed"]:
            self._cancel(switch, result)
            return
        if args["rollback"] is None and args["revision"] is None:
            raise AnsibleActionFail("nothing to do: give one of rollback, revision or cancel_confirmed")
        index = 1 if args["rollback"] is None else args["rollback"]
        back = partial(switch.rollback, index, revision=args["revision"])
        options = {"comment": args["comment"], "confirm": args["confirm"]}
        self._tell(commit(back, test=self._task.check_mode, **options), result)

    def _cancel(self, switch, result):
        if switch.system().confirm is None:
            return
        if self._task.check_mode:
            result["changed"] = True
            return
        self._tell(switch.cancel_confirmed(), result)

    def _tell(self, done, result):
        result.update(changed=done.changed, revision=done.revision, commands=done.set_lines.splitlines())
        if self._task.diff:
            result["diff"] = {"prepared": done.diff}
