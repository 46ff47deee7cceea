"""The httpapi plugin against a live agent, on a stand-in for the persistent connection of ansible.netcommon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.connection import ConnectionError as AnsibleConnectionError
from ansible.module_utils.urls import open_url

from ansible_collections.connetos.connetos.plugins.httpapi.connetos import HttpApi
from ansible_collections.connetos.connetos.plugins.module_utils.httpapi_transport import HttpapiTransport
from connetos_sdk import Switch
from connetos_sdk.errors import AuthenticationFailed, BrokenReference, PreconditionFailed, Unreachable
from connetos_sdk.lab import Lab


class Connection:
    """Sends requests as `ansible.netcommon.httpapi` does."""

    def __init__(self, url: str, user: str, password: str, ca_file: str) -> None:
        self.url, self.user, self.password, self.ca_file = url, user, password, ca_file
        self.plugin = HttpApi(self)

    def send(
        self, path: str, data: bytes | None, *, method: str, headers: Mapping[str, str]
    ) -> tuple[Any, BytesIO]:
        try:
            response = open_url(
                self.url + path, data=data, method=method, headers=dict(headers), ca_path=self.ca_file,
                force_basic_auth=True, url_username=self.user, url_password=self.password,
            )  # fmt: skip
        except HTTPError as error:
            response = self.plugin.handle_httperror(error)
        except URLError as error:
            raise AnsibleConnectionFailure(f"Could not connect to {self.url}: {error.reason}") from error
        return response, BytesIO(response.read())


@pytest.fixture
def connection(memory_lab: Lab) -> Connection:
    access = memory_lab.switch("leaf1")
    return Connection(access.url, access.username, access.password, str(access.ca_file))


def test_send_request_reads_and_changes(connection: Connection, switch: Switch) -> None:
    api = connection.plugin
    assert api.send_request({"vlans": {"vlan-id": {"10": {"vlan-name": "web"}}}})["changed"]
    assert api.send_request(None, path="config/vlans/vlan-id/10") == {"vlan-name": "web"}
    assert api.send_request("set vlans vlan-id 11", path="/api/v1/config")["changed"]
    assert "set vlans vlan-id 11" in api.send_request(None, path="config?format=set")
    assert api.send_request(None, path="config/vlans/vlan-id/11", method="DELETE")["changed"]


def test_send_request_tells_problem_documents(connection: Connection, switch: Switch) -> None:
    line = "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"
    with pytest.raises(AnsibleConnectionError, match="set vlans vlan-id 99 first") as caught:
        connection.plugin.send_request(line)
    assert caught.value.code == 422


def test_device_info(connection: Connection) -> None:
    capabilities = json.loads(connection.plugin.get_capabilities())
    info = capabilities["device_info"]
    assert capabilities["network_api"] == "rest"
    assert info["network_os"] == "connetos.connetos.connetos"
    assert info["network_os_hostname"] and info["network_os_version"]


def test_switch_facade_over_the_connection(connection: Connection, switch: Switch) -> None:
    over = Switch(transport=HttpapiTransport(connection.plugin.exchange))
    assert over.apply_lines(["set vlans vlan-id 10 vlan-name wëb"]).changed
    assert over.config("vlans vlan-id 10") == {"vlan-name": "wëb"} == switch.config("vlans vlan-id 10")
    assert over.revision() == switch.revision()
    with pytest.raises(BrokenReference, match="set vlans vlan-id 99 first"):
        over.apply_lines(
            "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 99"
        )
    with pytest.raises(PreconditionFailed):
        over.apply_lines("set vlans vlan-id 12", if_revision=999999)


def test_wrong_password_and_absent_switch(connection: Connection) -> None:
    over = Switch(transport=HttpapiTransport(connection.plugin.exchange))
    connection.password = "wrong"
    with pytest.raises(AuthenticationFailed):
        over.config()
    connection.url = "https://127.0.0.1:1"

    def exchange(*request: str) -> dict[str, Any]:
        # What crosses the socket of the persistent connection is always this class.
        try:
            return connection.plugin.exchange(*request)
        except AnsibleConnectionFailure as error:
            raise AnsibleConnectionError(str(error)) from error

    with pytest.raises(Unreachable):
        Switch(transport=HttpapiTransport(exchange)).config()
