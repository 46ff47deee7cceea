# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes the configuration of a switch; `plugins/modules/connetos_config.py` documents it."""

from __future__ import annotations

import os
from functools import partial

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.template import trust_as_template
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import CONFIG, CONFIG_EXCLUSIVE
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction
from ansible_collections.connetos.connetos.plugins.plugin_utils.plain import plain

try:
    from connetos_sdk.errors import Unsupported
    from connetos_sdk.integrations.commits import commit
    from connetos_sdk.model.text import as_path
    from connetos_sdk.model.setlines import parse_lines
    from connetos_sdk.model.text import parse_document
    from connetos_sdk.overlay import overlay
except ImportError:  # told to the user by `SwitchAction`
    Unsupported = as_path = commit = overlay = parse_document = parse_lines = None

FORMS = ("lines", "document", "src")


class ActionModule(SwitchAction):
    argument_spec = CONFIG
    mutually_exclusive = CONFIG_EXCLUSIVE

    def work(self, switch, args, task_vars, result):
        _check(args)
        if args["confirm_commit"]:
            result.update(self._confirm(switch))
        if any(args[form] is not None for form in FORMS):
            result.update(self._change(self._operation(switch, args, task_vars), args))
        if args["save"]:
            changed = result.get("changed", False)
            result["saved"] = self._save(switch, will_change=changed)
            result["changed"] = changed or result["saved"]

    # -- one change -----------------------------------------------------------------------------------

    def _operation(self, switch, args, task_vars):
        """The method of `switch` that makes the change, and its arguments."""
        if args["lines"] is not None:
            text = "\n".join(args["lines"])
            parse_lines(text)  # the switch takes text in any form; here only lines are meant
            return switch.apply_lines, (text,)
        if args["document"] is not None:
            document, path = plain(args["document"]), _path(args["path"] or "")
        else:
            text, path = self._text(args["src"], task_vars), ()
            if args["state"] == "merged" and not args["purge"] and _has_lines(text):
                return switch.apply_lines, (text,)
            document = parse_document(text)
        if args["purge"]:
            return partial(overlay, switch), (document, args["purge"])
        return (switch.replace if args["state"] == "replaced" else switch.merge), (document, path)

    def _change(self, operation, args):
        method, arguments = operation
        options = {"comment": args["comment"], "confirm": args["confirm"]}
        done = commit(partial(method, *arguments), test=self._task.check_mode, **options)
        result = {
            "changed": done.changed,
            "revision": done.revision,
            "commands": done.set_lines.splitlines(),
        }
        if done.confirm_deadline is not None and not self._task.check_mode:
            result["confirm_deadline"] = done.confirm_deadline
        if self._task.diff:
            result["diff"] = {"prepared": done.diff}
        return result

    def _text(self, src, task_vars):
        """The file, with its template filled in."""
        try:
            found = self._find_needle("templates", src)
            text = self._loader.get_text_file_contents(found)
        except AnsibleError as error:
            raise AnsibleActionFail(f"src can't be read: {error}") from error
        folders = [
            *task_vars.get("ansible_search_path", []),
            self._loader.get_basedir(),
            os.path.dirname(found),
        ]
        search = [place for folder in folders for place in (os.path.join(folder, "templates"), folder)]
        templar = self._templar.copy_with_new_env(searchpath=search, available_variables=task_vars)
        return str(templar.template(trust_as_template(text), escape_backslashes=False) or "")

    # -- confirming and saving ------------------------------------------------------------------------

    def _confirm(self, switch):
        if self._task.check_mode:
            return {"changed": switch.system().confirm is not None}
        return {"changed": True, "revision": switch.confirm()}

    def _save(self, switch, *, will_change):
        """Whether the startup configuration was written, or would be."""
        if will_change and self._task.check_mode:
            return True
        differs = _startup_differs(switch)
        if differs is False:
            return False
        if not self._task.check_mode:
            switch.save()
        return bool(differs)


def _startup_differs(switch):
    """Whether the switch would boot with another configuration; None if it doesn't show enough to tell."""
    for secrets in (True, False):
        try:
            return switch.config(source="startup", secrets=secrets) != switch.config(secrets=secrets)
        except Unsupported:  # a command line masks secrets; a vendor's shows no startup configuration
            continue
    return None


def _check(args):
    """Combinations that an argument specification can't express."""
    given = [form for form in FORMS if args[form] is not None]
    if args["confirm_commit"] and (given or args["confirm"] is not None or args["save"]):
        raise AnsibleActionFail("confirm_commit stands alone: make the change in a task before")
    if not given and not args["confirm_commit"] and not args["save"]:
        raise AnsibleActionFail("nothing to do: give one of lines, document, src, confirm_commit or save")
    if args["confirm"] is not None and args["save"]:
        raise AnsibleActionFail(
            "a commit that waits for confirmation can't be saved: save it after confirm_commit"
        )
    if args["purge"] and (
        given not in (["document"], ["src"]) or args["path"] or args["state"] == "replaced"
    ):
        raise AnsibleActionFail("purge is for document or src, without path and with state=merged")
    if args["state"] == "replaced" and given == ["lines"]:
        raise AnsibleActionFail(
            "state=replaced needs document or src; lines say themselves what they replace"
        )
    if args["state"] == "replaced" and not given:
        raise AnsibleActionFail("state=replaced needs document or src")


def _path(text):
    try:
        return as_path(text)
    except ValueError as error:
        raise AnsibleActionFail(f"path {text}: {error}") from error


def _has_lines(text):
    """Whether the text is made of `set` and `delete` lines."""
    first = next(
        (line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), []
    )
    return first[:1] in (["set"], ["delete"])
