# Made by tools/salt_states.py from the configuration model: change it there.
"""
Logging of a ConnetOS switch.

.. code-block:: yaml

    logging:
      connetos_logging.present:
      - host:
          server_ip: 198.18.0.2

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
    host
        Where messages are sent.
        server_ip
            Syslog server (RFC 5424 over UDP, port 514). A list; each is an IPv4 address such as 192.0.2.1.
    log_facility
        Facility of the messages: local0 to local7. Accepts an integer from 0 to 7. ``0`` where nothing is configured.
    log_level
        Least severe level that is logged: fatal, error, warning, info, trace. Accepts one of error, fatal, info, trace, warning. ``warning`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    return resource_state(
        __opts__, name, "logging_global", wanted, [options], comment=comment, confirm=confirm
    )


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "logging_global", "deleted", [], comment=comment, confirm=confirm)
