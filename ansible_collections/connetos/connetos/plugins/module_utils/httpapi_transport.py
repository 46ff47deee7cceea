# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SDK's REST transport over Ansible's persistent httpapi connection."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError

try:
    from connetos_sdk.errors import Unsupported
    from connetos_sdk.transports.connections import Connections
    from connetos_sdk.transports.http import unreachable
    from connetos_sdk.transports.rest import RestTransport
except ImportError:  # told to the user by `base.py`
    Connections = Unsupported = unreachable = None
    RestTransport = object

WHERE = "the switch"


@dataclass(frozen=True)
class Answer:
    """See `connetos_sdk.transports.http.Reply`."""

    status: int
    reason: str
    headers: dict[str, str]
    body: str

    def read(self):
        return self.body.encode()

    def lines(self):
        yield from self.body.split("\n")


class Carrier:
    """Carries requests to the method `exchange` of the httpapi plugin; see `connetos_sdk.transports.http.Client`.

    Args:
        exchange: see `plugins/httpapi/connetos.py`.
    """

    def __init__(self, exchange):
        self._exchange = exchange

    @contextmanager
    def open(self, method, target, *, headers, body=b"", **_options):
        text = (body if isinstance(body, bytes) else b"".join(body)).decode()
        sent = (text, headers.get("content-type", ""), headers.get("if-match", ""))
        try:
            answer = self._exchange(method, f"/api/v1/{target}", *sent)
        except AnsibleConnectionError as error:
            raise unreachable(WHERE, error) from error
        yield Answer(answer["status"], "", answer["headers"], answer["body"])

    def interrupt(self):
        """Whose connection it is closes it."""

    close = interrupt


class HttpapiTransport(RestTransport):
    """See `connetos_sdk.transports.base.Transport`.

    Args:
        exchange: see `Carrier`.
    """

    def __init__(self, exchange):
        # Everything but the HTTP client is as in RestTransport, so its own one is never made.
        self._where = WHERE
        self._connections = Connections(lambda: Carrier(exchange))

    def upload(self, _name, path):
        """Refused: what passes through the connection's process is text."""
        raise Unsupported(
            f"{path} can't be sent over ansible.netcommon.httpapi",
            hint="use ansible_connection connetos.connetos.connetos",
        )
