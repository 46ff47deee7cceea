"""The temporary address of the management port, on a device in a namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from connetos_sdk.lab.environment import import_path_variable

pytestmark = pytest.mark.ovs

LINK = """
import sys
from ipaddress import IPv4Interface
from connetos_agent.services.atp.link import ManagementLink
print(getattr(ManagementLink("mgmt0"), sys.argv[1])(IPv4Interface("198.18.255.60/24")))
"""

Run = Callable[..., str]


@pytest.fixture
def inside() -> Iterator[Run]:
    """Runs a program in a namespace with a device `mgmt0`."""
    name = f"link-{os.getpid()}"
    environment = {**os.environ, "PYTHONPATH": import_path_variable()}

    def run(*argv: str) -> str:
        command = ["ip", "netns", "exec", name, *argv]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=30
        ).stdout.strip()

    subprocess.run(["ip", "netns", "add", name], check=True, timeout=30)
    try:
        run("ip", "link", "add", "mgmt0", "type", "veth", "peer", "name", "far0")
        run("ip", "link", "set", "mgmt0", "up")
        yield run
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True, timeout=30)


def addresses(inside: Run) -> list[str]:
    devices = json.loads(inside("ip", "-json", "-4", "address", "show", "dev", "mgmt0"))
    return [
        f"{info['local']}/{info['prefixlen']}" for device in devices for info in device.get("addr_info", ())
    ]


def test_an_address_is_lent_and_taken_back(inside: Run) -> None:
    assert inside(sys.executable, "-c", LINK, "lend") == "True"
    assert addresses(inside) == ["198.18.255.60/24"]
    inside(sys.executable, "-c", LINK, "take_back")
    assert addresses(inside) == []


def test_a_leased_address_isnt_lent_so_nobody_takes_it_back(inside: Run) -> None:
    lease = ["valid_lft", "3600", "preferred_lft", "3600"]
    inside("ip", "address", "add", "198.18.255.60/24", "dev", "mgmt0", *lease)
    assert inside(sys.executable, "-c", LINK, "lend") == "False"
    assert addresses(inside) == ["198.18.255.60/24"]


def test_a_configured_address_stays(inside: Run) -> None:
    inside("ip", "address", "add", "198.18.255.60/24", "dev", "mgmt0")
    inside(sys.executable, "-c", LINK, "take_back")
    assert addresses(inside) == ["198.18.255.60/24"]
