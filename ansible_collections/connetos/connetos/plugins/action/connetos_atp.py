# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes what switches out of their box need; `plugins/modules/connetos_atp.py` documents it."""

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import ATP
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SdkAction

try:
    from connetos_sdk.atp import Plan
    from connetos_sdk.model.text import without_secrets
except ImportError:  # told to the user by `SdkAction`
    Plan = without_secrets = None


class ActionModule(SdkAction):
    argument_spec = ATP

    def begin(self, args, _task_vars, result):
        try:
            plan = Plan.load(self._find_needle("files", args["plan"]))
        except AnsibleError as error:
            raise AnsibleActionFail(f"plan can't be read: {error}") from error
        provisioning, folder = plan.build(), Path(args["dest"])
        changes = provisioning.changes(folder)
        if self._task.diff:
            result["diff"] = [
                _diff(folder / change.name, provisioning.files[change.name]) for change in changes
            ]
        result.update(unplanned=provisioning.unplanned(folder), warnings=list(provisioning.warnings))
        if changes and not self._task.check_mode:
            changes = provisioning.write(folder)
        result.update(
            changed=bool(changes),
            files={change.name: change.kind for change in changes},
            server=str(plan.server),
            network=str(plan.management),
            netmask=str(plan.management.netmask),
            switches={s.name: str(s.management.ip) for s in plan.switches.values()},
        )


def _diff(path, content):
    return {
        "before_header": str(path),
        "after_header": str(path),
        "before": _shown(path.name, path.read_bytes()) if path.exists() else "",
        "after": _shown(path.name, content),
    }


def _shown(name, content):
    """The text of a file; that of a configuration without its secrets."""
    text = content.decode("utf-8", "replace")
    return without_secrets(text, "set") if name.endswith(".cfg") else text
