"""Raw HTTP to a switch, users of it, and what an answer that refuses looks like."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.conftest import connect, topology

JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}
VIEWER = ("viewer", "only-looking-1")
SECOND = ("second", "second-admin-1")


def client(switch: LabSwitch, user: str, password: str, **options: Any) -> httpx.Client:
    """A connection of `user` that sends whatever it is told."""
    context = ssl.create_default_context(cafile=str(switch.ca_file))
    return httpx.Client(
        base_url=f"{switch.url}/api/v1/", verify=context, auth=(user, password), timeout=20, **options
    )


@contextmanager
def tls(switch: LabSwitch) -> Iterator[ssl.SSLSocket]:
    """A bare TLS connection, to send what no HTTP library would."""
    context = ssl.create_default_context(cafile=str(switch.ca_file))
    address = ("127.0.0.1", httpx.URL(switch.url).port)
    with (
        socket.create_connection(address, timeout=12) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as sock,
    ):
        yield sock


def received(sock: socket.socket) -> bytes:
    """Everything until the other end closes the connection."""
    data = b""
    try:
        while chunk := sock.recv(65536):
            data += chunk
    except ConnectionError:
        pass
    return data


def assert_refused(
    response: httpx.Response, status: int, code: str, *, path: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """The answer is a complete problem document with this status and code; the document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:connetos:error:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["problems"]
    for item in problem["problems"]:
        assert set(item) == {"code", "path", "reason", "hint"}
        assert item["reason"]
    if path is not None:
        assert tuple(problem["problems"][0]["path"]) == path
    return problem


@pytest.fixture
def leaf1(memory_lab: Lab) -> LabSwitch:
    """The switch of `memory_lab`."""
    return memory_lab.switch("leaf1")


@pytest.fixture
def api(leaf1: LabSwitch, switch: Switch) -> Iterator[httpx.Client]:
    """Raw HTTP as the administrator; the configuration is put back afterwards."""
    with client(leaf1, leaf1.username, leaf1.password) as found:
        yield found


@pytest.fixture
def unchanged(api: httpx.Client) -> Callable[[], None]:
    """Call it to see that the running configuration is what it was when the test began."""

    def look() -> tuple[str, str, int]:
        text = api.get("config", params={"format": "set", "secrets": "true"})
        assert text.status_code == 200
        return text.headers["etag"], text.text, len(api.get("revisions").json()["revisions"])

    before = look()

    def check() -> None:
        assert look() == before

    return check


@pytest.fixture
def still(unchanged: Callable[[], None]) -> Iterator[None]:
    """The test changes nothing, whatever it tries."""
    yield
    unchanged()


def add_user(switch: Switch, user: tuple[str, str], user_class: str) -> None:
    """Configure a user with a password."""
    login = {"authentication": {"plain-text-password": user[1]}, "class": user_class}
    switch.merge({"system": {"login": {"user": {user[0]: login}}}})


@pytest.fixture
def viewer(leaf1: LabSwitch, switch: Switch) -> Iterator[httpx.Client]:
    """Raw HTTP as a user who may only look."""
    add_user(switch, VIEWER, "read-only")
    with client(leaf1, *VIEWER) as found:
        yield found


@pytest.fixture
def second(leaf1: LabSwitch, switch: Switch) -> Iterator[httpx.Client]:
    """Raw HTTP as a second administrator."""
    add_user(switch, SECOND, "super-user")
    with client(leaf1, *SECOND) as found:
        yield found


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for tests that kill, reboot or fill its switch."""
    text = f"name: own-{os.getpid()}\ndataplane: memory\nswitches:\n  leaf1: {{ports: 8}}\n"
    with Lab(topology(text, tmp_path_factory.mktemp("own"))) as lab:
        yield lab


@pytest.fixture
def machine(own_lab: Lab) -> LabSwitch:
    """The switch of `own_lab`."""
    return own_lab.switch("leaf1")


@pytest.fixture
def box(machine: LabSwitch) -> Iterator[Switch]:
    """A connection to a switch that the test may kill; it has its startup configuration at the beginning."""
    machine.reboot()
    with connect(machine) as switch:
        yield switch
