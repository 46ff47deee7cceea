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

SHOWN = ("name", "uris", "suites", "components", "enabled", "key_sha256")


class ActionModule(SwitchAction):
    argument_spec = PACKAGE_REPOSITORY
    mutually_exclusive = PACKAGE_REPOSITORY_EXCLUSIVE
    required_if = PACKAGE_REPOSITORY_REQUIRED_IF

    def work(self, switch, args, _task_vars, result):
        packages = switch.packages
        before = _found(packages, args["name"])
        if args["state"] == "absent":
            result["changed"] = before is not None
            if before is not None and not self._task.check_mode:
                packages.remove_repository(args["name"])
        else:
            given = (args["name"], args["uris"], args["suites"], args["components"])
            key = args["key"] if args["key"] is not None else self._key(args["key_file"])
            result["changed"] = packages.add_repository(*given, key=key, check=True)
            if result["changed"] and not self._task.check_mode:
                packages.add_repository(*given, key=key)
        result.update(
            before=before, after=before if self._task.check_mode else _found(packages, args["name"])
        )

    def _key(self, path):
        try:
            return self._loader.get_text_file_contents(self._find_needle("files", path))
        except AnsibleError as error:
            raise AnsibleActionFail(f"key_file can't be read: {error}") from error


def _found(packages, name):
    """The repository as data; None if there is none of that name."""
    found = next((r for r in packages.repositories() if r.name == name), None)
    return {word: value for word, value in found.to_dict().items() if word in SHOWN} if found else None
