"""
Tells the master when a port of a ConnetOS switch goes up or down.

.. code-block:: yaml

    beacons:
      connetos_link:
        - interval: 10
        - ports: [te-1/1/1, te-1/1/2]     # all by default

Events have the tag ``salt/beacon/<minion>/connetos_link/<port>`` and ``port``, ``state``, ``was`` and ``admin``. What
happens between two looks and is over again isn't seen; the engine ``connetos_events`` sees everything at once.
"""

import logging

import salt.utils.beacons

from connetos_sdk.errors import ConnetosError
from connetos_sdk.integrations.salt import connect

__proxyenabled__ = ["connetos"]

log = logging.getLogger(__name__)


def validate(config):
    """
    Whether this can be its configuration.
    """
    if not isinstance(config, list):
        return False, "the configuration of connetos_link isn't a list"
    ports = salt.utils.beacons.list_to_dict(config).get("ports", [])
    if not isinstance(ports, list) or not all(isinstance(port, str) for port in ports):
        return False, "ports of connetos_link isn't a list of names, such as [te-1/1/1]"
    return True, "Valid beacon configuration"


def beacon(config):
    """
    Ports whose state is another than the last time.
    """
    wanted = salt.utils.beacons.list_to_dict(config).get("ports")
    try:
        found = connect(__opts__).interfaces()
    except ConnetosError as error:
        log.warning("%s", error)
        return []
    before = __context__.setdefault("connetos_link", {})
    events = [
        {"tag": name, "port": name, "state": port.oper, "was": before[name], "admin": port.admin}
        for name, port in found.items()
        if (wanted is None or name in wanted) and before.get(name, port.oper) != port.oper
    ]
    before.update({name: port.oper for name, port in found.items()})
    return events
