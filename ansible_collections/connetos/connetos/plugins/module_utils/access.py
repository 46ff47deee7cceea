# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a switch is reached: from options, from variables, or from the environment of a program that Ansible runs."""

from __future__ import annotations

import ipaddress

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.connetos.connetos.plugins.module_utils.argspec import CONNECTION

try:
    from connetos_sdk import Switch
except ImportError:  # told to the user by who asks
    Switch = None

FROM_ENVIRONMENT = {
    name: {**spec, "fallback": (env_fallback, [name.upper()])} for name, spec in CONNECTION.items()
}
"""The connection's options for a program of its own, which gets them as environment variables, too."""


def default_url(host):
    """Where a switch listens of which only the name or address is known."""
    try:
        return f"https://[{ipaddress.IPv6Address(host)}]"
    except ValueError:
        return f"https://{host}"


def environment(access):
    """Environment variables that a program with `FROM_ENVIRONMENT` understands."""
    return {name.upper(): str(value) for name, value in access.items() if value is not None}


def connect(access):
    """The switch that these options (of `argspec.CONNECTION`) lead to; nothing is sent yet.

    Raises:
        ValueError: the URL isn't one; the message has no password in it.
    """
    given = {name.removeprefix("connetos_"): value for name, value in access.items()}
    timeout_s = float(given.pop("timeout"))
    try:
        return Switch(**given, timeout_s=timeout_s)
    except ValueError as error:
        where = given["url"].rpartition("@")[2]
        raise ValueError(f"connetos_url {where} isn't a URL: {error}") from error
