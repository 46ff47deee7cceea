# Made by tools/salt_states.py from the configuration model: change it there.
"""
The switch as a whole of a ConnetOS switch.

.. code-block:: yaml

    the switch as a whole:
      connetos_system.present:
      - hostname: leaf1

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
    hostname
        Name of the switch, shown in the prompt and in syslog lines. Accepts 1 to 63 letters, digits, _ . - that begin and end with a letter or digit. ``ConnetOS`` where nothing is configured.
    inband
        Management through VLAN interfaces.
        enable
            Whether the switch is managed through its VLAN interfaces, too, or through the management port only. Accepts true or false. ``true`` where nothing is configured.
    services
        Servers for remote logins.
        ssh
            SSH server.
            connection_limit
                Most SSH logins at a time. Accepts an integer from 1 to 250. ``15`` where nothing is configured.
            enable
                Whether SSH connections are taken. Accepts true or false. ``true`` where nothing is configured.
        telnet
            Telnet server: there is none, see limits.
            connection_limit
                Most Telnet logins at a time. Accepts an integer from 1 to 250. ``15`` where nothing is configured.
            enable
                Whether Telnet connections are taken; off unless configured. Accepts true or false.
    timezone
        Time zone of what is shown. Accepts a name of the tz database such as UTC or Europe/Oslo. ``UTC`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    return resource_state(__opts__, name, "system", wanted, [options], comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "system", "deleted", [], comment=comment, confirm=confirm)
