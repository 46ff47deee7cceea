"""VLAN interfaces, addresses and static routes in the kernel, decided by packets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ApplyFailed, NotRealisable
from connetos_sdk.lab import Lab
from tests.conftest import topology
from tests.dataplane.packets import reaches, silent

pytestmark = pytest.mark.ovs

ROUTED = """\
name: {name}
dataplane: openvswitch
switches:
  r1: {{ports: 4}}
hosts:
  web: {{link: "r1:te-1/1/1", address: 198.18.10.1/24, gateway: 198.18.10.254}}
  db: {{link: "r1:te-1/1/2", address: 198.18.20.1/24, gateway: 198.18.20.254}}
  db2: {{link: "r1:te-1/1/3", address: 198.18.20.2/24, gateway: 198.18.20.254}}
"""

BASE = """\
set vlans vlan-id 10 l3-interface vlan10
set vlans vlan-id 20 l3-interface vlan20
set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10
set interface gigabit-ethernet te-1/1/2:3 family ethernet-switching native-vlan-id 20
set vlan-interface interface vlan10 address 198.18.10.254 prefix-length 24
set vlan-interface interface vlan20 address 198.18.20.254 prefix-length 24
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    import os

    with Lab(topology(ROUTED.format(name=f"routed-{os.getpid()}"), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


def kernel_routes(lab: Lab) -> str:
    return lab.switch("r1").run(["ip", "-4", "route", "show", "proto", "xorp"]).stdout


def test_vlan_interfaces_route_between_vlans(lab: Lab, router: Switch) -> None:
    assert silent(lab, "web", "198.18.20.1")
    router.apply_lines(BASE)
    assert reaches(lab, "web", "198.18.10.254")
    assert reaches(lab, "web", "198.18.20.1")
    vlan10 = router.vlan_interfaces()["vlan10"]
    assert (vlan10.vlan_id, vlan10.oper, vlan10.addresses) == (10, "up", ["198.18.10.254/24"])


def test_the_switch_answers_for_an_address_only_in_its_vlan(lab: Lab, router: Switch) -> None:
    router.apply_lines(BASE)
    db = lab.host("db")
    db.run(["ip", "address", "add", "198.18.10.77/24", "dev", "eth0"])
    try:
        assert not db.ping("198.18.10.254", timeout=0.5), "VLAN 20 reached VLAN 10's address on layer 2"
        neighbour = db.run(["ip", "neigh", "show", "198.18.10.254"]).stdout
        assert "lladdr" not in neighbour
    finally:
        db.run(["ip", "address", "del", "198.18.10.77/24", "dev", "eth0"])


def test_an_interface_may_have_several_addresses(lab: Lab, router: Switch) -> None:
    router.apply_lines(BASE + "set vlan-interface interface vlan10 address 198.18.11.254 prefix-length 25\n")
    assert router.vlan_interfaces()["vlan10"].addresses == ["198.18.10.254/24", "198.18.11.254/25"]
    router.delete("vlan-interface interface vlan10 address 198.18.10.254")
    assert router.vlan_interfaces()["vlan10"].addresses == ["198.18.11.254/25"]
    assert silent(lab, "web", "198.18.10.254")


def test_static_routes_carry_packets_to_what_is_behind_a_host(lab: Lab, router: Switch) -> None:
    lab.host("db").run(["ip", "address", "add", "203.0.113.1/32", "dev", "lo"])
    router.apply_lines(BASE)
    assert silent(lab, "web", "203.0.113.1")
    router.apply_lines("set protocols static route 203.0.113.0/24 next-hop 198.18.20.1")
    assert reaches(lab, "web", "203.0.113.1")
    assert router.routes()["203.0.113.0/24"].next_hops == [("198.18.20.1", 1)]
    router.delete("protocols static route 203.0.113.0/24")
    assert silent(lab, "web", "203.0.113.1")
    assert kernel_routes(lab) == ""


def test_equal_metrics_share_and_higher_ones_stand_by(lab: Lab, router: Switch) -> None:
    route = "set protocols static route 203.0.113.0/24"
    router.apply_lines(
        f"{BASE}{route} next-hop 198.18.20.1\n{route} qualified-next-hop 198.18.20.2\n"
        f"{route} qualified-next-hop 198.18.10.1 metric 7\n"
    )
    assert router.routes()["203.0.113.0/24"].next_hops == [
        ("198.18.20.1", 1), ("198.18.20.2", 1), ("198.18.10.1", 7),
    ]  # fmt: skip
    shown = kernel_routes(lab)
    assert shown.count("nexthop via") == 2
    assert "203.0.113.0/24 via 198.18.10.1 dev vlan10 metric 7" in shown


def test_routes_survive_a_change_of_the_address_below_them(lab: Lab, router: Switch) -> None:
    router.apply_lines(BASE + "set protocols static route 203.0.113.0/24 next-hop 198.18.20.1")
    with router.configure() as change:
        change.delete("vlan-interface interface vlan20 address 198.18.20.254")
        change.set("vlan-interface interface vlan20 address 198.18.20.253 prefix-length 24")
    assert router.routes()["203.0.113.0/24"].installed
    assert "203.0.113.0/24 via 198.18.20.1 dev vlan20" in kernel_routes(lab)


def test_moving_an_address_to_another_interface(lab: Lab, router: Switch) -> None:
    router.apply_lines(BASE + "set vlans vlan-id 30 l3-interface vlan30")
    with router.configure() as change:
        change.delete("vlan-interface interface vlan20 address 198.18.20.254")
        change.set("vlan-interface interface vlan30 address 198.18.20.254 prefix-length 24")
    interfaces = router.vlan_interfaces()
    assert interfaces["vlan20"].addresses == []
    assert interfaces["vlan30"].addresses == ["198.18.20.254/24"]


def test_mtu_of_a_vlan_interface_is_the_kernels(lab: Lab, router: Switch) -> None:
    router.apply_lines(
        BASE + "set vlan-interface interface vlan10 mtu 1300\nset vlan-interface interface vlan20 mtu 9000"
    )
    shown = (
        lab.switch("r1").run(["cat", "/sys/class/net/vlan10/mtu", "/sys/class/net/vlan20/mtu"]).stdout.split()
    )
    assert shown == ["1300", "9000"]


def test_what_fails_half_way_is_undone_wholly(lab: Lab, router: Switch) -> None:
    router.apply_lines(BASE)
    areas = ("interface", "vlans", "vlan-interface", "route", "fib", "system hostname")
    before = [router.state(area) for area in areas]
    node = lab.switch("r1")
    node.run(["ip", "link", "add", "vlan77", "type", "veth", "peer", "name", "vlan77x"])
    node.run(["ip", "link", "set", "vlan77", "up"])
    try:
        with pytest.raises((ApplyFailed, NotRealisable), match="vlan77"):
            router.apply_lines(
                "set vlans vlan-id 77 l3-interface vlan77\n"
                "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 20\n"
                "set vlan-interface interface vlan77 address 198.18.77.1 prefix-length 24\n"
                "delete vlan-interface interface vlan20 address 198.18.20.254\n"
                "set system hostname never"
            )
    finally:
        node.run(["ip", "link", "del", "vlan77"])
    assert [router.state(area) for area in areas] == before
    assert router.system().troubles == []
    listed = node.run(["ovs-vsctl", f"--db={node.database}", "list-ports", "br0"]).stdout.split()
    assert listed == ["te-1-1-1", "te-1-1-2", "te-1-1-3", "te-1-1-4", "vlan10", "vlan20"]
    assert reaches(lab, "web", "198.18.20.1")


def test_management_address_and_gateway_are_set_and_taken_away(lab: Lab, router: Switch) -> None:
    router.apply_lines("set interface management-ethernet eth0 gateway 198.18.255.1")
    shown = lab.switch("r1").run(["ip", "-4", "route", "show", "default"]).stdout
    assert "default via 198.18.255.1 dev eth0" in shown
    assert router.state("interface management-ethernet eth0 gateway") == "198.18.255.1"
    router.delete("interface management-ethernet eth0 gateway")
    assert lab.switch("r1").run(["ip", "-4", "route", "show", "default"]).stdout == ""


def test_vlan_interfaces_keep_their_mac_address_when_made_anew(router: Switch) -> None:
    router.apply_lines(BASE)
    before = {name: state.mac for name, state in router.vlan_interfaces().items()}
    assert before["vlan10"] == before["vlan20"]
    router.rollback(1)
    router.apply_lines(BASE)
    assert {name: state.mac for name, state in router.vlan_interfaces().items()} == before
