"""DHCP on the management port: a real server, a real client."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.conftest import topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

HANDSHAKE = """
import socket, ssl, sys
trusted, address = sys.argv[1:]
context = ssl.create_default_context(cafile=trusted)
try:
    context.wrap_socket(socket.create_connection((address, 443), timeout=10), server_hostname=address).close()
    print("proved")
except OSError:  # its certificate doesn't say so, or it has no such address yet
    print("not proved")
"""
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


def test_the_certificate_names_the_address_that_the_management_port_gets(
    lab: Lab, server: None, tmp_path: Path
) -> None:
    node = lab.switch("s1")
    trusted = tmp_path / "s1.pem"
    trusted.write_bytes(node.ca_file.read_bytes())

    def is_proved(address: str) -> bool:
        """Whether a machine in the management network believes that it speaks to the switch."""
        words = [sys.executable, "-c", HANDSHAKE, str(trusted), address]
        done = lab.node("mgmt").run(words)
        assert done.stdout in ("proved\n", "not proved\n"), done.stderr
        return done.stdout == "proved\n"

    with Switch(node.local_url) as switch:
        fixed = switch.config("interface management-ethernet eth0 address").split("/")[0]
        until(lambda: is_proved(fixed), "the configured address isn't named")
        switch.delete("interface management-ethernet eth0")
        until(lambda: "198.18.255.1" in addresses(lab), "no address by DHCP")
        leased = addresses(lab).split()[2].split("/")[0]
        until(lambda: is_proved(leased), "the leased address isn't named")
        switch.merge("198.18.255.50/24", "interface management-ethernet eth0 address")
        until(lambda: is_proved("198.18.255.50"), "the fixed address isn't named")
