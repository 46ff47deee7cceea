"""
A ConnetOS switch as a machine: reboots, files, and operations that have no function of their own.
"""

from connetos_sdk.integrations.salt import switch_of

__proxyenabled__ = ["connetos"]


def reboot(delay=None):
    """
    Reboot the switch, now or after so many seconds; returns when, in seconds since 1970.

    .. code-block:: bash

        salt leaf1 connetos_system.reboot delay=60
    """
    with switch_of(__opts__) as switch:
        return switch.reboot(delay=delay)


def cancel_reboot():
    """
    Cancel the reboot that is planned.

    .. code-block:: bash

        salt leaf1 connetos_system.cancel_reboot
    """
    with switch_of(__opts__) as switch:
        switch.cancel_reboot()
        return True


def download(server, remote_file, local_file):
    """
    Have the switch fetch a file over TFTP; its size in bytes. ``connetos.boot`` is the startup configuration.

    .. code-block:: bash

        salt leaf1 connetos_system.download 198.18.255.1 leaf1.cfg connetos.boot
    """
    with switch_of(__opts__) as switch:
        return switch.download(server, remote_file, local_file)


def operation(name, /, **arguments):
    """
    Run an operation of the switch by its name in REST, for what has no function of its own; what it answers.

    arguments
        Those of the operation; ``_`` stands for ``-``.

    .. code-block:: bash

        salt leaf1 connetos_system.operation drift/repair
        salt leaf1 connetos_system.operation clear/lldp-statistics interface=te-1/1/1
    """
    with switch_of(__opts__) as switch:
        given = {word.replace("_", "-"): value for word, value in arguments.items() if word[:2] != "__"}
        return dict(switch.transport.call(name, given))
