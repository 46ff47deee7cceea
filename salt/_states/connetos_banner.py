# Made by tools/salt_states.py from the configuration model: change it there.
"""
The text shown at log-in of a ConnetOS switch.

.. code-block:: yaml

    the text shown at log-in:
      connetos_banner.present:
      - announcement: Authorised use only

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
    announcement
        What is shown to those who log in. Accepts 1 to 512 printable characters, in quotes if there are spaces. ``ConnetOS`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    return resource_state(__opts__, name, "banner", wanted, [options], comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    Nothing of it is configured.
    """
    return resource_state(__opts__, name, "banner", "deleted", [], comment=comment, confirm=confirm)
