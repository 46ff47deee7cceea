# Made by tools/salt_states.py from the configuration model: change it there.
"""
Time servers of a ConnetOS switch.

.. code-block:: yaml

    time servers:
      connetos_ntp.present:
      - ntp_server_ip: 198.18.0.1

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    These options are configured.

    replace
        Others are deleted.
    comment, confirm
        As in ``connetos_config.managed``.
    ntp_server_ip
        NTP server that the clock follows. Accepts an IPv4 address such as 192.0.2.1.
    """
    wanted = "replaced" if replace else "merged"
    return resource_state(__opts__, name, "ntp_global", wanted, [options], comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "ntp_global", "deleted", [], comment=comment, confirm=confirm)
