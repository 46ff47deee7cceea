# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes many switches as one; `plugins/modules/connetos_fabric.py` documents it."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.connetos.connetos.plugins.module_utils.argspec import (
    FABRIC,
    FABRIC_EXCLUSIVE,
    FABRIC_ONE_OF,
)
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SwitchAction
from ansible_collections.connetos.connetos.plugins.plugin_utils.cables import link
from ansible_collections.connetos.connetos.plugins.plugin_utils.plain import plain
from ansible_collections.connetos.connetos.plugins.plugin_utils.report import tell

try:
    from connetos_sdk.fabric import Edit, FabricChange, answers, state_check, text_check
    from connetos_sdk.fabric_checks import Flow, Ping, cabling_check, flows_check, pings_check
except ImportError:  # told to the user by `SwitchAction`
    Edit = FabricChange = Flow = Ping = None
    answers = cabling_check = flows_check = pings_check = state_check = text_check = None


class ActionModule(SwitchAction):
    BYPASS_HOST_LOOP = True
    argument_spec = FABRIC
    mutually_exclusive = FABRIC_EXCLUSIVE
    required_one_of = FABRIC_ONE_OF

    def work(self, _switch, args, task_vars, result):
        hosts = args["hosts"] or task_vars["ansible_play_hosts"]
        edits = _edits(args, hosts)
        links = [link(ends) for ends in args["cabling"] or []]
        named = {*edits, *_checked(args), *(end.switch for one in links for end in (one.a, one.b))}
        switches = {host: self._switch_of(host, args, task_vars) for host in sorted(named)}
        change = FabricChange(switches, edits, comment=args["comment"], confirm_s=args["confirm"])
        checks = [answers(), *map(_check, args["checks"]), *_settled(args, links)]
        report = change.run(checks=checks, dry_run=self._task.check_mode)
        tell(self, report, result)


def _edits(args, hosts):
    """What to change on which host: for all the same, or a mapping of hosts."""
    if args["documents"] is not None:
        purge = tuple(args["purge"])
        return {
            str(host): Edit("overlay", document, purge=purge) if purge else Edit("merge", document)
            for host, document in plain(args["documents"]).items()
        }
    lines = plain(args["lines"])
    if isinstance(lines, Mapping):
        return {str(host): Edit("lines", _text(given)) for host, given in lines.items()}
    return {host: Edit("lines", _text(lines)) for host in hosts}


def _text(lines):
    return lines if isinstance(lines, str) else "\n".join(map(str, lines))


def _checked(args):
    return [check["host"] for check in (*args["checks"], *args["pings"])]


def _settled(args, links):
    """Checks that wait a moment for the fabric."""
    if links:
        yield cabling_check(links, within_s=args["settle"])
    if args["pings"]:
        pings = [Ping(ping["host"], ping["address"], ping["source"]) for ping in args["pings"]]
        yield pings_check(pings, within_s=args["settle"])
    if args["flows"]:
        yield flows_check([Flow(**flow) for flow in args["flows"]], within_s=args["settle"])


def _check(given):
    if given["command"] is not None:
        return text_check(given["host"], given["command"], given["contains"])
    return state_check(given["host"], given["state"], plain(given["equals"]))
