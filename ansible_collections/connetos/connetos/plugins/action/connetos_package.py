# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Installs and removes packages; `plugins/modules/connetos_package.py` documents it."""

from __future__ import annotations

from contextlib import ExitStack

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import PACKAGE
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction


class ActionModule(SwitchAction):
    argument_spec = PACKAGE

    def work(self, switch, args, _task_vars, result):
        _check(args)
        packages = switch.packages
        if args["update"] and not self._task.check_mode:
            packages.update()
        with ExitStack() as uploads:
            files = [self._uploaded(packages, path, uploads) for path in args["file"]]
            change = _change(packages, args, files)
            if change is not None:
                self._make(change, args, result)
        if args["hold"] is not None:
            self._hold(packages, args, result)

    def _uploaded(self, packages, path, uploads):
        """The name of a package on the switch, where it is until the task ends."""
        try:
            local = self._find_needle("files", path)
        except AnsibleError as error:
            raise AnsibleActionFail(f"file can't be read: {error}") from error
        name = packages.upload(local)
        uploads.callback(packages.remove_upload, name)
        return name

    def _make(self, change, args, result):
        method, given, options = change
        done = method(*given, **options, check=True)
        if done.changed and not self._task.check_mode:
            done = method(*given, **options, health_s=args["health"], timeout_s=args["timeout"])
            result["transaction"] = done.id
        result.update(changed=done.changed, changes=[change.to_dict() for change in done.changes])
        if self._task.diff and done.changed:
            result["diff"] = {
                "before": "".join(f"{c.name} {c.before}\n" for c in done.changes if c.before),
                "after": "".join(f"{c.name} {c.after}\n" for c in done.changes if c.after),
            }

    def _hold(self, packages, args, result):
        names = [name.partition("=")[0] for name in args["name"]]
        installed = packages.installed()
        other = [n for n in names if n in installed and installed[n].hold is not args["hold"]]
        if other and not self._task.check_mode:
            (packages.hold if args["hold"] else packages.unhold)(*other)
        result["changed"] = result.get("changed", False) or bool(other)
        result["held" if args["hold"] else "unheld"] = other


def _check(args):
    """Combinations that an argument specification can't express."""
    named = args["name"] or args["file"]
    if args["rollback"] is not None and (named or args["state"] != "present"):
        raise AnsibleActionFail("rollback stands alone: it says by itself which packages change")
    if not (named or args["update"] or args["rollback"] is not None or args["state"] == "latest"):
        raise AnsibleActionFail("nothing to do: give one of name, file, rollback, update or state=latest")
    if args["file"] and args["state"] in ("absent", "purged"):
        raise AnsibleActionFail(f"state={args['state']} needs name, not file")
    if args["hold"] is not None and not args["name"]:
        raise AnsibleActionFail("hold needs name")


def _change(packages, args, files):
    """The method that makes the change, and its arguments; None if nothing is to be done."""
    names, force = args["name"], {"force": args["force"]}
    if args["rollback"] is not None:
        return packages.rollback, (args["rollback"],), force
    if args["state"] == "latest" and not names and not files:
        options = {"full": args["full"], "recommends": args["recommends"]}
        return packages.upgrade, (), {**options, **force}
    if args["state"] == "present":
        there = packages.installed() if names else {}
        names = [name for name in names if "=" in name or not _installed(there, name)]
    if args["state"] in ("absent", "purged"):
        there, purge = packages.installed(), args["state"] == "purged"
        names = [name for name in names if name in there and (purge or _installed(there, name))]
        return (packages.remove, tuple(names), {"purge": purge, **force}) if names else None
    if not names and not files:
        return None
    options = {"files": files, "recommends": args["recommends"], "downgrade": args["downgrade"]}
    return packages.install, tuple(names), {**options, **force}


def _installed(there, name):
    return name in there and there[name].status == "installed"
