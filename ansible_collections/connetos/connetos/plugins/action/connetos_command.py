# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs operational commands; `plugins/modules/connetos_command.py` documents it."""

from __future__ import annotations

import time

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import COMMAND
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction


class ActionModule(SwitchAction):
    argument_spec = COMMAND

    def work(self, switch, args, _task_vars, result):
        commands = args["commands"]
        if self._task.check_mode:
            skipped = [command for command in commands if command.split()[:1] != ["show"]]
            commands = [command for command in commands if command not in skipped]
            if skipped:
                result["warnings"] = ["check mode runs only show commands, not " + ", ".join(skipped)]
        for left in range(args["retries"], -1, -1):
            texts = [switch.cli(command) for command in commands]
            missing = [
                reason for wanted in args["wait_for"] or [] if (reason := _missing(wanted, commands, texts))
            ]
            if not missing or not left or self._task.check_mode:
                break
            time.sleep(args["interval"])
        result.update(stdout=texts, stdout_lines=[text.splitlines() for text in texts])
        if missing and not self._task.check_mode:
            result.update(failed=True, msg="; ".join(missing))


def _missing(wanted, commands, texts):
    """Why a condition isn't met; empty if it is."""
    number = wanted["result"]
    if not 0 <= number < len(texts):
        return f"there is no result {number}: {len(texts)} commands were run"
    if wanted["contains"] is not None and wanted["contains"] not in texts[number]:
        return f"result {number} ({commands[number]}) doesn't contain {wanted['contains']!r}"
    if wanted["lacks"] is not None and wanted["lacks"] in texts[number]:
        return f"result {number} ({commands[number]}) still contains {wanted['lacks']!r}"
    return ""
