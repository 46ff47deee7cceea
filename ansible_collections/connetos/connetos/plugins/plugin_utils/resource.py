# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all resource modules do; which resources there are is said by `connetos_sdk.resources`."""

from __future__ import annotations

import typing as t

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import RESOURCE, RESOURCE_REQUIRED_IF
from ansible_collections.connetos.connetos.plugins.module_utils.resource_specs import CONFIGS
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction
from ansible_collections.connetos.connetos.plugins.plugin_utils.plain import plain

try:
    from connetos_sdk.resources import RESOURCES
except ImportError:  # told to the user by `SwitchAction`
    RESOURCES = {}


class ResourceAction(SwitchAction):
    """Subclasses say which resource they are for."""

    required_if: t.ClassVar[list] = RESOURCE_REQUIRED_IF
    resource: t.ClassVar[str] = ""

    @property
    def argument_spec(self):
        return {"config": CONFIGS[self.resource], **RESOURCE}

    def work(self, switch, args, _task_vars, result):
        resource, state = RESOURCES[self.resource], args["state"]
        given = plain(args["config"] or [])
        entries = [given] if isinstance(given, dict) else given
        if state == "gathered":
            result["gathered"] = resource.gather(switch)
        elif state == "rendered":
            result["rendered"] = resource.rendered(entries)
        elif state == "parsed":
            result["parsed"] = resource.parsed(args["running_config"])
        else:
            options = {"comment": args["comment"], "confirm": args["confirm"]}
            self._change(resource, switch, (state, entries), options, result)

    def _change(self, resource, switch, wanted, options, result):
        # Asked first: a commit that changes nothing would still confirm an earlier one that waits for it.
        done = resource.change(switch, *wanted, **options, dry_run=True)
        if done.commit.changed and not self._task.check_mode:
            done = resource.change(switch, *wanted, **options)
        result.update(
            changed=done.commit.changed,
            before=done.before,
            commands=done.commit.set_lines.splitlines(),
            revision=done.commit.revision,
        )
        if done.commit.changed:
            result["after"] = done.after
        if self._task.diff:
            result["diff"] = {"prepared": done.commit.diff}
