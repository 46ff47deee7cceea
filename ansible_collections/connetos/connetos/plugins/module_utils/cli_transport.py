# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SDK's transport over Ansible's persistent network_cli connection."""

from __future__ import annotations

from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError

try:
    from connetos_sdk.errors import Unreachable, Unsupported
except ImportError:  # told to the user by `base.py`
    Unreachable = Unsupported = None


def cli_transport(exchange):
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        exchange: the method of the cliconf plugin; see `plugins/cliconf/connetos.py`.

    Raises:
        Unsupported: what speaks with command lines isn't installed.
    """
    try:
        from connetos_sdk.transports.rcc.terminal import TerminalTransport
    except ImportError as error:
        raise Unsupported(
            f"network_cli needs more of the SDK: {error}", hint="pip install 'connetos-sdk[rcc]'"
        ) from error

    def typed(commands):
        try:
            return exchange(list(commands))
        except AnsibleConnectionError as error:
            raise Unreachable(str(error)) from error

    return TerminalTransport(typed)
