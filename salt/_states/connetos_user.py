# Made by tools/salt_states.py from the configuration model: change it there.
"""
Local users of a ConnetOS switch.

.. code-block:: yaml

    local users:
      connetos_user.present:
      - name: ops
      - class: super-user
      - authentication:
          encrypted_password: '{{ hash }}'

A state is one transaction; many entries are changed in one by ``managed``.
"""

from connetos_sdk.integrations.salt import resource_state

__proxyenabled__ = ["connetos"]


def present(name, replace=False, comment="", confirm=None, **options):
    """
    The entry is there, with these options; others of it stay as they are.

    name
        Local user; accepts a Linux user name: lower case letters, digits, _ -, at most 32.
    replace
        What isn't given is deleted from the entry.
    comment, confirm
        As in ``connetos_config.managed``.
    authentication
        How the user proves who it is.
        plain_text_password
            Password in clear; kept only as a salted hash in encrypted-password. Accepts 1 to 128 printable characters.
        encrypted_password
            Salted hash of the password as crypt(5) writes it. Accepts a crypt(5) hash such as $6$salt$hash.
    class
        What the user may do: read-only looks, super-user looks and configures. Accepts one of read-only, super-user. ``super-user`` where nothing is configured.
    """
    wanted = "replaced" if replace else "merged"
    entries = [{**options, "user_name": name}]
    return resource_state(__opts__, name, "user", wanted, entries, comment=comment, confirm=confirm)


def absent(name, comment="", confirm=None):
    """
    The entry isn't there.
    """
    entries = [{"user_name": name}]
    return resource_state(__opts__, name, "user", "deleted", entries, comment=comment, confirm=confirm)


def managed(name, entries, ensure="merged", comment="", confirm=None):
    """
    Entries, each with ``user_name`` and the options of ``present``, in one transaction.

    ensure
        ``merged`` adds; ``replaced`` makes the given entries exactly so; ``overridden`` besides removes all others;
        ``deleted`` removes the given entries, or all if none is given.
    """
    return resource_state(__opts__, name, "user", ensure, entries, comment=comment, confirm=confirm)
