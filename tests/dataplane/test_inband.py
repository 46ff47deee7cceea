"""In-band management: who gets a connection to the switch, and by which way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from connetos_sdk.lab.lab import LabSwitch
from tests.dataplane.packets import reaches

pytestmark = pytest.mark.ovs

ASK = (
    "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3); print('connected')"
)
LISTEN = """\
import socket, sys
server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("ready", flush=True)
while True:
    server.accept()[0].close()
"""


@pytest.fixture(scope="module")
def lines() -> str:
    return "set loopback-interface interface lo7 address 203.0.113.7/32"


@pytest.fixture(scope="module")
def ports(lab: Lab) -> Iterator[list[int]]:
    """TCP ports that the switch answers at: an SSH server's, and that of BGP."""
    servers = [lab.switch("r1").node.start(["python3", "-c", LISTEN, port]) for port in ("22", "179")]
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline().strip() == "ready"
    yield [22, 179]
    for server in servers:
        server.terminate()
        server.wait(10)


FLUSH = "from connetos_agent.dataplane.kernel.inband import _nft\n_nft('flush table inet connetos_inband\\n')"


def flush(node: LabSwitch) -> None:
    """Take the rules away, as somebody at the machine may."""
    done = node.run([sys.executable, "-c", FLUSH])
    assert done.returncode == 0, done.stderr


def connects(lab: Lab, host: str, address: str, port: int) -> bool:
    return "connected" in lab.host(host).run(["python3", "-c", ASK, address, str(port)]).stdout


def test_without_inband_management_the_switch_is_managed_by_its_management_port_only(
    lab: Lab, router: Switch, ports: list[int]
) -> None:
    everywhere = ("198.18.10.254", "198.18.20.254", "203.0.113.7")
    assert all(connects(lab, "h1", address, 22) for address in everywhere)
    router.apply_lines("set system inband enable false")
    assert not any(connects(lab, "h1", address, 22) for address in everywhere)
    assert router.system().hostname == "r1", "REST by the management port"
    assert connects(lab, "h1", "198.18.10.254", 179), "BGP is no management"
    router.apply_lines("set system inband enable true")
    assert all(connects(lab, "h1", address, 22) for address in everywhere)


def test_the_management_ports_own_address_is_no_way_round(lab: Lab, router: Switch, ports: list[int]) -> None:
    address = router.state("interface management-ethernet eth0 address").partition("/")[0]
    assert connects(lab, "h1", address, 22)
    router.apply_lines("set system inband enable false")
    assert not connects(lab, "h1", address, 22)


def test_what_is_forwarded_and_what_the_switch_asks_itself_goes_on(lab: Lab, router: Switch) -> None:
    router.apply_lines("set system inband enable false")
    assert reaches(lab, "h1", "198.18.20.2")
    assert reaches(lab, "h1", "203.0.113.7")
    server = lab.host("h2").start(["python3", "-c", LISTEN, "22"])
    assert server.stdout is not None
    assert server.stdout.readline().strip() == "ready"
    try:
        assert connects(lab, "h1", "198.18.20.2", 22)
        asked = lab.switch("r1").run(["python3", "-c", ASK, "198.18.20.2", "22"])
        assert "connected" in asked.stdout, asked.stderr
    finally:
        server.terminate()
        server.wait(10)


def test_it_outlives_the_agent_and_is_repaired_at_its_start(
    lab: Lab, router: Switch, ports: list[int]
) -> None:
    router.apply_lines("set system inband enable false")
    node = lab.switch("r1")
    node.restart_agent()
    assert not connects(lab, "h1", "198.18.10.254", 22)
    node.stop_agent()
    assert not connects(lab, "h1", "198.18.10.254", 22)
    flush(node)
    assert connects(lab, "h1", "198.18.10.254", 22)
    node.start_agent()
    assert not connects(lab, "h1", "198.18.10.254", 22)


def test_rules_changed_behind_the_agents_back_are_drift(lab: Lab, router: Switch) -> None:
    router.apply_lines("set system inband enable false")
    flush(lab.switch("r1"))
    end = time.monotonic() + 20
    while "inband" not in router.cli("show system drift"):
        assert time.monotonic() < end, "nobody noticed"
        time.sleep(0.1)
    router.transport.call("drift/repair", {})
    while "inband" in router.cli("show system drift"):
        assert time.monotonic() < end, "nobody repaired"
        time.sleep(0.1)
