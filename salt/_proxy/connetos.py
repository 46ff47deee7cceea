"""
Proxy minion for a ConnetOS switch, alone or below a deltaproxy.

.. code-block:: yaml

    proxy:
      proxytype: connetos
      url: https://leaf1.example.org      # or host: leaf1.example.org
      username: ops
      password: secret
      ca_file: /etc/connetos/leaf1.pem    # certificate to trust for it
      verify: true                        # false leaves its certificate unchecked
      timeout_s: 60

A switch that can't be reached at the start doesn't keep its proxy from starting: functions and states say what is
wrong until it can.
"""

import logging

from connetos_sdk.errors import ConnetosError
from connetos_sdk.integrations.salt import connect, disconnect

__proxyenabled__ = ["connetos"]

log = logging.getLogger(__name__)


def init(opts):
    """
    Find out whether the switch answers, so that the log tells early if it doesn't.
    """
    try:
        connect(opts).system()
    except ConnetosError as error:
        log.error("%s: %s", opts["id"], error)
    __context__["connetos.initialized"] = True


def initialized():
    """
    Whether ``init`` has been called.
    """
    return __context__.get("connetos.initialized", False)


def alive(opts):
    """
    Whether the switch can be spoken with; Salt asks once a minute.
    """
    try:
        connect(opts).system()
    except ConnetosError as error:
        log.warning("%s: %s", opts["id"], error)
        return False
    return True


def ping():
    """
    Whether the switch answers.
    """
    return alive(__opts__)


def shutdown(opts):
    """
    Close the connection.
    """
    disconnect(opts)


def grains():
    """
    The grains are those of ``_grains/connetos.py``.
    """
    return {}
