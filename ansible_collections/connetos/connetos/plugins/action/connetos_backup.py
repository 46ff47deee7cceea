# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saves and restores configurations; `plugins/modules/connetos_backup.py` documents it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import BACKUP
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction
from ansible_collections.connetos.connetos.plugins.plugin_utils.report import tell

try:
    from connetos_sdk.backup import Repository, documents, save
    from connetos_sdk.fabric import Edit, FabricChange, answers
    from connetos_sdk.model.text import without_secrets
except ImportError:  # told to the user by `SwitchAction`
    Edit = FabricChange = Repository = answers = documents = save = without_secrets = None


class ActionModule(SwitchAction):
    BYPASS_HOST_LOOP = True
    argument_spec = BACKUP

    def work(self, _switch, args, task_vars, result):
        names = args["hosts"] or task_vars["ansible_play_hosts"]
        switches = {name: self._switch_of(name, args, task_vars) for name in names}
        repository = Repository(Path(args["folder"]), args["author"])
        (self._save if args["state"] == "saved" else self._restore)(switches, repository, args, result)

    def _save(self, switches, repository, args, result):
        saved = save(
            switches,
            repository,
            form=args["form"],
            secrets=args["secrets"],
            message=args["comment"],
            dry_run=self._task.check_mode,
        )
        push = args["push"] and repository.unpushed()
        result.update(changed=bool(saved.after) or push, files=saved.changed, commit=saved.commit)
        if self._task.diff:
            result["diff"] = [
                _diff(name, old, saved.after[name], args["form"]) for name, old in saved.before.items()
            ]
        if push and not self._task.check_mode:
            repository.push()
        if saved.failed:
            told = "; ".join(f"{name}: {reason}" for name, reason in saved.failed.items())
            result.update(failed=True, msg=f"not saved: {told}")

    def _restore(self, switches, repository, args, result):
        saved = documents(switches, repository, form=args["form"], version=args["version"])
        edits = {name: Edit("replace", document) for name, document in saved.items()}
        comment = args["comment"] or f"restored from {args['version']}"
        change = FabricChange(switches, edits, comment=comment, confirm_s=args["confirm"])
        tell(self, change.run(checks=[answers()], dry_run=self._task.check_mode), result)


def _diff(name, old, new, form):
    """What has changed in a file, without secrets."""
    before, after = (without_secrets(text, form) if text else "" for text in (old, new))
    if before == after:
        return {"prepared": f"{name} has changed in nothing that may be shown\n"}
    return {"before_header": name, "after_header": name, "before": before, "after": after}
