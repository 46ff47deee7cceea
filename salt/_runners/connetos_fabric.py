"""
Changes many ConnetOS switches as one: all of them have the change in the end, or none.

The switches are those of proxy minions (or of minions with ``connetos`` in their pillar); the master speaks with them
itself, so their minions needn't run. Every switch plans the change first; only if all can do it, all commit it
*confirmed*. Then the checks look at the fabric. If they are content every switch is told to keep the change, else to go
back; a switch that can't be told any more goes back by itself.
"""

import salt.utils.minions

from connetos_sdk.errors import InvalidValue
from connetos_sdk.fabric import Edit, FabricChange, answers, state_check, text_check
from connetos_sdk.integrations.salt import given_settings, open_switch, runner_answer


def change(
    tgt="*", lines=None, documents=None, tgt_type="glob", checks=None, comment="", confirm=120, test=False
):
    """
    Make one change at all switches that a target matches.

    lines
        ``set`` and ``delete`` lines for all of them, or a mapping of minions to lines.
    documents
        Instead, a mapping of minions to documents.
    checks
        A list of mappings: ``host`` with ``command`` and ``contains``, or with ``state`` and ``equals``. That every
        switch answers and is as configured is always checked.
    confirm
        Seconds that switches wait for the checks before they go back by themselves.
    test
        Only plan.

    .. code-block:: bash

        salt-run connetos_fabric.change 'leaf*' lines='[set vlans vlan-id 50 vlan-name tenant-b]' test=True
    """

    def work():
        switches = {name: open_switch(given) for name, given in _settings(tgt, tgt_type).items()}
        edits = _edits(lines, documents, switches)
        strange = sorted({*edits, *(check.get("host") for check in checks or [])} - switches.keys(), key=str)
        if strange:
            raise InvalidValue(
                f"{', '.join(map(str, strange))} isn't a switch of {tgt}", hint="match it, too"
            )
        fabric = FabricChange(switches, edits, comment=comment, confirm_s=confirm)
        report = fabric.run(checks=[answers(), *map(_check, checks or [])], dry_run=test)
        return report.ok, {**report.to_dict(), "report": report.text.splitlines()}

    return runner_answer(__context__, work)


def _settings(tgt, tgt_type):
    """How to reach each switch that the target matches, by minion."""
    minions = salt.utils.minions.CkMinions(__opts__).check_minions(tgt, tgt_type)["minions"]
    pillars = {minion: __salt__["pillar.show_pillar"](minion) for minion in sorted(minions)}
    found = {minion: given_settings(pillar) for minion, pillar in pillars.items()}
    switches = {minion: given for minion, given in found.items() if given is not None}
    if not switches:
        raise InvalidValue(
            f"{tgt} matches no minion of a switch", hint="salt-key -L lists minions; their pillar has proxy"
        )
    return switches


def _edits(lines, documents, switches):
    if (lines is None) == (documents is None):
        raise InvalidValue("not exactly one of lines and documents is given", hint="give one of them")
    if documents is not None:
        return {minion: Edit("merge", document) for minion, document in documents.items()}
    if isinstance(lines, dict):
        return {minion: Edit("lines", _text(given)) for minion, given in lines.items()}
    return {minion: Edit("lines", _text(lines)) for minion in switches}


def _text(lines):
    return lines if isinstance(lines, str) else "\n".join(map(str, lines))


def _check(given):
    if given.keys() == {"host", "command", "contains"}:
        return text_check(given["host"], given["command"], str(given["contains"]))
    if given.keys() == {"host", "state", "equals"}:
        return state_check(given["host"], given["state"], given["equals"])
    raise InvalidValue(
        f"{given} isn't a check", hint="host with command and contains, or host with state and equals"
    )
