"""Getters, ping and traceroute that tell of a forwarding switch what is so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from napalm.base import exceptions, models
from napalm.base.test.helpers import test_model as is_of_model

from connetos_sdk import Switch
from connetos_sdk.lab import Lab
from napalm_connetos import ConnetOSDriver
from tests.napalm.conftest import LIVE, SOMETHING, driver
from tests.waiting import until

pytestmark = pytest.mark.ovs


@pytest.fixture
def device(two_leaves: Lab, leaves: tuple[Switch, Switch]) -> Iterator[ConnetOSDriver]:
    leaves[0].apply_lines(SOMETHING)
    leaves[0].apply_lines(LIVE)
    assert two_leaves.host("h1").ping("198.18.10.254", count=3)
    with driver(two_leaves.switch("leaf1")) as device:
        yield device


def mac(lab: Lab, host: str) -> str:
    return lab.host(host).run(["cat", "/sys/class/net/eth0/address"]).stdout.strip().upper()


def test_neighbours_and_addresses(device: ConnetOSDriver, two_leaves: Lab) -> None:
    (entry,) = [one for one in device.get_arp_table() if one["ip"] == "198.18.10.1"]
    assert entry["interface"] == "vlan10" and entry["mac"] == mac(two_leaves, "h1")
    (learned,) = [one for one in device.get_mac_address_table() if one["mac"] == mac(two_leaves, "h1")]
    assert (learned["vlan"], learned["interface"], learned["static"]) == (10, "te-1/1/1", False)
    assert is_of_model(models.ARPTableDict, entry) and entry["age"] >= 0
    assert device.get_arp_table(vrf="default") == device.get_arp_table()
    with pytest.raises(NotImplementedError, match="there is no VRF red"):
        device.get_arp_table(vrf="red")


def test_a_static_neighbour(device: ConnetOSDriver, leaves: tuple[Switch, Switch]) -> None:
    line = "set protocols arp interface vlan10 address 198.18.10.77 mac-address 02:00:5e:00:53:77"
    leaves[0].apply_lines(line)
    (entry,) = [one for one in device.get_arp_table() if one["ip"] == "198.18.10.77"]
    assert entry == {"interface": "vlan10", "mac": "02:00:5E:00:53:77", "ip": "198.18.10.77", "age": -1.0}


def test_a_neighbour_at_an_aggregate_has_it_as_parent(
    device: ConnetOSDriver, leaves: tuple[Switch, Switch]
) -> None:
    leaves[0].delete("interface gigabit-ethernet te-1/1/4")
    for leaf in leaves:
        leaf.apply_lines([
            "set interface aggregate-ethernet ae1",
            "set interface gigabit-ethernet te-1/1/4 ether-options 802.3ad ae1",
            "set protocols lldp enable true",
            "set protocols lldp advertisement-interval 5",
        ])  # fmt: skip
    until(lambda: device.get_lldp_neighbors_detail("te-1/1/4"), "LLDP neighbour")
    (neighbor,) = device.get_lldp_neighbors_detail("te-1/1/4")["te-1/1/4"]
    assert neighbor["parent_interface"] == "ae1" and neighbor["remote_port"] == "te-1/1/4"
    assert device.get_lldp_neighbors_detail("te-1/1/1") == {}


def test_counters_count(device: ConnetOSDriver, two_leaves: Lab) -> None:
    before = device.get_interfaces_counters()["te-1/1/1"]
    assert two_leaves.host("h1").ping("198.18.10.254", count=5)
    after = device.get_interfaces_counters()["te-1/1/1"]
    assert after["rx_octets"] >= before["rx_octets"] + 5 * 98 and after["rx_errors"] == 0
    assert after["tx_unicast_packets"] == -1


def test_routes(device: ConnetOSDriver) -> None:
    (route,) = device.get_route_to("198.18.20.0/24")["198.18.20.0/24"]
    assert is_of_model(models.RouteDict, route)
    assert (route["protocol"], route["next_hop"], route["outgoing_interface"]) == (
        "static",
        "198.18.10.1",
        "vlan10",
    )
    assert route["current_active"] and route["preference"] == 1
    assert list(device.get_route_to("198.18.20.7")) == ["198.18.20.0/24"]
    assert device.get_route_to("198.18.0.0/16") == {} == device.get_route_to("198.18.20.0/24", protocol="bgp")
    assert set(device.get_route_to("198.18.0.0/16", longer=True)) == {"198.18.10.0/24", "198.18.20.0/24"}
    assert set(device.get_route_to(protocol="Connected")) == {"198.18.10.0/24", "203.0.113.7/32"}
    with pytest.raises(exceptions.CommandErrorException, match="no IPv4 address or prefix"):
        device.get_route_to("nowhere")


def test_time_instances_and_machine(device: ConnetOSDriver) -> None:
    assert device.get_ntp_servers() == {"198.18.10.1": {}} and device.get_ntp_peers() == {}
    (status,) = device.get_ntp_stats()
    assert status["remote"] == "198.18.10.1" and not status["synchronized"]
    (instance,) = device.get_network_instances().values()
    assert {"te-1/1/1", "vlan10"} <= set(instance["interfaces"]["interface"])
    assert device.get_network_instances("red") == {}
    memory = device.get_environment()["memory"]
    assert 0 < memory["used_ram"] < memory["available_ram"]


def test_ping_and_traceroute(device: ConnetOSDriver) -> None:
    done = device.ping("198.18.10.1", count=2, timeout=1)["success"]
    assert is_of_model(models.PingDict, done)
    assert all(is_of_model(models.PingResultDictEntry, one) for one in done["results"])
    assert done["packet_loss"] == 0 and 0 < done["rtt_min"] <= done["rtt_max"]
    assert [one["ip_address"] for one in done["results"]] == ["198.18.10.1"] * 2
    lost = device.ping("198.18.10.77", count=1, timeout=1, source="198.18.10.254")["success"]
    assert lost["packet_loss"] == 1 and lost["rtt_avg"] == -1.0 and not lost["results"]
    assert "no.such.host" in device.ping("no.such.host.invalid")["error"]
    assert "ttl" in device.ping("198.18.10.1", ttl=0)["error"]
    big = device.ping("198.18.10.1", count=1, size=1400, source_interface="vlan10", vrf="default")["success"]
    assert big["packet_loss"] == 0
    for wrong, words in (
        ({"source": "203.0.113.99"}, "203.0.113.99"),
        ({"source_interface": "vlan77"}, "vlan77"),
        ({"size": 99_999}, "size"),
        ({"count": 0}, "count"),
    ):
        assert words in device.ping("198.18.10.1", **wrong)["error"]  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="there is no VRF red"):
        device.ping("198.18.10.1", vrf="red")
    way = device.traceroute("198.18.10.1", source="198.18.10.254", timeout=1)["success"]
    assert way[1]["probes"][1]["ip_address"] == "198.18.10.1"
    assert all(is_of_model(models.TracerouteDict, one) for one in way[1]["probes"].values())
    assert "203.0.113.99" in device.traceroute("198.18.10.1", source="203.0.113.99")["error"]
    assert "error" in device.traceroute("no.such.host.invalid")


def test_compliance_of_what_the_switch_does(device: ConnetOSDriver) -> None:
    wanted = [
        {"get_ntp_servers": {"198.18.10.1": {}}},
        {"get_arp_table": {"list": [{"ip": "198.18.10.1", "interface": "vlan10"}]}},
        {
            "ping": {
                "_name": "h1",
                "_kwargs": {"destination": "198.18.10.1", "count": 1},
                "success": {"packet_loss": 0},
            }
        },
    ]
    report = device.compliance_report(validation_source=wanted)
    assert report["complies"], report
