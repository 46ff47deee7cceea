"""Provisioning by DHCP: an address, and option 150 that names the TFTP server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from tests.atp.conftest import Rack, configuration
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs
OWN = "198.18.255.60"
TOPOLOGY = """
name: atp-dhcp-{pid}
dataplane: openvswitch
provisioning: {{dhcp: true}}
switches:
  spine: {{ports: 4, management: 198.18.255.11/24}}
  leaf: {{ports: 4, management: 198.18.255.12/24, blank: true, settings: {{atp: {{retry-seconds: 1, confirm-seconds: 6}}}}}}
links:
  - [spine:te-1/1/1, leaf:te-1/1/1]
"""


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    with Lab(topology(TOPOLOGY.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        mac = lab.switch("leaf").run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
        assert lab.provisioning is not None
        lab.provisioning.reservations.write_text(f"{mac},{OWN},leaf\n")
        lab.provisioning.reload()
        with connect(lab.switch("spine")) as spine, Switch(lab.switch("leaf").local_url) as leaf:
            yield Rack(lab, spine, leaf)


@contextmanager
def another_server(rack: Rack, *options: str) -> Iterator[None]:
    """A DHCP and TFTP server with other options in place of the lab's."""
    server = rack.lab.provisioning
    assert server is not None
    server.stop()
    mine = server.directory / "another"
    mine.mkdir(exist_ok=True)
    process = rack.lab.node("mgmt").start([
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping",
        f"--pid-file={mine}/pid", f"--listen-address={server.address}", "--bind-interfaces", "--enable-tftp",
        f"--tftp-root={server.files}", f"--dhcp-leasefile={mine}/leases", f"--dhcp-hostsfile={server.reservations}",
        "--dhcp-range=198.18.255.200,198.18.255.250,255.255.255.0,10m", "--dhcp-authoritative", *options,
    ])  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        (Path(mine) / "leases").unlink(missing_ok=True)
        server.start()


def test_option_150_leads_to_the_file(rack: Rack) -> None:
    rack.serve(configuration(f"{OWN}/24"), f"{OWN}_yunqi.cfg")
    rack.machine.swap()
    rack.provisioned()
    state = rack.state()
    assert (state["method"], state["address"], state["server"]) == ("dhcp", f"{OWN}/24", "198.18.255.1")


def test_a_configuration_may_leave_the_address_to_dhcp(rack: Rack) -> None:
    rack.serve("set system hostname leaf\n", f"{OWN}_yunqi.cfg")
    rack.machine.swap()
    rack.provisioned()
    assert OWN in rack.machine.run(["ip", "-4", "addr", "show", "dev", "eth0"]).stdout


def test_a_lease_without_option_150_says_so(rack: Rack) -> None:
    rack.serve(configuration(f"{OWN}/24"), f"{OWN}_yunqi.cfg")
    with another_server(rack):
        rack.machine.swap()
        rack.until("ADDRESS_COLLECTING", f"the DHCP lease of {OWN} names no TFTP server (option 150)")
    rack.machine.swap()
    rack.provisioned()


def test_options_66_and_67_as_others_have_them(rack: Rack) -> None:
    rack.serve(configuration(f"{OWN}/24"), "leaf-image.cfg")
    with another_server(rack, "--dhcp-option=66,198.18.255.1", "--dhcp-option=67,leaf-image.cfg"):
        rack.machine.swap()
        rack.provisioned()
    assert rack.state()["file"] == "leaf-image.cfg"


def test_a_lease_is_asked_for_as_soon_as_the_cable_is_plugged_in(rack: Rack) -> None:
    pid_file = rack.machine.files.run / "dhclient-eth0.pid"
    cable = ["ip", "link", "set", rack.machine.name]
    rack.serve(configuration(f"{OWN}/24"), f"{OWN}_yunqi.cfg")
    rack.lab.node("mgmt").run([*cable, "down"])
    rack.machine.swap()
    until(pid_file.exists, rack.state)
    before = pid_file.read_text()
    rack.lab.node("mgmt").run([*cable, "up"])
    until(lambda: pid_file.exists() and pid_file.read_text() not in (before, ""), rack.state)
    rack.provisioned()


def test_a_lease_outlives_a_cable_that_is_pulled_and_plugged_in_again(rack: Rack) -> None:
    facts = rack.machine.files.run / "dhclient-eth0.facts"
    pid_file = facts.with_suffix(".pid")
    cable = ["ip", "link", "set", rack.machine.name]
    rack.serve("set system hostname leaf\n", f"{OWN}_yunqi.cfg")
    rack.machine.swap()
    rack.provisioned()
    before = pid_file.read_text(), facts.stat().st_mtime_ns
    look = ["cat", "/sys/class/net/eth0/carrier"]
    for state, carrier in (("down", "0"), ("up", "1")):
        rack.lab.node("mgmt").run([*cable, state])
        until(lambda c=carrier: rack.machine.run(look).stdout.strip() == c, rack.state)  # type: ignore[misc]
    rack.leaf.apply_lines("set vlans vlan-id 10")  # waits for what a link that came up sets going
    assert (pid_file.read_text(), facts.stat().st_mtime_ns) == before
