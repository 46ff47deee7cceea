"""
Tells the master what a ConnetOS switch drops: frames that an interface discards or that are broken, and packets that a
term of a filter discards.

.. code-block:: yaml

    beacons:
      connetos_drops:
        - interval: 30
        - packets: 100                    # so many since the last look are worth an event; 1 by default
        - ports: [te-1/1/1, te-1/1/2]     # all interfaces by default
        - filters: [edge]                 # all filters by default

Events have the tag ``salt/beacon/<minion>/connetos_drops/interface/te-1/1/1/in-discards`` or
``…/filter/<filter>/<term>``, and ``place``, ``name``, ``reason`` (the counter or the term), ``packets`` since the last
look and ``total`` since the counter was cleared. What storm control and rate limits drop isn't counted.
"""

import logging

import salt.utils.beacons

from connetos_sdk.drops import drop_counters, dropped_since
from connetos_sdk.errors import ConnetosError
from connetos_sdk.integrations.salt import connect

__proxyenabled__ = ["connetos"]

log = logging.getLogger(__name__)


def validate(config):
    """
    Whether this can be its configuration.
    """
    if not isinstance(config, list):
        return False, "the configuration of connetos_drops isn't a list"
    given = salt.utils.beacons.list_to_dict(config)
    for name in ("ports", "filters"):
        value = given.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            return False, f"{name} of connetos_drops isn't a list of names"
    packets = given.get("packets", 1)
    if not isinstance(packets, int) or isinstance(packets, bool) or packets < 1:
        return False, "packets of connetos_drops isn't a number from 1 on"
    return True, "Valid beacon configuration"


def beacon(config):
    """
    What was dropped since the last time.
    """
    given = salt.utils.beacons.list_to_dict(config)
    wanted = {"interface": given.get("ports"), "filter": given.get("filters")}
    try:
        now = drop_counters(connect(__opts__))
    except ConnetosError as error:
        log.warning("%s", error)
        return []
    before = __context__.get("connetos_drops", now)
    __context__["connetos_drops"] = now
    return [
        {"tag": f"{one.place}/{one.name}/{one.reason}", **one.to_dict()}
        for one in dropped_since(before, now)
        if one.packets >= given.get("packets", 1)
        and (wanted[one.place] is None or one.name in wanted[one.place])
    ]
