"""
Many ConnetOS switches as one: a change that all of them have in the end, or none; the way of a flow across them; their
cables.

The switches are those of proxy minions (or of minions with ``connetos`` in their pillar); the master speaks with them
itself, so their minions needn't run. Of a change every switch makes a plan first; only if all can do it, all commit it
*confirmed*. Then the checks look at the fabric. If they are content every switch is told to keep the change, else to go
back; a switch that can't be told any more goes back by itself.
"""

import salt.utils.minions

from connetos_sdk.cabling import End, Link
from connetos_sdk.errors import InvalidValue
from connetos_sdk.fabric import Edit, FabricChange, answers, state_check, text_check
from connetos_sdk.fabric_checks import Flow, Ping, cabling_check, flows_check, pings_check
from connetos_sdk.fleet import Fleet
from connetos_sdk.integrations.salt import given_settings, open_switch, runner_answer
from connetos_sdk.navmesh.text import lines as lines_of

CHECKS = (({"host", "command", "contains"}, set()), ({"host", "state", "equals"}, set()))
PINGS = (({"host", "address"}, {"source"}),)
FLOWS = (({"source", "destination"}, {"protocol", "source_port", "destination_port"}),)


def change(
    tgt="*",
    lines=None,
    documents=None,
    tgt_type="glob",
    checks=None,
    cabling=None,
    pings=None,
    flows=None,
    settle=30,
    comment="",
    confirm=120,
    test=False,
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
    cabling
        Pairs of ports that must be cabled, and no others, as LLDP tells it: ``[[leaf1:te-1/1/7, spine1:te-1/1/1]]``.
    pings
        Mappings ``host``, ``address`` and, if need be, ``source``: the switch ``host`` must get an answer.
    flows
        Mappings ``source`` and ``destination``, as for ``navmesh``, with ``protocol``, ``source_port`` and
        ``destination_port`` if need be: each must be delivered, and its answers.
    settle
        Seconds that the fabric may take until cables, pings and flows are so: less than half of ``confirm``.
    confirm
        Seconds that switches wait for the checks before they go back by themselves.
    test
        Only plan.

    .. code-block:: bash

        salt-run connetos_fabric.change 'leaf*' lines='[set vlans vlan-id 50 vlan-name tenant-b]' test=True
    """

    def work():
        switches = _switches(tgt, tgt_type)
        edits = _edits(lines, documents, switches)
        cables = [_link(ends) for ends in cabling or []]
        wanted = [answers(), *(_check(_mapping(check, CHECKS)) for check in checks or [])]
        asked = [_ping(**_mapping(ping, PINGS)) for ping in pings or []]
        followed = [Flow(**_mapping(flow, FLOWS)) for flow in flows or []]
        wanted += [cabling_check(cables, within_s=settle)] if cables else []
        wanted += [pings_check(asked, within_s=settle)] if asked else []
        wanted += [flows_check(followed, within_s=settle)] if followed else []
        named = {*edits, *(check["host"] for check in checks or []), *(ping.switch for ping in asked)}
        named |= {end.switch for cable in cables for end in (cable.a, cable.b)}
        strange = sorted(named - switches.keys(), key=str)
        if strange:
            raise InvalidValue(
                f"{', '.join(map(str, strange))} isn't a switch of {tgt}", hint="match it, too"
            )
        fabric = FabricChange(switches, edits, comment=comment, confirm_s=confirm)
        report = fabric.run(checks=wanted, dry_run=test)
        return report.ok, {**report.to_dict(), "report": report.text.splitlines()}

    return runner_answer(__context__, work)


def navmesh(
    tgt,
    source,
    destination,
    protocol="tcp",
    source_port=40000,
    destination_port=443,
    one_way=False,
    tgt_type="glob",
):
    """
    Where a flow goes through the switches that a target matches, and where and why it stops. Nothing is sent: the
    switches' tables are asked, and their cables are those that LLDP tells of. ``ok`` tells whether it is delivered.

    source, destination
        An IP address, a MAC address, ``switch:port``, or an IP address, ``@`` and one of these.
    one_way
        Don't follow the answers.

    .. code-block:: bash

        salt-run connetos_fabric.navmesh 'leaf*' 198.18.10.1 198.18.10.3 tcp destination_port=5432
    """

    def work():
        fleet = Fleet(_switches(tgt, tgt_type))
        ports = int(source_port), int(destination_port)
        found = fleet.navmesh(source, destination, protocol, *ports, both=not one_way)
        return found.delivered, {**found.to_dict(), "report": list(lines_of(found))}

    return runner_answer(__context__, work)


def cabling(tgt="*", tgt_type="glob"):
    """
    Cables between the switches that a target matches, as LLDP tells it at both ends: ``links``; ``doubts``, which only one
    end tells; ``strangers`` that aren't among them; and switches that are ``silent``. ``ok`` is true without doubts and
    silent ones.

    .. code-block:: bash

        salt-run connetos_fabric.cabling 'leaf*'
    """

    def work():
        found = Fleet(_switches(tgt, tgt_type)).cabling()
        return not (found.doubts or found.silent), {
            "links": list(map(str, found.links)),
            "doubts": [doubt.reason for doubt in found.doubts],
            "strangers": {str(one.at): one.neighbor.to_dict() for one in found.strangers},
            "silent": dict(found.silent),
        }

    return runner_answer(__context__, work)


def _switches(tgt, tgt_type):
    return {name: open_switch(given) for name, given in _settings(tgt, tgt_type).items()}


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


def _mapping(given, forms):
    """What is given, if it has the words of one of the forms: those that it must have, and may have."""
    for needed, optional in forms:
        if isinstance(given, dict) and needed <= given.keys() <= needed | optional:
            return given
    known = ", or ".join(" and ".join(sorted(needed)) for needed, _ in forms)
    raise InvalidValue(f"{given} isn't right here", hint=f"a mapping with {known}")


def _check(given):
    if "command" in given:
        return text_check(given["host"], given["command"], str(given["contains"]))
    return state_check(given["host"], given["state"], given["equals"])


def _ping(host, address, source=""):
    return Ping(host, str(address), str(source))


def _link(ends):
    if isinstance(ends, list) and len(ends) == 2 and all(str(end).count(":") == 1 for end in ends):
        return Link(*(End(*str(end).split(":")) for end in ends))
    raise InvalidValue(f"{ends} isn't a cable", hint="two ports, such as [leaf1:te-1/1/7, spine1:te-1/1/1]")
