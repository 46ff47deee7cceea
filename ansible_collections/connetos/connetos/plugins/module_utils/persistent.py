# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SDK's transports over the persistent connections of ansible.netcommon, which have a process for each switch."""

from __future__ import annotations

from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError
from ansible_collections.connetos.connetos.plugins.module_utils.httpapi_transport import HttpapiTransport

try:
    from connetos_sdk.errors import Unreachable, Unsupported
except ImportError:  # told to the user by `base.py`
    Unreachable = Unsupported = None


CONNECTIONS = ("httpapi", "network_cli")


def transport(connection):
    """What speaks with a switch through a connection; see `connetos_sdk.transports.base.Transport`.

    Args:
        connection: the near end of its socket; the far end is the httpapi or the cliconf plugin.

    Raises:
        Unsupported: see `_over_cli`.
        Unreachable: the connection can't be made.
    """
    try:
        speaks = connection.speaks()
    except AnsibleConnectionError as error:
        raise Unreachable(str(error)) from error
    return HttpapiTransport(connection.exchange) if speaks == "rest" else _over_cli(connection.exchange)


def _over_cli(exchange):
    """The transport that types at the terminal of the cliconf plugin.

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
