"""
What must be so at a ConnetOS switch; changes nothing. Between ``connetos_config.managed`` with ``confirm`` and
``connetos_config.confirmed`` it decides whether a change stays.

.. code-block:: yaml

    gateway answers:
      connetos_check.ping:
        - host: 198.18.10.254
        - count: 3
"""

from connetos_sdk.errors import NotFound, Unreachable
from connetos_sdk.integrations.salt import connect, state

__proxyenabled__ = ["connetos"]


def ping(name, host=None, count=3, loss_percent=0, **options):
    """
    A host answers to the switch.

    host
        Address or name; ``name`` by default.
    loss_percent
        So much may be lost.
    options
        Those of ``connetos_diag.ping``, such as ``source``.
    """

    def work(_test):
        found = connect(__opts__).ping(str(host or name), count=count, **options)
        told = f"{found.address} answered {found.received} of {found.sent} requests from {found.source}"
        if found.loss_percent > loss_percent:
            raise Unreachable(told)
        return {}, told

    return state(__opts__, name, work)


def shows(name, command=None, contains=""):
    """
    The output of an operational command has some text in it.

    .. code-block:: yaml

        VLAN 10 is there:
          connetos_check.shows:
            - command: show vlans
            - contains: "10 "
    """

    def work(_test):
        asked = str(command or name)
        if str(contains) not in connect(__opts__).cli(asked):
            raise NotFound(
                f"{contains!r} isn't in the output of {asked}", hint=f"connetos.cli '{asked}' shows it"
            )
        return {}, f"{contains!r} is in the output of {asked}"

    return state(__opts__, name, work)


def as_configured(name):
    """
    Everything is as configured, and nobody has changed it behind the agent's back.

    .. code-block:: yaml

        no drift:
          connetos_check.as_configured: []
    """

    def work(_test):
        switch = connect(__opts__)
        found = [
            *switch.system().troubles,
            *(entry["object"] for entry in switch.state("system drift")["objects"]),
        ]
        if found:
            raise NotFound(
                "not as configured: " + "; ".join(found), hint="connetos.state 'system drift' tells more"
            )
        return {}, "Everything is as configured"

    return state(__opts__, name, work)
