# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings labs up and down; `plugins/modules/connetos_lab.py` documents it."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import LAB, LAB_EXCLUSIVE, LAB_ONE_OF
from ansible_collections.connetos.connetos.plugins.plugin_utils.base import SdkAction

try:
    from connetos_sdk.lab import Lab, LabError, Topology
    from connetos_sdk.lab.lab import existing_labs
except ImportError:  # told to the user by `SdkAction`
    Lab = Topology = existing_labs = None
    LabError = ValueError


class ActionModule(SdkAction):
    argument_spec = LAB
    mutually_exclusive = LAB_EXCLUSIVE
    required_one_of = LAB_ONE_OF

    def begin(self, args, _task_vars, result):
        try:
            lab = self._lab(args)
            if lab is None:
                return  # down already
            getattr(self, f"_{args['state']}")(lab, args, result)
        except LabError as error:
            raise AnsibleActionFail(str(error)) from error

    def _lab(self, args):
        if args["topology"] is not None:
            try:
                return Lab(Topology.load(self._find_needle("files", args["topology"])))
            except AnsibleError as error:
                raise AnsibleActionFail(f"topology can't be read: {error}") from error
        if args["state"] == "down" and args["name"] not in existing_labs():
            return None
        return Lab.named(args["name"])

    def _up(self, lab, _args, result):
        before, after = _health(lab), dict.fromkeys(lab.topology.switches, "up")
        result["changed"] = not lab.is_up or before != after
        self._show(before, after, result)
        if result["changed"] and not self._task.check_mode:
            lab.up()
        if not (result["changed"] and self._task.check_mode):
            result.update(_told(lab))

    def _down(self, lab, _args, result):
        result["changed"] = lab.is_up
        self._show(_health(lab), dict.fromkeys(lab.topology.switches, "down"), result)
        if result["changed"] and not self._task.check_mode:
            lab.down()

    def _restarted(self, lab, args, result):
        switches = [lab.switch(name) for name in args["switches"] or lab.topology.switches]
        result["changed"] = True
        how, before = "rebooted" if args["reboot"] else "agent restarted", _health(lab)
        self._show(before, {**before, **{switch.name: how for switch in switches}}, result)
        if not self._task.check_mode:
            with lab.changing():
                for switch in switches:
                    switch.reboot() if args["reboot"] else switch.restart_agent()
        result.update(_told(lab))

    def _show(self, before, after, result):
        if self._task.diff and before != after:
            result["diff"] = {"before": before, "after": after}


def _health(lab):
    """How each switch is doing."""
    if not lab.is_up:
        return dict.fromkeys(lab.topology.switches, "down")
    return {switch.name: "up" if switch.healthy else "not healthy" for switch in lab.status()}


def _told(lab):
    """What the lab is; its password stands only in its inventory."""
    return {
        "name": lab.topology.name,
        "dataplane": lab.dataplane.value,
        "inventory": str(lab.directory / "inventory.yml"),
        "switches": {s.name: {"url": s.url, "ca_file": str(s.ca_file)} for s in lab.switches},
        "hosts": list(lab.topology.hosts),
        "links": [[str(link.a), str(link.b)] for link in lab.topology.links],
    }
