"""DHCP on the management port: a real server, a real client."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import topology

pytestmark = pytest.mark.ovs

LAB = "name: dhcp-{pid}\ndataplane: openvswitch\nswitches:\n  s1: {{ports: 1}}\n"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(topology(LAB.format(pid=os.getpid()), tmp_path)) as lab:
        yield lab


@pytest.fixture
def server(lab: Lab, tmp_path: Path) -> Iterator[None]:
    process = lab.node("mgmt").start(
        [
            "dnsmasq", "--keep-in-foreground", "--port=0", "--bind-interfaces", "--no-hosts", "--no-resolv",
            "--dhcp-range=198.18.255.100,198.18.255.120,255.255.255.0,1h", "--dhcp-option=3,198.18.255.1",
            f"--dhcp-leasefile={tmp_path}/leases", f"--pid-file={tmp_path}/pid", "--conf-file=/dev/null", "--user=root",
        ]
    )  # fmt: skip
    yield
    process.terminate()
    process.wait(10)


def addresses(lab: Lab) -> str:
    return lab.switch("s1").run(["ip", "-4", "-br", "address", "show", "dev", "eth0"]).stdout


def test_the_management_port_asks_for_an_address_until_it_gets_a_fixed_one(lab: Lab, server: None) -> None:
    node = lab.switch("s1")
    with Switch(f"unix://{node.directory}/run/agent.sock") as switch:
        switch.delete("interface management-ethernet eth0")
        assert switch.state("interface management-ethernet eth0 dhcp") is True
        end = time.monotonic() + 20
        while "198.18.255.1" not in addresses(lab):
            assert time.monotonic() < end, "no address by DHCP"
            time.sleep(0.1)
        assert "default via 198.18.255.1" in node.run(["ip", "-4", "route"]).stdout
        client = node.run(["cat", f"{node.directory}/run/dhclient-eth0.pid"]).stdout
        node.restart_agent()
        assert node.run(["cat", f"{node.directory}/run/dhclient-eth0.pid"]).stdout == client
        assert switch.state("interface management-ethernet eth0 dhcp") is True
        switch.merge("198.18.255.50/24", "interface management-ethernet eth0 address")
        assert addresses(lab).split()[2:] == ["198.18.255.50/24"]
        assert switch.state("interface management-ethernet eth0 dhcp") is False
        switch.apply_lines(
            "delete interface management-ethernet eth0 address\nset interface management-ethernet eth0 dhcp enable false"
        )
        assert addresses(lab).split()[2:] == []
