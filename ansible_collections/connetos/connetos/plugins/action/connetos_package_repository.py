# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adds and removes package repositories; `plugins/modules/connetos_package_repository.py` documents it."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (
    PACKAGE_REPOSITORY,
    PACKAGE_REPOSITORY_EXCLUSIVE,
    PACKAGE_REPOSITORY_REQUIRED_IF,
)
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction

try:
    from connetos_sdk.errors import NotFound
except ImportError:  # told to the user by `SwitchAction`
    NotFound = ValueError

SHOWN = ("name", "uris", "suites", "components", "enabled", "key_sha256")


class ActionModule(SwitchAction):
    argument_spec = PACKAGE_REPOSITORY
    mutually_exclusive = PACKAGE_REPOSITORY_EXCLUSIVE
    required_if = PACKAGE_REPOSITORY_REQUIRED_IF

    def work(self, switch, args, _task_vars, result):
        change = self._change(switch.packages, args)
        result.update(
            changed=change is not None and change.changed,
            before=_shown(change.before) if change else None,
            after=_shown(change.after) if change else None,
        )
        if self._task.diff and result["changed"]:
            result["diff"] = {side: result[side] or {} for side in ("before", "after")}

    def _change(self, packages, args):
        """What changes; None if there is nothing to remove."""
        check = self._task.check_mode
        if args["state"] == "absent":
            try:
                return packages.remove_repository(args["name"], check=check)
            except NotFound:
                return None
        key = args["key"] if args["key"] is not None else self._key(args["key_file"])
        given = (args["name"], args["uris"], args["suites"], args["components"])
        return packages.add_repository(*given, key=key, check=check)

    def _key(self, path):
        try:
            return self._loader.get_text_file_contents(self._find_needle("files", path))
        except AnsibleError as error:
            raise AnsibleActionFail(f"key_file can't be read: {error}") from error


def _shown(repository):
    """The repository as data; None if there is none."""
    return {name: getattr(repository, name) for name in SHOWN} if repository else None
