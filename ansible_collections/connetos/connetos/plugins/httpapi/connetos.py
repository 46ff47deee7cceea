# Copyright: (c) 2026, The ConnetOS automation authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: connetos
author: The ConnetOS automation authors (!UNKNOWN)
short_description: Use the REST API of ConnetOS switches
description:
  - Speaks C(/api/v1) of a ConnetOS switch over the connection plugin P(ansible.netcommon.httpapi#connection),
    for C(ansible_network_os=connetos.connetos.connetos).
  - The user logs in by HTTP Basic authentication with every request.
version_added: 0.1.0
"""

import json  # noqa: E402

from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError  # noqa: E402
from ansible.plugins.httpapi import HttpApiBase  # noqa: E402
from ansible_collections.connetos.connetos.plugins.plugin_utils.gathering import NETWORK_OS, make_known  # noqa: E402

PREFIX = "/api/v1/"
KEPT_HEADERS = ("content-type", "etag")


class HttpApi(HttpApiBase):
    """Requests of one persistent connection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        make_known()

    def handle_httperror(self, exc):
        """An answer is an answer, whatever its status: `exchange` and `send_request` look at it."""
        return exc

    def update_auth(self, response, response_text):
        """No token: HTTP Basic stands with every request."""

    def speaks(self):
        """For the SDK on the other side of the socket: what it can say over this connection."""
        return "rest"

    def exchange(self, method, path, body="", content_type="", if_match=""):
        """One request as it is; a dictionary of `status`, `headers` (type and entity tag) and `body` (text)."""
        headers = {"Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        if if_match:
            headers["If-Match"] = if_match
        response, buffer = self.connection.send(
            path, body.encode() if body else None, method=method, headers=headers
        )
        kept = {name: response.headers[name] for name in KEPT_HEADERS if response.headers.get(name)}
        return {"status": response.code, "headers": kept, "body": buffer.getvalue().decode()}

    def send_request(self, data, path="config", method=None, headers=None):
        """One request; the value of a JSON answer, or the text of another.

        Args:
            data: a value to send as JSON, text to send as it is, or None.
            path: below `/api/v1`, such as `config/vlans`, or the whole path.
            method: `GET` without data and `PATCH` with data, unless said otherwise.
            headers: `Content-Type` and `If-Match` are understood.

        Raises:
            ConnectionError: with path, reason and hint of every problem; `code` is the HTTP status.
        """
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        body = data if isinstance(data, str) else "" if data is None else json.dumps(data)
        kind = "text/plain; charset=utf-8" if isinstance(data, str) else "application/json"
        answer = self.exchange(
            method or ("GET" if data is None else "PATCH"),
            path if path.startswith(PREFIX) else PREFIX + path.lstrip("/"),
            body,
            sent.get("content-type", kind if body else ""),
            sent.get("if-match", ""),
        )
        value = _value(answer)
        if answer["status"] >= 400:
            raise AnsibleConnectionError(_reason(answer["status"], value), code=answer["status"])
        return value

    def get_device_info(self):
        """What Ansible's network modules ask of every platform."""
        system = self.send_request(None, path="state/system")
        return {
            "network_os": NETWORK_OS,
            "network_os_hostname": system["hostname"],
            "network_os_model": system["model"],
            "network_os_version": system["version"],
        }

    def get_capabilities(self):
        """The same as JSON text, with the kind of the API."""
        return json.dumps({"network_api": "rest", "rpc": [], "device_info": self.get_device_info()})


def _value(answer):
    if "json" not in answer["headers"].get("content-type", ""):
        return answer["body"]
    try:
        return json.loads(answer["body"])
    except ValueError:
        raise AnsibleConnectionError(
            "the switch answered something that isn't JSON", code=answer["status"]
        ) from None


def _reason(status, value):
    """The text of a problem document (RFC 9457), or of whatever came instead of one."""
    if isinstance(value, dict) and value.get("detail"):
        return value["detail"]
    return f"the switch answered {status}"
