"""
Tells the master when a ConnetOS switch isn't as configured any more, because somebody changed it behind the agent's
back, and when it is again.

.. code-block:: yaml

    beacons:
      connetos_drift:
        - interval: 60

Events have the tag ``salt/beacon/<minion>/connetos_drift/begun`` (or ``ended``), ``object`` and ``driver``; ``begun``
also has what was ``found`` and what is ``configured`` instead.
"""

import logging

from connetos_sdk.errors import ConnetosError
from connetos_sdk.integrations.salt import connect

__proxyenabled__ = ["connetos"]

log = logging.getLogger(__name__)


def validate(config):
    """
    Whether this can be its configuration.
    """
    if not isinstance(config, list):
        return False, "the configuration of connetos_drift isn't a list"
    return True, "Valid beacon configuration"


def beacon(config):
    """
    Objects that differ since the last time, and those that don't any more.
    """
    try:
        objects = connect(__opts__).state("system drift")["objects"]
    except ConnetosError as error:
        log.warning("%s", error)
        return []
    found = {entry["object"]: entry for entry in objects}
    before = __context__.get("connetos_drift", {})
    __context__["connetos_drift"] = found
    begun = [{"tag": "begun", **entry} for name, entry in found.items() if name not in before]
    ended = [
        {"tag": "ended", "object": name, "driver": entry["driver"]}
        for name, entry in before.items()
        if name not in found
    ]
    return begun + ended
