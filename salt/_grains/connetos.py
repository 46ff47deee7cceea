"""
Grains of the ConnetOS switch that a minion stands for.

All are below ``connetos``: ``hostname``, ``version``, ``model``, ``dataplane``, ``forwarding``, and ``ports`` with the
names of the ports. A proxy minion has besides ``os``, ``osrelease`` and ``model`` of its switch.
"""

import logging

from connetos_sdk.errors import ConnetosError
from connetos_sdk.integrations.salt import connect, is_proxy, settings

__proxyenabled__ = ["*"]

log = logging.getLogger(__name__)


def connetos():
    """
    Read them from the switch; none if it can't be reached.
    """
    try:
        if settings(__opts__) is None:
            return {}
        switch = connect(__opts__)
        system, ports = switch.system(), switch.interfaces()
    except ConnetosError as error:
        log.error("%s", error)
        return {}
    shown = ("hostname", "version", "model", "dataplane", "forwarding")
    facts = {**{name: getattr(system, name) for name in shown}, "ports": list(ports)}
    if not is_proxy(__opts__):
        return {"connetos": facts}
    return {
        "connetos": facts,
        "os": "ConnetOS",
        "osrelease": system.version,
        "model": system.model,
    }
