# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SDK's REST transport over Ansible's persistent httpapi connection."""

from __future__ import annotations

from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError

try:
    import httpx
    from connetos_sdk.transports.connections import Connections
    from connetos_sdk.transports.rest import RestTransport
except ImportError:  # told to the user by `base.py`
    httpx = Connections = None
    BaseTransport = RestTransport = object
else:
    BaseTransport = httpx.BaseTransport


class Carrier(BaseTransport):
    """Carries requests to the method `exchange` of the httpapi plugin.

    Args:
        exchange: see `plugins/httpapi/connetos.py`.
    """

    def __init__(self, exchange):
        self._exchange = exchange

    def handle_request(self, request):
        try:
            answer = self._exchange(
                request.method,
                request.url.raw_path.decode("ascii"),
                request.read().decode(),
                request.headers.get("content-type", ""),
                request.headers.get("if-match", ""),
            )
        except AnsibleConnectionError as error:
            raise httpx.ConnectError(str(error)) from error
        return httpx.Response(answer["status"], headers=answer["headers"], text=answer["body"])


class HttpapiTransport(RestTransport):
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        exchange: see `Carrier`.
    """

    def __init__(self, exchange):
        # Everything but the HTTP client is as in RestTransport, so its own one is never made.
        self._where = "the switch"
        carrier = Carrier(exchange)
        self._connections = Connections(
            lambda: httpx.Client(base_url="https://switch/api/v1/", transport=carrier)
        )
