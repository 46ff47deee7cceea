"""DHCP relay: a real client in one VLAN, real servers in others, the switch between them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.conftest import connect, topology
from tests.waiting import until

pytestmark = pytest.mark.ovs

TOPOLOGY = """\
name: {name}
dataplane: openvswitch
switches:
  r1: {{ports: 4}}
hosts:
  client: {{link: "r1:te-1/1/1"}}
  server: {{link: "r1:te-1/1/2", address: 198.18.20.2/24, gateway: 198.18.20.254}}
  other: {{link: "r1:te-1/1/3", address: 198.18.30.3/24, gateway: 198.18.30.254}}
"""
BASE = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set vlans vlan-id 30 l3-interface vlan30
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/2 family ethernet-switching native-vlan-id 20
set interface gigabit-ethernet te-1/1/3 family ethernet-switching native-vlan-id 30
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
set vlan-interface interface vlan30 address 198.18.30.254 prefix-length 24
"""
RELAY = "vlan-interface interface vlan10 dhcp-relay server-ip"


def serve(lab: Lab, host: str, directory: Path) -> Any:
    """A DHCP server for the client's VLAN at `host`; it says on its standard error what it was asked."""
    return lab.host(host).start(
        [
            "dnsmasq", "--keep-in-foreground", "--port=0", "--no-hosts", "--no-resolv", "--conf-file=/dev/null",
            "--dhcp-range=198.18.10.100,198.18.10.120,255.255.255.0,1h", "--dhcp-authoritative", "--log-dhcp",
            "--dhcp-option=3,198.18.10.254", f"--dhcp-leasefile={directory}/{host}-leases", "--log-facility=-",
            f"--pid-file={directory}/{host}-pid", "--user=root",
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory = tmp_path_factory.mktemp("lab")
    with Lab(topology(TOPOLOGY.format(name=f"relay-{os.getpid()}"), directory)) as lab:
        with connect(lab.switch("r1")) as router:
            router.apply_lines(BASE)
        server = serve(lab, "server", directory)
        yield lab
        server.terminate()
        server.wait(10)


def lease(lab: Lab, directory: Path, *, within: int = 20) -> str:
    """The address that the client is given; empty if nobody gives it one."""
    script = directory / "script"
    script.write_text('#!/bin/sh\n[ "$reason" = BOUND ] && echo "$new_ip_address" >"$0.lease"\nexit 0\n')
    script.chmod(0o755)
    found = Path(f"{script}.lease")
    found.unlink(missing_ok=True)
    leases = directory / "client-leases"
    leases.unlink(missing_ok=True)
    client = lab.host("client").start(
        ["dhclient", "-4", "-d", "-1", "-sf", str(script), "-lf", str(leases), "-pf", f"{directory}/client-pid", "eth0"]
    )  # fmt: skip
    try:
        end = time.monotonic() + within
        while not found.exists() and time.monotonic() < end:
            time.sleep(0.05)
        return found.read_text().strip() if found.exists() else ""
    finally:
        client.kill()
        client.communicate()


def relay_pid(router: Switch) -> int | None:
    pid: int | None = router.state("daemons").get("dnsmasq", {}).get("pid")
    return pid


def test_a_host_is_given_an_address_by_a_server_in_another_vlan(
    lab: Lab, router: Switch, tmp_path: Path
) -> None:
    assert lease(lab, tmp_path, within=5) == "", "nobody relays"
    router.apply_lines(f"set {RELAY} 198.18.20.2")
    sniffer = lab.host("server").start(
        ["tcpdump", "-c", "1", "-l", "-n", "-vv", "-i", "eth0", "udp", "port", "67", "and", "dst", "host", "198.18.20.2"]
    )  # fmt: skip
    time.sleep(0.5)
    assert re.fullmatch(r"198\.18\.10\.1[0-2][0-9]", lease(lab, tmp_path))
    seen, _ = sniffer.communicate(timeout=20)
    assert "Gateway-IP 198.18.10.254" in seen
    assert router.state("vlan-interface interface vlan10 dhcp-relay server-ip") == ["198.18.20.2"]
    assert router.state("vlan-interface interface vlan20 dhcp-relay server-ip") == []
    router.apply_lines(f"delete {RELAY} 198.18.20.2")
    assert relay_pid(router) is None
    assert lease(lab, tmp_path, within=5) == "", "it goes on relaying"


def test_each_of_several_servers_is_asked(lab: Lab, router: Switch, tmp_path: Path) -> None:
    router.apply_lines(f"set {RELAY} 198.18.20.2\nset {RELAY} 198.18.30.3")
    sniffer = lab.host("other").start(
        ["tcpdump", "-c", "1", "-l", "-n", "-vv", "-i", "eth0", "udp", "port", "67", "and", "dst", "host", "198.18.30.3"]
    )  # fmt: skip
    time.sleep(0.5)
    assert lease(lab, tmp_path)
    seen, _ = sniffer.communicate(timeout=20)
    assert "Gateway-IP 198.18.10.254" in seen
    assert router.state("vlan-interface interface vlan10 dhcp-relay server-ip") == [
        "198.18.20.2",
        "198.18.30.3",
    ]


def test_the_relay_follows_the_address_of_its_interface(lab: Lab, router: Switch, tmp_path: Path) -> None:
    router.apply_lines(f"set {RELAY} 198.18.20.2")
    router.apply_lines("set vlan-interface interface vlan10 address 198.18.10.250 prefix-length 24")
    command = lab.switch("r1").run(["cat", f"{lab.switch('r1').directory}/run/dnsmasq/dnsmasq.conf"]).stdout
    assert "dhcp-relay=198.18.10.250,198.18.20.2\n" in command, "the lowest of several"
    assert lease(lab, tmp_path)


def test_the_relay_outlives_the_agent_and_is_started_again_when_it_dies(
    lab: Lab, router: Switch, tmp_path: Path
) -> None:
    router.apply_lines(f"set {RELAY} 198.18.20.2")
    pid = relay_pid(router)
    assert pid is not None
    lab.switch("r1").restart_agent()
    assert relay_pid(router) == pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: (new := relay_pid(router)) and new != pid)
    assert router.state("daemons dnsmasq restarts") == 1
    assert lease(lab, tmp_path)


def test_a_relay_that_died_without_an_agent_is_brought_back_at_the_next_start(
    lab: Lab, router: Switch, tmp_path: Path
) -> None:
    router.apply_lines(f"set {RELAY} 198.18.20.2")
    pid = relay_pid(router)
    assert pid is not None
    node = lab.switch("r1")
    node.stop_agent()
    os.kill(pid, signal.SIGKILL)
    node.start_agent()
    assert relay_pid(router) not in (None, pid)
    assert lease(lab, tmp_path)


def test_the_relay_is_nobody_special(router: Switch) -> None:
    router.apply_lines(f"set {RELAY} 198.18.20.2")
    status = Path(f"/proc/{relay_pid(router)}/status").read_text()
    users = re.search(r"^Uid:\s+(\d+)\s+(\d+)", status, re.MULTILINE)
    assert users is not None
    assert "0" not in users.groups()
    capabilities = re.search(r"^CapEff:\s+([0-9a-f]+)", status, re.MULTILINE)
    assert capabilities is not None
    allowed = 1 << 10 | 1 << 12 | 1 << 13  # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW
    assert int(capabilities[1], 16) & ~allowed == 0


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("set vlans vlan-id 40 l3-interface vlan40\nset vlan-interface interface vlan40 dhcp-relay server-ip 198.18.20.2",
         "a relay needs an address of its interface"),
        (f"set {RELAY} 198.18.20.254", "198.18.20.254 is an address of this switch"),
        (f"set {RELAY} 224.0.0.9", "224.0.0.9 can't be a server's address"),
    ],
    ids=["no address", "itself", "multicast"],
)  # fmt: skip
def test_relays_that_cannot_work_are_refused(router: Switch, lines: str, why: str) -> None:
    with pytest.raises(ConnetosError, match=re.escape(why)):
        router.apply_lines(lines)
