"""
Brings the events of a ConnetOS switch onto Salt's bus as they happen: commits, links, drift, LLDP, packages, …

.. code-block:: yaml

    engines:
      - connetos_events:
          kinds: [commit, link]     # all by default

In the configuration of a proxy minion (or of a minion that stands for a switch). Events have the tag
``connetos/<minion>/<kind>`` and the switch's own data: for ``link`` that is ``port``, ``state`` and ``admin``. When the
connection breaks it is made again after ``pause`` seconds, and an event of kind ``connected`` tells that some may be
missing.
"""

import logging
import time

from connetos_sdk.errors import ConnetosError, InvalidValue
from connetos_sdk.integrations.salt import connect

__proxyenabled__ = ["connetos"]

log = logging.getLogger(__name__)


def start(kinds=None, tag="connetos", pause=5):
    """
    Listen to the switch for as long as the minion runs.
    """
    while True:
        try:
            switch = connect(__opts__)
            events = switch.events()
            _fire(tag, "connected", {"revision": switch.revision()})
            for event in events:
                if kinds is None or event.kind in kinds:
                    _fire(tag, event.kind, {**event.data, "time": event.time})
        except InvalidValue as error:
            log.error("%s", error)
            return
        except ConnetosError as error:
            log.warning("%s: %s", __opts__["id"], error)
        time.sleep(pause)


def _fire(tag, kind, data):
    __salt__["event.send"](f"{tag}/{__opts__['id']}/{kind}", data)
