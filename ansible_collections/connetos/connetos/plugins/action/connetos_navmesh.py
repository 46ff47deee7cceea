# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows a flow across the switches; `plugins/modules/connetos_navmesh.py` documents it."""

from __future__ import annotations

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import NAVMESH
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction
from ansible_collections.connetos.connetos.plugins.plugin_utils.cables import end, link

try:
    from connetos_sdk.fleet import Fleet
    from connetos_sdk.navmesh.fabric import Attachment, Fabric
    from connetos_sdk.navmesh.text import lines
except ImportError:  # told to the user by `SdkAction`
    Attachment = Fabric = Fleet = lines = None


class ActionModule(SwitchAction):
    BYPASS_HOST_LOOP = True
    argument_spec = NAVMESH

    def work(self, _switch, args, task_vars, result):
        names = args["hosts"] or task_vars["ansible_play_hosts"]
        switches = {name: self._switch_of(name, args, task_vars) for name in names}
        links = self._cabling(switches) if args["links"] is None else map(link, args["links"])
        fabric = Fabric(switches, links, map(_attachment, args["attached"]))
        answer = fabric.navmesh(
            args["source"],
            args["destination"],
            args["protocol"],
            args["source_port"],
            args["destination_port"],
            both=not args["one_way"],
        )
        result.update(answer.to_dict(), delivered=answer.delivered, report=list(lines(answer)))
        if args["expected"] == "delivered" and not answer.delivered:
            result.update(failed=True, msg=answer.stopped)
        elif args["expected"] == "not-delivered" and answer.forward.outcome == "delivered":
            way = " - ".join(hop.switch for hop in answer.forward.branches[0].hops)
            result.update(failed=True, msg=f"{answer.forward.flow} is delivered through {way}")

    def _cabling(self, switches):
        """The cables that LLDP tells of."""
        found = Fleet(switches).cabling()
        for doubt in found.doubts:
            self._display.warning(f"not taken for a cable: {doubt.reason}")
        return found.links


def _attachment(given):
    return Attachment(
        given["name"], end(given["port"]), given["address"], given["gateway"], given["mac"].lower()
    )
