"""Loopback interfaces: addresses of the switch itself, asked by packets."""

from __future__ import annotations

import time

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.dataplane.packets import reaches, silent

pytestmark = pytest.mark.ovs

LOOPBACK = "loopback-interface interface lo7"


def test_every_address_of_a_loopback_answers_and_no_other_of_its_subnet(lab: Lab, router: Switch) -> None:
    router.apply_lines(f"set {LOOPBACK} address 203.0.113.7/32\nset {LOOPBACK} address 203.0.113.129/25\n")
    assert reaches(lab, "h1", "203.0.113.7")
    assert reaches(lab, "h1", "203.0.113.129")
    assert silent(lab, "h1", "203.0.113.130")
    assert router.state("loopback-interface interface lo7 address") == ["203.0.113.7/32", "203.0.113.129/25"]
    router.apply_lines(f"delete {LOOPBACK} address 203.0.113.7/32")
    assert silent(lab, "h1", "203.0.113.7")
    assert reaches(lab, "h1", "203.0.113.129")


def test_loopbacks_are_shown_as_documented_and_among_the_connected_routes(router: Switch) -> None:
    router.apply_lines(
        f"set {LOOPBACK} address 203.0.113.7/32\nset {LOOPBACK} description router-id\n"
        "set loopback-interface interface lo12 address 198.51.100.1/30\n"
    )
    index = router.state("loopback-interface interface lo7 index")
    assert router.state("loopback-interface interface lo7 description") == "router-id"
    assert router.cli("show loopback-interface lo7") == (
        f"lo7: Index:{index}  Flags:<ENABLED,LOOPBACK>\n"
        "        inet 203.0.113.7 subnet 203.0.113.7/32 broadcast 203.0.113.7\n"
    )
    assert "inet 198.51.100.1 subnet 198.51.100.0/30 broadcast 198.51.100.3" in router.cli(
        "show loopback-interface"
    )
    connected = router.cli("show route table ipv4 unicast connected")
    assert (
        "203.0.113.7/32     [connected(0)/0]\n                 > via lo7/lo7\n" in connected
        and "198.51.100.0/30    [connected(0)/0]\n                 > via lo12/lo12\n" in connected
    )
    assert "198.51.100.1/32" not in connected
    assert "198.18.10.254/32" not in connected
    with pytest.raises(ConnetosError, match="there is no loopback lo9"):
        router.cli("show loopback-interface lo9")


def test_loopbacks_outlive_the_agent_and_come_back_when_somebody_takes_them_away(
    lab: Lab, router: Switch
) -> None:
    router.apply_lines(f"set {LOOPBACK} address 203.0.113.7/32")
    node = lab.switch("r1")
    index = router.state("loopback-interface interface lo7 index")
    node.restart_agent()
    assert router.state("loopback-interface interface lo7 index") == index, "it was made anew"
    assert node.run(["ip", "link", "del", "lo7"]).returncode == 0
    node.restart_agent()
    assert reaches(lab, "h1", "203.0.113.7")


def test_a_loopback_that_is_deleted_leaves_nothing(lab: Lab, router: Switch) -> None:
    router.apply_lines(f"set {LOOPBACK} address 203.0.113.7/32")
    router.apply_lines(f"delete {LOOPBACK}")
    assert lab.switch("r1").run(["ip", "link", "show", "lo7"]).returncode != 0
    assert router.state("loopback-interface") == {"interface": {}}


def test_the_name_of_another_network_device_is_refused(lab: Lab, router: Switch) -> None:
    node = lab.switch("r1")
    node.run(["ip", "tuntap", "add", "lo7", "mode", "tun"])
    try:
        with pytest.raises(ConnetosError, match="loopback: there is a network device lo7 already"):
            router.apply_lines(f"set {LOOPBACK} address 203.0.113.7/32")
    finally:
        node.run(["ip", "link", "del", "lo7"])


def test_an_address_changed_behind_the_agents_back_is_drift(lab: Lab, router: Switch) -> None:
    router.apply_lines(f"set {LOOPBACK} address 203.0.113.7/32")
    lab.switch("r1").run(["ip", "address", "add", "203.0.113.9/32", "dev", "lo7"])
    end = time.monotonic() + 20
    while "lo7" not in router.cli("show system drift"):
        assert time.monotonic() < end, "nobody noticed"
        time.sleep(0.1)
    lab.switch("r1").run(["ip", "address", "del", "203.0.113.9/32", "dev", "lo7"])


@pytest.mark.parametrize(
    "line",
    [
        f"{LOOPBACK} address 203.0.113.7/32 member 2",
        "interface management-ethernet eth0 member 2 gateway 192.0.2.1",
    ],
)
def test_nothing_is_configured_for_the_member_of_a_stack(router: Switch, line: str) -> None:
    with pytest.raises(ConnetosError, match="stack: this switch runs standalone") as refused:
        router.apply_lines(f"set {line}")
    assert "member" in str(refused.value)
