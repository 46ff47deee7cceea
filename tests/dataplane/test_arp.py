"""ARP and route tables: the kernel's, asked by packets."""

from __future__ import annotations

from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import ConnetosError
from connetos_sdk.lab import Lab
from tests.dataplane.packets import reaches
from tests.waiting import until

pytestmark = pytest.mark.ovs


@pytest.fixture(scope="module")
def lines() -> str:
    return "set protocols static route 203.0.113.0/24 next-hop 198.18.10.1"


def entries(router: Switch) -> dict[str, Any]:
    return {entry["address"]: entry for entry in router.state("arp entries")}


def test_hosts_that_were_routed_to_are_in_the_arp_table(lab: Lab, router: Switch) -> None:
    assert reaches(lab, "h1", "198.18.20.2")
    found = entries(router)
    mac = lab.host("h2").run(["cat", "/sys/class/net/eth0/address"]).stdout.strip()
    assert (found["198.18.20.2"]["mac"], found["198.18.20.2"]["interface"]) == (mac, "vlan20")
    text = router.cli("show arp")
    assert text.startswith("Aging-time(seconds): 1200\nTotal count        : 2\n")
    assert f"198.18.20.2      {mac.upper()}  Dynamic  vlan20     " in text
    hosts = router.cli("show route forward-host ipv4 198.18.20.2")
    assert f"198.18.20.2       {mac.upper()}   te-1/1/2\nTotal host count:1\n" in hosts


def test_cleared_entries_are_learned_again(lab: Lab, router: Switch) -> None:
    assert reaches(lab, "h1", "198.18.20.2")
    router.cli("clear arp ip-address 198.18.20.2")
    assert "198.18.20.2" not in entries(router)
    assert "198.18.10.1" in entries(router)
    router.cli("clear arp all")
    assert entries(router) == {}
    assert reaches(lab, "h1", "198.18.20.2")
    with pytest.raises(ConnetosError, match=r"no ARP entry for 198\.18\.20\.99"):
        router.transport.call("clear/arp", {"address": "198.18.20.99"})


def test_a_static_entry_wins_over_what_the_host_says(lab: Lab, router: Switch) -> None:
    assert reaches(lab, "h1", "198.18.20.2")
    line = "protocols arp interface vlan20 address 198.18.20.2 mac-address"
    router.apply_lines(f"set {line} 02:00:5e:10:00:07")
    entry = entries(router)["198.18.20.2"]
    assert (entry["mac"], entry["type"], entry["age_s"]) == ("02:00:5e:10:00:07", "static", None)
    assert not reaches(lab, "h1", "198.18.20.2"), "frames go to a MAC address that nobody has"
    router.cli("clear arp all")
    assert "198.18.20.2" in entries(router), "clearing is for learned entries"
    router.rollback(1)
    assert reaches(lab, "h1", "198.18.20.2")


def test_proxy_arp_answers_for_hosts_behind_the_router(lab: Lab, router: Switch) -> None:
    host = lab.host("h1")
    host.run(["ip", "route", "replace", "198.18.20.0/24", "dev", "eth0", "scope", "link"])
    try:
        assert not reaches(lab, "h1", "198.18.20.2")
        router.apply_lines("set protocols arp interface vlan10 proxy enable true")
        host.run(["ip", "neigh", "flush", "all"])
        until(lambda: reaches(lab, "h1", "198.18.20.2"))
    finally:
        host.run(["ip", "route", "del", "198.18.20.0/24", "dev", "eth0"])
        host.run(["ip", "neigh", "flush", "all"])


def test_aging_time_is_the_kernels(lab: Lab, router: Switch) -> None:
    router.apply_lines("set protocols arp aging-time 300")
    setting = "/proc/sys/net/ipv4/neigh/vlan10/base_reachable_time_ms"
    assert lab.switch("r1").run(["cat", setting]).stdout.strip() == "300000"
    assert router.cli("show arp").startswith("Aging-time(seconds): 300\n")
    router.apply_lines("set vlans vlan-id 30 l3-interface vlan30")
    new = setting.replace("vlan10", "vlan30")
    assert lab.switch("r1").run(["cat", new]).stdout.strip() == "300000"


def test_an_interface_that_is_not_there_has_no_arp_settings(router: Switch) -> None:
    with pytest.raises(ConnetosError, match="vlan99"):
        router.apply_lines("set protocols arp interface vlan99 proxy enable true")


def test_route_tables(lab: Lab, router: Switch) -> None:
    assert reaches(lab, "h1", "198.18.20.2")
    assert router.cli("show route table ipv4 unicast final") == (
        "198.18.10.0/24     [connected(0)/0]\n"
        "                 > via vlan10/vlan10\n"
        "198.18.20.0/24     [connected(0)/0]\n"
        "                 > via vlan20/vlan20\n"
        "203.0.113.0/24     [static(1)/1]\n"
        "                 > to 198.18.10.1 via vlan10/vlan10\n"
    )
    assert router.cli("show route table ipv4 unicast static detail") == (
        "Network 203.0.113.0/24\n"
        "    Nexthop        := 198.18.10.1\n"
        "    Interface      := vlan10\n"
        "    Vif            := vlan10\n"
        "    Metric         := 1\n"
        "    Protocol       := static\n"
        "    Admin distance := 1\n"
    )
    assert router.cli("show route table ipv4 unicast ospf") == ""
    mac = lab.host("h1").run(["cat", "/sys/class/net/eth0/address"]).stdout.strip().upper()
    route = router.cli("show route forward-route ipv4 203.0.113.0/24")
    assert f"203.0.113.0       255.255.255.0     {mac}   te-1/1/1\nTotal route count:1\n" in route
    assert router.cli("show route forward-route brief") == "Total route count:3\n"


def test_equal_metrics_share_and_the_lower_metric_wins(router: Switch) -> None:
    router.apply_lines(
        "set protocols static route 203.0.113.0/24 qualified-next-hop 198.18.20.2\n"
        "set protocols static route 203.0.113.0/24 qualified-next-hop 198.18.10.9 metric 7\n"
    )
    static = [e for e in router.state("fib ipv4") if e["protocol"] == "static"]
    assert [(e["metric"], e["final"], len(e["next-hop"])) for e in static] == [(1, True, 2), (7, False, 1)]


def test_no_more_next_hops_share_the_load_than_may(router: Switch) -> None:
    router.apply_lines(
        "set protocols static route 203.0.113.0/24 qualified-next-hop 198.18.20.2\n"
        "set protocols static route 203.0.113.0/24 qualified-next-hop 198.18.10.9\n"
        "set forwarding-options load-balance ecmp max-path 2\n"
    )

    def hops() -> list[str]:
        [entry] = [e for e in router.state("fib ipv4") if e["protocol"] == "static"]
        return [hop["address"] for hop in entry["next-hop"]]

    assert hops() == ["198.18.10.1", "198.18.10.9"]
    router.apply_lines("set forwarding-options load-balance ecmp max-path 1")
    assert hops() == ["198.18.10.1"]
    router.apply_lines("delete forwarding-options load-balance ecmp max-path")
    assert hops() == ["198.18.10.1", "198.18.10.9", "198.18.20.2"]
