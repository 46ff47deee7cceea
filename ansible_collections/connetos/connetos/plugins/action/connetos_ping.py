# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pings from a switch; `plugins/modules/connetos_ping.py` documents it."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import PING
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction


class ActionModule(SwitchAction):
    argument_spec = PING

    def work(self, switch, args, _task_vars, result):
        asked = {name: args[name] for name in PING if args[name] is not None}
        max_loss, state = asked.pop("max_loss"), asked.pop("state")
        found = switch.ping(asked.pop("host"), **asked)
        result.update(found.to_dict())
        told = f"{found.address} answered {found.received} of {found.sent} requests from {found.source}"
        if state == "present" and found.loss_percent > max_loss:
            result.update(failed=True, msg=f"{told}: {_why(found)}")
        elif state == "absent" and found.received:
            result.update(failed=True, msg=f"{told}, and none should be answered")


def _why(found):
    """What became of the requests that weren't answered, each kind once."""
    lost = [probe for probe in found.probes if probe.outcome not in ("reply", "duplicate")]
    kinds = dict.fromkeys(probe.reason or probe.code or probe.outcome for probe in lost)
    return ", ".join(kinds)
