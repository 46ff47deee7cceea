# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the routers on the way; `plugins/modules/connetos_traceroute.py` documents it."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import TRACEROUTE
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction


class ActionModule(SwitchAction):
    argument_spec = TRACEROUTE

    def work(self, switch, args, _task_vars, result):
        asked = {name: args[name] for name in TRACEROUTE if args[name] is not None}
        must_reach, through = asked.pop("must_reach"), asked.pop("through", [])
        found = switch.traceroute(asked.pop("host"), **asked)
        way = [hop.addresses for hop in found.hops]
        result.update(found.to_dict(), way=way)
        absent = [address for address in through if not any(address in hop for hop in way)]
        if must_reach and not found.reached:
            last = next((hop for hop in reversed(found.hops) if hop.addresses), None)
            where = f"the last to answer is {', '.join(last.addresses)}" if last else "nobody answers"
            result.update(failed=True, msg=f"{found.address} isn't reached in {len(way)} hops: {where}")
        elif absent:
            result.update(failed=True, msg=f"the way to {found.address} isn't through {', '.join(absent)}")
